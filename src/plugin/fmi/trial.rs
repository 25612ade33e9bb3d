//! An FMU on trial, on a thread of its own and within a time: it is used once it does the same again, beside another instance too.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::described::Described;
use super::unit::{Binary, Failed, Instance};
use super::{Parts, TO_DOCS};
use crate::plugin::{Quantity, Refused, load, trial};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Steps of an instance.
const STEPS: usize = 3;

/// Loads the binary of an FMU and tries it; gives with it how long a step takes, in s.
pub(super) fn load(
    path: PathBuf,
    resources: String,
    of: Described,
    directory: TempDir,
) -> Result<(Parts, f64), Refused> {
    let (sender, receiver) = sync_channel(1);
    let trial = move || {
        let result = load::library(&path).and_then(|library| {
            if trial::rounds_otherwise() {
                return Err(trial::changes_rounding());
            }
            let binary = Arc::new(Binary::new(library, &of.guid, &resources)?);
            let (resets, seconds) = tried(&of, &binary)?;
            if trial::rounds_otherwise() {
                return Err(trial::changes_rounding());
            }
            Ok((Parts { binary, of, resets, failure: OnceLock::new(), _directory: directory }, seconds))
        });
        // Nobody listens any more where it took too long.
        let _ = sender.send(result);
    };
    let builder = std::thread::Builder::new().name("trial of an FMU".into());
    builder.spawn(trial).map_err(|error| Refused::new(format!("cannot be tried: {error}"), TO_DOCS))?;
    match receiver.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(Refused::new(
            format!("is too slow: four simulations of {STEPS} steps have taken {} s", LIMIT.as_secs()),
            "tuning needs thousands of simulations; export a simpler model",
        )),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Refused::new("has ended the thread that tried it", TO_DOCS))
        }
    }
}

/// Outputs at the start and after each step.
type Trace = Vec<Vec<u64>>;

/// Whether an instance that is set back is as good as a new one, and how long a step takes.
fn tried(of: &Described, binary: &Arc<Binary>) -> Result<(bool, f64), Refused> {
    let refuse = |failed: Failed| {
        let remedy = "see what it needs: its guid, its resources, and a step that it can do (stepSize of DefaultExperiment, 1 ms where it says none)";
        Refused::new(failed, remedy)
    };
    let mut first = One::new(of, binary, 0.0).map_err(refuse)?;
    let mut trace = vec![first.outputs().map_err(refuse)?];
    let mut seconds = f64::INFINITY;
    for k in 0..STEPS {
        let since = Instant::now();
        trace.push(first.step(k).map_err(refuse)?);
        seconds = seconds.min(since.elapsed().as_secs_f64());
    }
    for (outputs, k) in trace.iter().zip(0..) {
        let numbers = outputs.iter().map(|bits| f64::from_bits(*bits));
        if let Some((number, quantity)) =
            numbers.zip(&of.description.outputs).find(|(number, _)| !number.is_finite())
        {
            let problem = format!(
                "its output `{}` is {number} after {k} steps, with what it starts from",
                quantity.name
            );
            return Err(Refused::new(problem, "see what it does with the start values that it declares"));
        }
    }
    if beside(of, binary).map_err(refuse)? != trace {
        return Err(Refused::new(
            "gives other results beside another instance, or the second time",
            "each lane is an instance: it may keep nothing outside an instance, and draw no random numbers",
        ));
    }
    let again = first.again().is_ok_and(|again| again == trace);
    Ok((again, seconds))
}

/// The trace of an instance, where another one with other inputs does its steps between.
fn beside(of: &Described, binary: &Arc<Binary>) -> Result<Trace, Failed> {
    let (mut one, mut other) = (One::new(of, binary, 0.0)?, One::new(of, binary, 1.0)?);
    let mut trace = vec![one.outputs()?];
    for k in 0..STEPS {
        // What becomes of the other one is not asked.
        let _ = other.step(k);
        trace.push(one.step(k)?);
    }
    Ok(trace)
}

/// An instance on trial.
struct One<'a> {
    of: &'a Described,
    instance: Instance,
    /// What is added to its inputs.
    aside: f64,
}

impl<'a> One<'a> {
    fn new(of: &'a Described, binary: &Arc<Binary>, aside: f64) -> Result<Self, Failed> {
        let mut one = Self { of, instance: Instance::new(binary)?, aside };
        one.begin()?;
        Ok(one)
    }

    fn begin(&mut self) -> Result<(), Failed> {
        let values: Vec<f64> = self.of.description.parameters.iter().map(|of| of.value).collect();
        self.instance.begin([&self.of.parameters, &[]], [&values, &[]])
    }

    fn outputs(&mut self) -> Result<Vec<u64>, Failed> {
        let mut outputs = vec![f64::NAN; self.of.outputs.len()];
        self.instance.get(&self.of.outputs, &mut outputs)?;
        Ok(outputs.into_iter().map(f64::to_bits).collect())
    }

    fn step(&mut self, k: usize) -> Result<Vec<u64>, Failed> {
        let usual = |of: &Quantity| if of.value.is_nan() { 0.0 } else { of.value };
        let inputs: Vec<f64> = self.of.description.inputs.iter().map(|of| usual(of) + self.aside).collect();
        self.instance.set(&self.of.inputs, &inputs)?;
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        self.instance.step(k as f64 * self.of.step, self.of.step)?;
        self.outputs()
    }

    /// The trace once it has been set back.
    fn again(&mut self) -> Result<Trace, Failed> {
        self.instance.reset()?;
        self.begin()?;
        let mut trace = vec![self.outputs()?];
        for k in 0..STEPS {
            trace.push(self.step(k)?);
        }
        Ok(trace)
    }
}
