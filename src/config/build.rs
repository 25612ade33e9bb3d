//! A study made in code: of two models that ship, with the defaults and the checks that a file has.

use super::{Config, ConfigError, DURATION, read};
use crate::model::{Kind, usual};

impl Config {
    /// The study of a plant and a controller that ship, by their names, with every default: its one scenario starts where the plant's model does.
    ///
    /// # Errors
    ///
    /// When nothing that ships has such a name, or the two need more than defaults: values to connect, or a cost.
    pub fn of(plant: &str, controller: &str) -> Result<Self, ConfigError> {
        read::of(plant, controller)
    }

    /// The study of the usual plant under the usual controller.
    ///
    /// # Panics
    ///
    /// Never: the models that ship have valid defaults.
    #[must_use]
    pub fn usual() -> Self {
        let [plant, controller] = Kind::ALL.map(usual);
        Self::of(plant, controller).expect("what ships has valid defaults")
    }

    /// Simulations of `duration` in s.
    ///
    /// # Errors
    ///
    /// When it is out of its range or not a whole number of steps.
    pub fn lasting(mut self, duration: f64) -> Result<Self, ConfigError> {
        self.simulation.duration = duration;
        if !DURATION.allows(duration) {
            let allowed = format!("allowed: {}", DURATION.allowed());
            return Err(self.refused(format!("lasts {duration} s"), allowed));
        }
        match self.simulation.whole_steps() {
            Ok(()) => Ok(self),
            Err(found) => Err(self.refused(format!("simulation.duration {}", found.problem), found.remedy)),
        }
    }

    /// Scenarios that start at `state`, a number for each state of the plant in its unit.
    ///
    /// # Errors
    ///
    /// When there are more or fewer numbers, one is out of its range, or a simulation has failed there.
    pub fn starting(mut self, state: &[f64]) -> Result<Self, ConfigError> {
        let ranges = self.initial_state_ranges();
        if state.len() != ranges.len() {
            let names: Vec<&str> = ranges.iter().map(|range| range.name).collect();
            let allowed = format!("allowed: a number for each of {}", names.join(", "));
            return Err(self.refused(format!("starts at {} numbers", state.len()), allowed));
        }
        let outside = ranges.iter().zip(state).find(|(range, value)| !range.allows(**value));
        if let Some((range, value)) = outside {
            let allowed = format!("allowed: {}", range.allowed());
            return Err(self.refused(format!("starts at {} = {value}", range.name), allowed));
        }
        if let Some((name, value, fail)) = self.failing(state) {
            let problem = format!("starts where a simulation has failed: {name} = {value}");
            return Err(self.refused(problem, format!("allowed: what is not {fail}")));
        }
        for group in &mut self.scenarios {
            group.initial_state = state.iter().map(|value| [*value; 2]).collect();
        }
        Ok(self)
    }

    fn refused(&self, problem: String, remedy: String) -> ConfigError {
        ConfigError { path: self.study.clone().into(), line: None, problem, remedy }
    }
}
