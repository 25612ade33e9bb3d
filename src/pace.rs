//! How long a tuning will take, from how long its control steps take on this machine.
//!
//! A step is timed by the processor time of the threads that do it, so that what else runs on the machine does not count. What is foreseen
//! is the time on a machine that has nothing else to do, as a range: from the shortest of several measurements to the longest, and from the
//! fewest steps to all. Gains fall early at first, and some are not simulated at all: in tunings of the shipped studies, N gain
//! vectors took no less than the share N/(N + 500) of all steps, and three quarters of many.

#![allow(clippy::cast_precision_loss, reason = "an estimate")]

use crate::Error;
use crate::config::Config;
use crate::engine::{Resources, Solo};
use crate::problem::Problem;
use crate::simulation::{Scenario, SimdLevel};

/// How long a measurement takes, in s, and how many there are a thread.
const MOMENT_S: f64 = 0.01;
const MOMENTS: usize = 5;
/// Steps of a simulation that is measured, at most.
const STEPS: u64 = 2000;
/// See the module.
const EARLY: f64 = 500.0;
const FEWEST: f64 = 0.75;

/// The shortest and the longest time that a control step takes, in s, where all threads share the work.
///
/// # Errors
///
/// When memory cannot be reserved.
///
/// # Panics
///
/// When the measurement does.
pub fn seconds_a_step(config: &Config, resources: Resources) -> Result<[f64; 2], Error> {
    let mut config = config.clone();
    config.simulation.duration = config.simulation.steps().min(STEPS) as f64 * config.simulation.dt;
    let whole = Problem::new(&config);
    let level = resources.level;
    // A bundle is enough, of as many scenarios as there are lanes at most.
    let scenarios: Vec<Scenario> = whole.scenarios.into_iter().take(whole.simulator.lanes(level)).collect();
    let weights = vec![1.0; scenarios.len()];
    let problem = Problem { scenarios, weights, ..whole };
    // More threads than cores do not add speed.
    let threads = resources.threads.min(Resources::default().threads).max(1);
    // On all threads at once, as in a tuning: some cores share their arithmetic units.
    let moments: Vec<Result<Vec<f64>, Error>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| moments(&problem, level))).collect();
        workers.into_iter().map(|worker| worker.join().expect("the measurement")).collect()
    });
    let mut range = [f64::INFINITY, 0.0_f64];
    for worker in moments {
        for seconds in worker? {
            range = [range[0].min(seconds), range[1].max(seconds)];
        }
    }
    Ok(range.map(|seconds| seconds / threads as f64))
}

/// Processor time a control step, in s, several times.
fn moments(problem: &Problem, level: SimdLevel) -> Result<Vec<f64>, Error> {
    let vectors = problem.simulator.lanes(level).div_ceil(problem.scenarios.len());
    let mut solo = Solo::new(problem, level, &vec![problem.values.clone(); vectors])?;
    // The first run is slower.
    solo.run();
    let moment = |_| {
        let (start, mut steps) = (thread_seconds(), 0);
        loop {
            solo.run();
            steps += solo.steps();
            let spent = thread_seconds() - start;
            if spent >= MOMENT_S {
                return spent / steps as f64;
            }
        }
    };
    Ok((0..MOMENTS).map(moment).collect())
}

/// The shortest and the longest time for `left` of `vectors` gain vectors in some scenarios of so many steps.
#[must_use]
pub fn foreseen(left: u64, vectors: u64, steps_a_vector: f64, seconds_a_step: [f64; 2]) -> [f64; 2] {
    let fewest = (vectors as f64 / (vectors as f64 + EARLY)).min(FEWEST);
    let all = left as f64 * steps_a_vector;
    [fewest * all * seconds_a_step[0], all * seconds_a_step[1]]
}

/// The processor time that this thread has taken, in s; the wall time where the system does not measure it.
#[cfg(unix)]
fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

#[cfg(not(unix))]
fn thread_seconds() -> f64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
