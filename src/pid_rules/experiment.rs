//! What is to be known of a study's plant, from simulated experiments: the study with another law.
//!
//! **Step.** The law's output goes up by a step, and what happens is compared with what happens without it, so that a plant that is still on its
//! way at the start does no harm. From the response: K where it comes to rest, θ where the tangent of its steepest slope begins, θ + τ where it
//! has done 63 % (Åström & Hägglund, Advanced PID Control (2006), section 2.7). What goes on evenly is integrating.
//!
//! **Ultimate gain and period.** Proportional control with a small gain has a gain margin, which is the factor to the ultimate gain; the
//! eigenvalues there tell the period. Where the certificate cannot tell, a relay makes the loop oscillate: Ku = 4 d/(π a) with the
//! relay's amplitude d and that of the oscillation a (Åström & Hägglund 1984, doi:10.1016/0005-1098(84)90014-1).

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::{Known, Step, Ultimate};
use crate::Error;
use crate::config::{Config, ControllerConfig, Equations, STEPS_MAX};
use crate::model::{self, Model};
use crate::problem::{self, Problem};
use crate::sampling::Group;
use crate::simulation::SimdLevel;
use crate::stability::{Certificate, Verdict, Wanted};

/// A plant has come to rest, or goes on evenly, where it differs from that by no more than this share of its way in the second half.
const EVEN: f64 = 0.005;
/// An experiment lasts at most so many times as long as a simulation of the study, in doublings.
const DOUBLINGS: u32 = 8;
/// What goes on evenly has to do so over so many doublings, or it has only begun.
const EVEN_DOUBLINGS: u32 = 3;
/// Rows of a response at most.
const ROWS: u64 = 100_000;
/// The gain of the loop of which the margin is taken.
const SMALL: f64 = 1e-3;
/// An ultimate period of fewer control periods than this comes from the sampling.
const PERIODS_MIN: f64 = 20.0;
/// A relay has to switch so often.
const SWITCHES: usize = 12;
/// How many steps the limit of an input has.
const STEPS_TO_LIMIT: f64 = 10.0;

/// What experiments have told of a plant.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What rules need.
    pub known: Known,
    /// The law's output without the step, and the step.
    pub output: [f64; 2],
    /// What is measured, and what is driven.
    pub names: [String; 2],
    /// Why no step is known.
    pub no_step: Option<String>,
    /// Why no oscillation is known.
    pub no_ultimate: Option<String>,
    /// Whether the oscillation is that of a relay.
    pub is_relay: bool,
}

/// Why rules do not fit a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsuited {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl From<Error> for Unsuited {
    fn from(error: Error) -> Self {
        Self { problem: error.to_string(), remedy: "give the study a longer dt or fewer values".into() }
    }
}

/// Tells apart the plant of a study by a step of its input of a size: a tenth of its limit, or 1, where none is given.
///
/// # Errors
///
/// When the study's law has no published rules, or measures or drives more than one value.
pub fn experiment(config: &Config, size: Option<f64>, level: SimdLevel) -> Result<Experiment, Unsuited> {
    let bench = Bench::new(config, size, level)?;
    let mut found = Experiment {
        known: Known::default(),
        output: bench.output,
        names: bench.names.clone(),
        no_step: None,
        no_ultimate: None,
        is_relay: false,
    };
    match bench.step()? {
        Ok(step) => found.known.step = Some(step),
        Err(why) => found.no_step = Some(why),
    }
    match bench.ultimate(found.known.step) {
        Ok(ultimate) => found.known.ultimate = Some(ultimate),
        Err(Some(why)) => found.no_ultimate = Some(why),
        Err(None) => match bench.relay(found.known.step)? {
            Some(ultimate) => (found.known.ultimate, found.is_relay) = (Some(ultimate), true),
            None => found.no_ultimate = Some("the loop does not oscillate evenly under a relay".into()),
        },
    }
    Ok(found)
}

/// A study whose law can be taken out.
struct Bench<'a> {
    config: &'a Config,
    level: SimdLevel,
    output: [f64; 2],
    names: [String; 2],
    /// The value of the law that drives the plant.
    source: String,
}

/// The values that a law of an experiment is given.
#[derive(Debug, Clone, Copy)]
struct Given {
    rest: f64,
    change: f64,
    feedback: f64,
    start: f64,
}

/// A law: proportional control about an output and a measured value.
const PROPORTIONAL: &str =
    "experiment_rest + experiment_change + experiment_feedback*(experiment_start - experiment_value)";
