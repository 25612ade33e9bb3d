//! Gains on scenarios that no tuning saw, alone or against others.

use std::ops::ControlFlow;
use std::path::Path;

use gainswarm::Error;
use gainswarm::config::Config;
use gainswarm::engine::Resources;
use gainswarm::report::Validation;
use gainswarm::validation::{self, Finding, Trial};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::conduct::{Link, conduct};
use crate::convert::object;
use crate::errors::raised;
use crate::tuning::array;

/// What is tried.
pub(crate) struct Trying<'a> {
    pub(crate) config: &'a Config,
    /// The value of each parameter of the controller.
    pub(crate) values: &'a [f64],
    /// Those of other gains that meet the same scenarios.
    pub(crate) against: Option<&'a [f64]>,
    /// Runs a set.
    pub(crate) samples: usize,
    pub(crate) seed: u64,
    pub(crate) resources: Resources,
}

impl Trying<'_> {
    /// Everything as JSON, and the cost of every run of each set, of these gains and of the others.
    pub(crate) fn told<'py>(
        &self,
        py: Python<'py>,
        files: [&Path; 2],
    ) -> PyResult<(Bound<'py, PyAny>, [Bound<'py, PyDict>; 2])> {
        let done = conduct(py, None, |link| {
            let others = self.against.map(|values| self.findings(link, values)).transpose()?;
            Ok((self.findings(link, self.values)?, others.unwrap_or_default()))
        })?;
        if let Some(stopped) = done.stopped {
            return Err(stopped);
        }
        let (findings, others) = done.result.map_err(|error| raised(py, error))?;
        let validation = Validation {
            config: self.config,
            seed: self.seed,
            values: self.values,
            files,
            findings: &findings,
            others: &others,
            pairings: validation::pairings(&findings, &others),
            differences: validation::differences(self.config, &findings, &others),
            missing: Vec::new(),
        };
        Ok((object(py, &validation.to_json())?, [costs(py, &findings)?, costs(py, &others)?]))
    }

    /// What gains come to on each set; fewer where it is to stop.
    fn findings(&self, link: &Link, values: &[f64]) -> Result<Vec<Finding>, Error> {
        let &Self { config, samples, seed, resources, .. } = self;
        let stop = || link.stops();
        let trial = Trial { config, resources, samples, seed, stop: &stop };
        let cost = validation::tuned_cost(config, resources, values)?;
        let mut findings = Vec::new();
        for set in validation::sets(config)? {
            match trial.run(&set, values, cost)? {
                ControlFlow::Continue(finding) => findings.push(finding),
                ControlFlow::Break(_) => break,
            }
        }
        Ok(findings)
    }
}

/// The cost of every run of each set; NaN of runs that did not survive.
fn costs<'py>(py: Python<'py>, findings: &[Finding]) -> PyResult<Bound<'py, PyDict>> {
    let costs = PyDict::new(py);
    for finding in findings {
        let cost = finding.records.iter().map(|run| if run.survived() { run.cost } else { f64::NAN });
        costs.set_item(&finding.set, array(py, cost.collect()))?;
    }
    Ok(costs)
}
