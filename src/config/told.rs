//! Numbers that a law comes to by its gains and the nominal plant: the gains of a regulator by its weights.

use super::{Config, Coverage};
use crate::model::Unit;

/// A number that a law comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its name, such as `K_theta`.
    pub name: String,
    /// Its unit; `1` where it is not known.
    pub unit: String,
    /// Meaning, in a sentence without a full stop.
    pub doc: String,
    /// Whether it is the gain of a state of the plant.
    pub is_of_state: bool,
    /// The number; NaN where the law has none.
    pub value: f64,
}

impl Told {
    /// Whether it is the gain of a state, and there is none.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.is_of_state && self.value.is_nan()
    }
}

impl Config {
    /// The numbers that the controller comes to with these values of its parameters; none where its equations say all.
    #[must_use]
    pub fn told(&self, gains: &[f64]) -> Vec<Told> {
        if !self.controller.of.model.regulates() {
            return Vec::new();
        }
        // A config is checked when it is read.
        let Ok(closed_loop) = self.closed_loop(Coverage::Tuning) else { return Vec::new() };
        let numbers = closed_loop.told.numbers(gains);
        closed_loop.told.names.iter().zip(numbers).map(|(name, value)| self.meaning(name, value)).collect()
    }

    /// A number with unit and meaning, by its name: `K_` and a state of the plant, `K_reference`, `u_rest`.
    fn meaning(&self, name: &str, value: f64) -> Told {
        let plant = &self.plant.of.model.declared;
        let of = name.split_once('_').map_or("", |(_, of)| of);
        let state = plant.states.iter().find(|state| state.quantity.name == of);
        let driven = plant.inputs.iter().find(|input| self.wiring.drive.contains_key(&input.quantity.name));
        let units = state.and_then(|state| state.quantity.unit).zip(driven.and_then(|of| of.quantity.unit));
        let unit = units.map_or("1".into(), |(state, driven): (Unit, Unit)| driven.per(state).to_string());
        let doc = match state {
            Some(_) => format!("gain of {of} in -K x, by the weights"),
            None if name.starts_with('u') => "control that holds the plant at rest".to_owned(),
            None => "gain of the reference, by the weights".to_owned(),
        };
        Told { name: name.into(), unit, doc, is_of_state: state.is_some(), value }
    }
}