/// A law: a relay without hysteresis, that stays where it is at 0.
const RELAY: &str = "experiment_rest + experiment_change + experiment_feedback*experiment_side\n\
    experiment_side = if experiment_start > experiment_value then 1 else if experiment_start < experiment_value then -1 else experiment_before\n\
    experiment_before+ = experiment_side";

impl<'a> Bench<'a> {
    fn new(config: &'a Config, size: Option<f64>, level: SimdLevel) -> Result<Self, Unsuited> {
        let (law, wiring) = (&config.controller, &config.wiring);
        let unsuited = |problem: String| {
            Unsuited {
            problem,
            remedy:
                "allowed: a law with one measured value, one driven input and a [rules] table, as those of P, PI and PID that ship"
                    .into(),
        }
        };
        let Some(rules) = &law.of.model.declared.rules else {
            return Err(unsuited(format!("its law {} has no [rules] table", law.name())));
        };
        let measured: Vec<&String> =
            wiring.measured.values().filter(|value| wiring.signal(value).is_none()).collect();
        let [measured] = measured[..] else {
            return Err(unsuited(format!(
                "its law {} measures {} values of the plant",
                law.name(),
                measured.len()
            )));
        };
        let Some((driven, source)) = wiring.drive.iter().next().filter(|_| wiring.drive.len() == 1) else {
            return Err(unsuited(format!("its law {} drives {} inputs", law.name(), wiring.drive.len())));
        };
        let known: Vec<(&str, f64)> =
            law.parameters().iter().map(|gain| gain.name).zip(law.values.iter().copied()).collect();
        let inputs = &config.plant.of.model.declared.inputs;
        let limit = inputs.iter().find(|input| input.quantity.name == *driven).and_then(|input| input.limit);
        Ok(Self {
            config,
            level,
            output: [
                model::value(&rules.at_rest, &known).unwrap_or(0.0),
                size.unwrap_or(limit.map_or(1.0, |limit| limit / STEPS_TO_LIMIT)),
            ],
            names: [measured.clone(), driven.clone()],
            source: source.clone(),
        })
    }

    /// The study with another law, for a duration.
    fn study(&self, output: &str, duration: f64) -> Result<Config, Unsuited> {
        let mut text = String::from("kind = \"controller\"\nequations = \"\"\"\n");
        let source = &self.source;
        let has_memory = output.contains("experiment_before");
        let _ = write!(
            text,
            "{source} = {output}\nexperiment_seen = experiment_value\n\"\"\"\n[inputs]\nexperiment_value = {{}}\n[gains]\n\
             experiment_rest = {{ default = 0.0 }}\nexperiment_change = {{ default = 0.0 }}\n\
             experiment_feedback = {{ default = 0.0 }}\nexperiment_start = {{ default = 0.0 }}\n\
             [outputs]\n{source} = {{}}\nexperiment_seen = {{}}\n{}",
            if has_memory { "[states]\nexperiment_before = { initial = 1.0 }\n" } else { "" }
        );
        let law = Model::parse(Path::new("experiment"), &text)
            .map_err(|error| Unsuited { problem: error.problem, remedy: error.remedy })?;
        let mut study = self.config.clone();
        let disturbances = study.wiring.signals.iter().filter(|signal| signal.is_disturbance);
        study.wiring.signals = disturbances.copied().collect();
        study.wiring.measured = BTreeMap::from([("experiment_value".into(), self.names[0].clone())]);
        let group = &study.scenarios[0];
        let quiet = |list: &[f64]| vec![0.0; list.len()];
        study.scenarios = vec![Group {
            count: 1,
            uncertainty: quiet(&group.uncertainty),
            noise: quiet(&group.noise),
            quantisation: quiet(&group.quantisation),
            signals: vec![Vec::new(); study.wiring.signals.len()],
            ..group.clone()
        }];
        study.controller =
            ControllerConfig { values: vec![0.0; 4], of: Arc::new(Equations::new("experiment", law)) };
        study.plant.tuned = Vec::new();
        (study.validation, study.cost, study.limits) = (Vec::new(), Vec::new(), Vec::new());
        (study.responses, study.tune, study.constraints) = (Vec::new(), Vec::new(), Vec::new());
        study.followers = Vec::new();
        study.simulation.fail = None;
        study.simulation.duration = duration;
        study.require_certificate = false;
        study.certificate_limits = Default::default();
        match study.misfit() {
            None => Ok(study),
            Some(found) => Err(Unsuited { problem: found.problem, remedy: found.remedy }),
        }
    }

