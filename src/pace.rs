//! How long a tuning will take, from how long its control steps and its certificates take on this machine.
//!
//! Both are timed by the processor time of the threads that do them, so that what else runs on the machine does not count; steps with as
//! many simulations side by side as a generation gives a thread, since a step of a few takes about as long as one of many. What is foreseen
//! is the time on a machine that has nothing else to do, as a range: from the shortest of several measurements to the longest, and from the
//! fewest steps to all. Gains fall early at first, and some are not simulated at all: in tunings of the shipped studies, N gain
//! vectors took no less than the share N/(N + 500) of all steps, and three quarters of many.

#![allow(clippy::cast_precision_loss, reason = "an estimate")]

use crate::Error;
use crate::config::Config;
use crate::engine::{Resources, Solo};
use crate::problem::{LongerSteps, Problem};
use crate::simulation::{Scenario, SimdLevel};

/// How long a measurement takes, in s, and how many there are a thread.
const MOMENT_S: f64 = 0.01;
const MOMENTS: usize = 5;
/// Steps of a simulation that is measured, at most, and those with which it begins.
const STEPS: u64 = 2000;
const STEPS_FIRST: u64 = 50;
/// See the module.
const EARLY: f64 = 500.0;
const FEWEST: f64 = 0.75;

/// What a tuning takes besides, from reading the study to the last file on the disk, in s: those that ship took so long with two gain vectors.
const AROUND_S: [f64; 2] = [0.02, 0.2];

/// What the parts of a tuning take, in s: the shortest of several measurements, and the longest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// A control step of a simulation, where all threads share the work.
    pub step: [f64; 2],
    /// The certificate of a gain vector, where the study asks for one before it is simulated.
    pub certificate: [f64; 2],
}

/// How many simulations a generation gives each of so many threads, side by side.
fn side_by_side(config: &Config, lanes: usize, threads: usize) -> usize {
    let simulations = config.swarm.settings.particles.saturating_mul(config.scenario_count());
    simulations.div_ceil(threads.max(1)).clamp(1, lanes)
}

/// What the parts of a study's tuning take.
///
/// # Errors
///
/// When memory cannot be reserved.
///
/// # Panics
///
/// When the measurement does.
pub fn measured(config: &Config, resources: Resources) -> Result<Pace, Error> {
    let threads = cores(resources);
    let lanes = Problem::new(config).simulator.lanes(resources.level);
    let (step, problem) = step(config, resources, side_by_side(config, lanes, threads))?;
    let certificate = problem.required_certificate.as_ref().map_or([0.0; 2], |certify| {
        range(&moments_of(|| {
            certify(&problem.values);
            1
        }))
    });
    Ok(Pace { step: step.map(|seconds| seconds / threads as f64), certificate })
}

/// What a block of simulations side by side takes on one core, in s: as many as a core takes at a time, or all of a generation.
///
/// # Errors
///
/// As [`measured`].
///
/// # Panics
///
/// As [`measured`].
pub fn block(config: &Config, resources: Resources) -> Result<f64, Error> {
    let lanes = Problem::new(config).simulator.lanes(resources.level);
    let together = side_by_side(config, lanes, 1);
    let ([shortest, _], _) = step(config, resources, together)?;
    Ok(shortest * together as f64 * config.simulation.steps() as f64)
}

/// More threads than cores do not add speed.
fn cores(resources: Resources) -> usize {
    resources.threads.min(Resources::default().threads).max(1)
}

