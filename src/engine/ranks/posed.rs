//! A problem as bytes, and back.

use std::path::Path;

use crate::Error;
use crate::archive::{self, Archive, Damage, Persist};
use crate::config::{Config, Coverage};
use crate::engine::Resources;
use crate::problem::Problem;
use crate::simulation::{Conditions, Scenario, Sensors, Terms};

/// What a rank is told at the beginning.
pub(in crate::engine) struct Posed {
    /// The program of the rank that asks.
    version: String,
    study: String,
    coverage: Coverage,
    scenarios: Vec<Scenario>,
    weights: Vec<f64>,
    pub(in crate::engine) resources: Resources,
    /// How many gain vectors are judged at a time, at most.
    pub(in crate::engine) vectors: usize,
    /// The terms to find.
    pub(in crate::engine) terms: Terms,
}

impl Posed {
    pub(in crate::engine) fn of(
        problem: &Problem,
        resources: Resources,
        vectors: usize,
        terms: Terms,
    ) -> Self {
        let (study, coverage) = problem.study.clone();
        let (scenarios, weights) = (problem.scenarios.clone(), problem.weights.clone());
        Self { version: VERSION.into(), study, coverage, scenarios, weights, resources, vectors, terms }
    }

    pub(in crate::engine) fn into_bytes(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        archive::save(&mut self, &mut bytes);
        bytes
    }

    pub(in crate::engine) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut posed = Self {
            version: String::new(),
            study: String::new(),
            coverage: Coverage::Tuning,
            scenarios: Vec::new(),
            weights: Vec::new(),
            resources: Resources::default(),
            vectors: 0,
            terms: Terms::Needed,
        };
        archive::restore(&mut posed, bytes)?;
        Ok(posed)
    }

    /// Whether both are of one study, so that one simulator serves both.
    pub(in crate::engine) fn has_the_study_of(&self, other: &Self) -> bool {
        self.study == other.study && self.coverage == other.coverage
    }

    /// Whether both are the same problem.
    pub(in crate::engine) fn is_of_the_problem_of(&self, other: &Self) -> bool {
        self.has_the_study_of(other) && self.scenarios == other.scenarios && self.weights == other.weights
    }

    /// The scenarios and their weights.
    pub(in crate::engine) fn cases(&self) -> (Vec<Scenario>, Vec<f64>) {
        (self.scenarios.clone(), self.weights.clone())
    }

    /// The problem that the rank that asks has.
    ///
    /// # Errors
    ///
    /// Why this rank cannot have the same.
    pub(in crate::engine) fn problem(&self) -> Result<Problem, String> {
        if self.version != VERSION {
            return Err(format!("it is gainswarm {VERSION}, and rank 0 is gainswarm {}", self.version));
        }
        let config = Config::parse(Path::new("the study"), &self.study).map_err(|error| error.to_string())?;
        if config.to_toml() != self.study {
            return Err("it reads another study than rank 0, as another build of gainswarm does".into());
        }
        let (scenarios, weights) = self.cases();
        Ok(Problem::covering(&config, self.coverage, scenarios, weights))
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Persist for Posed {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        text(archive, &mut self.version)?;
        text(archive, &mut self.study)?;
        let mut covers_all = self.coverage == Coverage::All;
        archive.flag(&mut covers_all)?;
        self.coverage = if covers_all { Coverage::All } else { Coverage::Tuning };
        list(archive, &mut self.scenarios, &Scenario::default(), scenario)?;
        numbers(archive, &mut self.weights)?;
        self.resources.pass(archive)?;
        archive.index(&mut self.vectors, usize::MAX)?;
        let mut all_terms = self.terms == Terms::All;
        archive.flag(&mut all_terms)?;
        self.terms = if all_terms { Terms::All } else { Terms::Needed };
        Ok(())
    }
}

fn scenario(archive: &mut Archive<'_>, scenario: &mut Scenario) -> Result<(), Damage> {
    let Scenario { initial_state, conditions } = scenario;
    let Conditions { signals, plant, sensors, actuator_lag, rate_limit, dead_time, control_period } =
        conditions;
    numbers(archive, initial_state)?;
    let mut pieces: Vec<Vec<(u64, f64)>> = signals.iter().map(|pieces| pieces.to_vec()).collect();
    list(archive, &mut pieces, &Vec::new(), |archive, pieces| {
        list(archive, pieces, &(0, 0.0), |archive, (step, value)| {
            archive.u64(step)?;
            archive.f64(value)
        })
    })?;
    *signals = pieces.into_iter().map(Into::into).collect();
    maybe(archive, plant, numbers)?;
    maybe(archive, sensors, |archive, sensors: &mut Sensors| {
        numbers(archive, &mut sensors.noise)?;
        numbers(archive, &mut sensors.quantum)?;
        list(archive, &mut sensors.offsets, &0, |archive, offset| archive.index(offset, usize::MAX))
    })?;
    archive.f64(actuator_lag)?;
    archive.f64(rate_limit)?;
    archive.index(dead_time, usize::MAX)?;
    archive.u64(control_period)
}

/// As many values as there are.
fn list<'a, T: Clone>(
    archive: &mut Archive<'a>,
    values: &mut Vec<T>,
    empty: &T,
    mut pass: impl FnMut(&mut Archive<'a>, &mut T) -> Result<(), Damage>,
) -> Result<(), Damage> {
    let mut length = values.len();
    archive.index(&mut length, usize::MAX)?;
    // What is restored grows with the bytes that there are.
    for place in 0..length {
        if place == values.len() {
            values.push(empty.clone());
        }
        pass(archive, &mut values[place])?;
    }
    Ok(())
}

fn numbers(archive: &mut Archive<'_>, values: &mut Vec<f64>) -> Result<(), Damage> {
    list(archive, values, &0.0, Archive::f64)
}

fn maybe<'a, T: Default>(
    archive: &mut Archive<'a>,
    value: &mut Option<T>,
    pass: impl FnOnce(&mut Archive<'a>, &mut T) -> Result<(), Damage>,
) -> Result<(), Damage> {
    let mut is_there = value.is_some();
    archive.flag(&mut is_there)?;
    if is_there { pass(archive, value.get_or_insert_default()) } else { Ok(()) }
}

fn text(archive: &mut Archive<'_>, text: &mut String) -> Result<(), Damage> {
    let mut bytes: Vec<u64> = text.bytes().map(u64::from).collect();
    list(archive, &mut bytes, &0, Archive::u64)?;
    let bytes: Option<Vec<u8>> = bytes.into_iter().map(|byte| u8::try_from(byte).ok()).collect();
    *text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Damage::Range)?;
    Ok(())
}