    /// What is measured at each sampled time; nothing where it does not stay finite.
    fn record(&self, study: &Config, problem: &Problem, given: Given) -> Result<Option<Vec<f64>>, Unsuited> {
        let steps = study.simulation.steps();
        let values = [given.rest, given.change, given.feedback, given.start];
        let stride = usize::try_from(Self::stride(steps)).unwrap_or(usize::MAX);
        let (record, trajectory) =
            problem.simulator.record(self.level, &values, &problem.scenarios[0], stride)?;
        let columns = study.columns();
        let place = columns.iter().position(|column| column.quantity.name == "experiment_seen");
        let place = 1 + place.unwrap_or_default();
        let seen: Vec<f64> = trajectory.rows().map(|row| row[place]).collect();
        let is_whole = record.steps == steps && seen.iter().all(|value| value.is_finite());
        Ok(is_whole.then_some(seen))
    }

    fn stride(steps: u64) -> u64 {
        steps.div_ceil(ROWS).max(1)
    }

    fn period(&self, steps: u64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
        let stride = Self::stride(steps) as f64;
        self.config.simulation.dt * stride
    }

    /// Lengths of an experiment in s, each twice the one before.
    fn durations(&self) -> impl Iterator<Item = f64> {
        let (dt, steps) = (self.config.simulation.dt, self.config.simulation.steps());
        let all = (0..=DOUBLINGS).map(move |doubling| steps.saturating_mul(1 << doubling));
        #[allow(clippy::cast_precision_loss, reason = "bounded by STEPS_MAX")]
        all.take_while(|steps| *steps <= STEPS_MAX).map(move |steps| steps as f64 * dt)
    }

    /// What a step of the input tells, or why nothing.
    fn step(&self) -> Result<Result<Step, String>, Unsuited> {
        let [rest, change] = self.output;
        let given = |change: f64| Given { rest, change, feedback: 0.0, start: 0.0 };
        let mut even = 0;
        for duration in self.durations() {
            let study = self.study(PROPORTIONAL, duration)?;
            let problem = Problem::new(&study);
            let both =
                (self.record(&study, &problem, given(0.0))?, self.record(&study, &problem, given(change))?);
            let (Some(without), Some(with)) = both else {
                return Ok(Err(
                    "the plant does not stay finite after a step of its input: it is unstable".into()
                ));
            };
            let response: Vec<f64> =
                with.iter().zip(&without).map(|(with, without)| (with - without) / change).collect();
            let period = self.period(study.simulation.steps());
            if response.iter().all(|value| *value == 0.0) {
                continue;
            }
            if let Some(step) = at_rest(&response, period) {
                return Ok(Ok(step));
            }
            let integrating = going_on(&response, period);
            even = if integrating.is_some() { even + 1 } else { 0 };
            if let Some(step) = integrating.filter(|_| even > EVEN_DOUBLINGS) {
                return Ok(Ok(step));
            }
        }
        Ok(Err("the plant neither comes to rest nor goes on evenly after a step of its input".into()))
    }

    /// A gain of the loop that is small, with the sign that makes it negative feedback.
    fn small_gain(&self, step: Option<Step>) -> Option<f64> {
        Some(match step? {
            Step::FirstOrder { gain, .. } => SMALL / gain,
            Step::Integrating { gain, .. } => SMALL / (gain * self.config.simulation.duration),
        })
    }

    /// The oscillation at the border of stability; `Err(None)` where the certificate does not know.
    fn ultimate(&self, step: Option<Step>) -> Result<Ultimate, Option<String>> {
        let small = self.small_gain(step).ok_or(Some("no step is known, and so no small gain".to_owned()))?;
        let study = self.study(PROPORTIONAL, self.config.simulation.duration).map_err(|_| None)?;
        let begin = self.config.simulation.dt;
        let first = Config {
            simulation: crate::config::SimulationConfig { duration: begin, ..study.simulation.clone() },
            ..study.clone()
        };
        let rest = Given { rest: self.output[0], change: 0.0, feedback: 0.0, start: 0.0 };
        let start = self
            .record(&first, &Problem::new(&first), rest)
            .ok()
            .flatten()
            .and_then(|seen| seen.first().copied())
            .ok_or(None)?;
        let certify = problem::certifier_of(&study, Wanted { margins: true, period: 0.0 });
        let at = |gain: f64| certify(&[self.output[0], 0.0, gain, start]);
        let Certificate { verdict: Verdict::Stable, margins: Some(margins), .. } = at(small) else {
            return Err(None);
        };
        if !margins.gain.is_finite() {
            return Err(Some("no proportional gain makes the loop unstable".into()));
        }
        let gain = small * margins.gain;
        let omega = at(gain).eigenvalues.first().map_or(0.0, |fastest| fastest.im.abs());
        let period = TAU / omega;
        if !period.is_finite() {
            return Err(Some("the loop does not oscillate at the border of stability".into()));
        }
        let periods = period / self.config.simulation.dt;
        if periods < PERIODS_MIN {
            return Err(Some(format!(
                "it has {periods:.1} control periods: this border comes from the sampling, not from the plant"
            )));
        }
        Ok(Ultimate { gain, period })
    }