/// Processor time of a control step of one of so many simulations side by side, and the problem on which it was measured.
fn step(config: &Config, resources: Resources, lanes: usize) -> Result<([f64; 2], Problem), Error> {
    let level = resources.level;
    let mut config = config.clone();
    let steps = config.simulation.steps();
    // Where a few steps take long enough, as those of an FMU do, more of them say nothing new.
    for tried in [STEPS_FIRST, STEPS] {
        config.simulation.duration = steps.min(tried) as f64 * config.simulation.dt;
        let whole = Problem::new(&config);
        let scenarios: Vec<Scenario> = whole.scenarios.into_iter().take(lanes).collect();
        let weights = vec![1.0; scenarios.len()];
        let problem = Problem { scenarios, weights, coarser: LongerSteps::default(), ..whole };
        let start = thread_seconds();
        steps_of(&problem, level, lanes)?.run();
        if tried < STEPS && tried < steps && thread_seconds() - start < MOMENT_S {
            continue;
        }
        // On all threads at once, as in a tuning: some cores share their arithmetic units.
        let moments: Vec<Result<Vec<f64>, Error>> = std::thread::scope(|scope| {
            let worker = || scope.spawn(|| moments_of_steps(&problem, level, lanes));
            let workers: Vec<_> = (0..cores(resources)).map(|_| worker()).collect();
            workers.into_iter().map(|worker| worker.join().expect("the measurement")).collect()
        });
        let moments: Vec<f64> =
            moments.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        return Ok((range(&moments), problem));
    }
    unreachable!("the last is measured")
}

/// The least and the largest of some numbers.
fn range(numbers: &[f64]) -> [f64; 2] {
    [numbers.iter().copied().fold(f64::INFINITY, f64::min), numbers.iter().copied().fold(0.0, f64::max)]
}

/// So many simulations side by side.
fn steps_of(problem: &Problem, level: SimdLevel, lanes: usize) -> Result<Solo<'_>, Error> {
    let vectors = lanes.div_ceil(problem.scenarios.len());
    Solo::new(problem, level, &vec![problem.values.clone(); vectors])?.only(lanes)
}

/// Processor time a control step, in s, several times.
fn moments_of_steps(problem: &Problem, level: SimdLevel, lanes: usize) -> Result<Vec<f64>, Error> {
    let mut solo = steps_of(problem, level, lanes)?;
    // The first run is slower.
    solo.run();
    Ok(moments_of(|| {
        solo.run();
        solo.steps()
    }))
}

/// Processor time of what is done, in s, several times; `work` says how often it did it.
fn moments_of(mut work: impl FnMut() -> u64) -> Vec<f64> {
    let moment = |_| {
        let (start, mut done) = (thread_seconds(), 0);
        loop {
            done += work();
            let spent = thread_seconds() - start;
            if spent >= MOMENT_S {
                return spent / done as f64;
            }
        }
    };
    (0..MOMENTS).map(moment).collect()
}

/// The shortest and the longest time for `left` of `vectors` gain vectors in some scenarios of so many steps.
#[must_use]
pub fn foreseen(left: u64, vectors: u64, steps_a_vector: f64, pace: Pace) -> [f64; 2] {
    let fewest = (vectors as f64 / (vectors as f64 + EARLY)).min(FEWEST);
    if left == 0 {
        return [0.0; 2];
    }
    let all = left as f64 * steps_a_vector;
    let simulated = [fewest * all * pace.step[0], all * pace.step[1]];
    let certified = [fewest * left as f64 * pace.certificate[0], left as f64 * pace.certificate[1]];
    [0, 1].map(|end| simulated[end] + certified[end] + AROUND_S[end])
}

/// The processor time that this thread has taken, in s; the wall time where the system does not measure it.
#[cfg(unix)]
pub(crate) fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

#[cfg(not(unix))]
pub(crate) fn thread_seconds() -> f64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_vector_takes_its_certificate_and_its_steps_and_a_generation_fills_lanes_as_it_can() {
        let pace = Pace { step: [1e-6, 2e-6], certificate: [1e-3, 3e-3] };
        let [least, most] = foreseen(1500, 1500, 1000.0, pace);
        // Three quarters of 1500·(1000·1e-6 + 1e-3), and all of 1500·(1000·2e-6 + 3e-3), with what is around.
        assert!((least - AROUND_S[0] - 2.25).abs() < 1e-12 && (most - AROUND_S[1] - 7.5).abs() < 1e-12);
        assert!(foreseen(0, 1500, 1000.0, pace).iter().all(|seconds| *seconds == 0.0));
        let config = Config::of("double_inverted_pendulum", "classical").expect("a study");
        let simulations = config.swarm.settings.particles * config.scenario_count();
        assert_eq!([1, 2].map(|lanes| side_by_side(&config, lanes, 1)), [1, 2.min(simulations)]);
        assert_eq!(side_by_side(&config, 1000, 2), simulations.div_ceil(2));
    }
}
