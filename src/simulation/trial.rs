//! Machine code on trial: it is trusted once it has done what the program does.

use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use super::{Batch, Extent, Record, Records, Runner, Scenario, SimdLevel, Simulator, Terms, Workspace};
use crate::Error;
use crate::native::{Native, Refusal};

/// Steps that it has to do as the program does.
const STEPS: u64 = 2000;

impl Runner {
    /// Whether machine code gives the bits of the program for a gain vector in some of the scenarios, in every lane.
    pub(super) fn try_out(
        &self,
        level: SimdLevel,
        native: &Native,
        values: &[f64],
        scenarios: &[Scenario],
    ) -> Result<(), Refusal> {
        let mut trial = self.clone();
        trial.steps = self.steps.min(STEPS);
        trial.native = OnceLock::new();
        let scenarios = &scenarios[..scenarios.len().min(self.lanes(level))];
        let records =
            || trial.records(level, values, scenarios).map_err(|error| Refusal::Failed(error.to_string()));
        let expected = records()?;
        // It has none yet.
        let _ = trial.native.set(native.clone());
        if records()? == expected {
            return Ok(());
        }
        native.forget();
        Err(Refusal::Failed("what the compiler has made does not do what the program does".into()))
    }

    /// What a gain vector comes to in each scenario, as often as it takes to fill every lane, as bits.
    fn records(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenarios: &[Scenario],
    ) -> Result<Vec<Vec<u64>>, Error> {
        let lanes = self.lanes(level);
        let vectors = lanes.div_ceil(scenarios.len().max(1));
        let jobs = vectors * scenarios.len();
        let records = Records::new(jobs, self.closed_loop.layout.terms.len())?;
        let mut workspace = Workspace::reserve(self.workspace_bytes(level, Terms::Needed), lanes)?;
        let batch = Batch {
            values: &values.repeat(vectors),
            width: values.len(),
            scenarios,
            chosen: None,
            bounds: &vec![f64::INFINITY; vectors],
            reaches: &vec![1.0; scenarios.len()],
            terms: Terms::Needed,
            extent: Extent::Whole,
            queue: &AtomicUsize::new(0),
            end: jobs,
            records: &records,
        };
        self.run(level, &batch, &mut workspace);
        Ok((0..jobs).map(|job| words(&records.get(job))).collect())
    }
}

/// A record in words; any NaN is a NaN.
fn words(record: &Record) -> Vec<u64> {
    let bits = |number: f64| if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() };
    let head = [record.ending as u64, record.steps, bits(record.cost)];
    head.into_iter().chain(record.values.map(bits)).collect()
}