    /// The oscillation under a relay; nothing where it is not even.
    fn relay(&self, step: Option<Step>) -> Result<Option<Ultimate>, Unsuited> {
        let Some(small) = self.small_gain(step) else { return Ok(None) };
        let [rest, change] = self.output;
        let feedback = change.abs() * small.signum();
        let mut start = 0.0;
        for duration in self.durations() {
            let study = self.study(RELAY, duration)?;
            let problem = Problem::new(&study);
            if let Some(seen) =
                self.record(&study, &problem, Given { rest, change: 0.0, feedback: 0.0, start })?
            {
                start = seen.first().copied().unwrap_or(0.0);
            }
            let given = Given { rest, change: 0.0, feedback, start };
            let Some(seen) = self.record(&study, &problem, given)? else { return Ok(None) };
            if let Some((period, amplitude)) =
                oscillation(&seen, start, self.period(study.simulation.steps()))
            {
                let gain = small.signum() * 4.0 * change.abs() / (PI * amplitude);
                return Ok(Some(Ultimate { gain, period }));
            }
        }
        Ok(None)
    }
}

/// The time at which the tangent of the steepest slope begins, in samples; `way` is the sign of the response.
#[allow(clippy::cast_precision_loss, reason = "bounded by ROWS")]
fn dead_time(response: &[f64], way: f64) -> f64 {
    let slope = |place: usize| way * (response[place + 1] - response[place]);
    let steepest = (0..response.len() - 1).max_by(|a, b| slope(*a).total_cmp(&slope(*b))).unwrap_or_default();
    let middle = 0.5 * (response[steepest] + response[steepest + 1]);
    (steepest as f64 + 0.5 - middle / (way * slope(steepest))).max(0.0)
}

/// The response of a plant that comes to rest.
#[allow(clippy::cast_precision_loss, reason = "bounded by ROWS")]
fn at_rest(response: &[f64], period: f64) -> Option<Step> {
    let gain = *response.last()?;
    let largest = response.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let half = &response[response.len() / 2..];
    if gain == 0.0 || half.iter().any(|value| (value - gain).abs() > EVEN * largest) {
        return None;
    }
    let way = gain.signum();
    let level = (1.0 - (-1.0_f64).exp()) * gain;
    let after = response.iter().position(|value| way * value >= way * level)?;
    let there = match after.checked_sub(1) {
        Some(before) => {
            let [from, to] = [response[before], response[after]];
            before as f64 + (level - from) / (to - from)
        }
        None => 0.0,
    };
    let dead_time = dead_time(response, way);
    // What is at rest after a sample has no time constant that could be told.
    let time_constant = (there - dead_time) * period;
    (there > dead_time).then_some(Step::FirstOrder { gain, time_constant, dead_time: dead_time * period })
}

/// The response of a plant that goes on evenly.
#[allow(clippy::cast_precision_loss, reason = "bounded by ROWS")]
fn going_on(response: &[f64], period: f64) -> Option<Step> {
    let last = response.len() - 1;
    let quarter = last / 4;
    if quarter == 0 {
        return None;
    }
    let slope = |end: usize| (response[end] - response[end - quarter]) / (quarter as f64 * period);
    let (before, gain) = (slope(last - quarter), slope(last));
    if gain == 0.0 || (before - gain).abs() > EVEN * gain.abs() {
        return None;
    }
    let dead_time = last as f64 * period - response[last] / gain;
    Some(Step::Integrating { gain, dead_time: dead_time.max(0.0) })
}

/// The period and the amplitude of what oscillates evenly about a level.
#[allow(clippy::cast_precision_loss, reason = "bounded by ROWS")]
fn oscillation(seen: &[f64], level: f64, period: f64) -> Option<(f64, f64)> {
    let ups: Vec<usize> =
        (1..seen.len()).filter(|place| seen[place - 1] <= level && seen[*place] > level).collect();
    let [.., first, second, third] = ups[..] else { return None };
    let (before, cycle) = ((second - first) as f64, (third - second) as f64);
    if 2 * ups.len() < SWITCHES || (before - cycle).abs() > 0.02 * cycle + 1.0 {
        return None;
    }
    let one = &seen[second..third];
    let most = one.iter().fold(f64::NEG_INFINITY, |most, value| most.max(*value));
    let least = one.iter().fold(f64::INFINITY, |least, value| least.min(*value));
    Some((cycle * period, 0.5 * (most - least)))
}
