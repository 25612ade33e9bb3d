//! What a controller knows of its nominal plant, and how a value that is made of the plant's states moves with it.

use super::Misread;
use super::lower::Lowering;
use super::parse::Item;
use crate::graph::{Graph, Id, Symbol};

/// What a controller knows of its nominal plant: its states by name, and how they move.
#[derive(Debug, Clone)]
pub struct PlantView {
    /// The states with their symbols, and the node that a controller sees of each.
    pub states: Vec<(String, Symbol, Id)>,
    /// The place of the state that is the rate of each.
    pub rates: Vec<Option<usize>>,
    /// The derivative of each state without control.
    pub drift: Vec<Id>,
    /// How the derivative of each state grows with the control.
    pub input: Vec<Id>,
    /// How many inputs of it are driven; the first of them is the control.
    pub controls: usize,
    /// Whether it grows evenly, so that drift and input tell all.
    pub is_affine: bool,
}

impl Lowering<'_> {
    /// What a controller sees of a state of its plant, or of the rate of one.
    pub(super) fn seen_of_plant(&self, name: &str, primes: u8) -> Option<Id> {
        let plant = self.plant?;
        let place = plant.states.iter().position(|(state, ..)| state == name)?;
        let place = if primes == 1 { plant.rates[place]? } else { place };
        (primes < 2).then(|| plant.states[place].2)
    }

    /// The plant that a function asks about.
    pub(super) fn plant_of(&self, item: &Item, name: &str) -> Result<&PlantView, Misread> {
        self.plant.ok_or_else(|| {
            let problem = format!("`{name}` stands where there is no plant");
            Misread::new(item.at, problem, "use it in a controller")
        })
    }

    /// How a value that depends on the plant's states moves along the nominal plant.
    pub(super) fn along_the_plant(
        &self,
        graph: &mut Graph,
        item: &Item,
        name: &str,
        value: Id,
    ) -> Result<Id, Misread> {
        let plant = self.plant_of(item, name)?;
        let along = |graph: &mut Graph, motion: &[Id]| {
            let mut sum = graph.number(0.0);
            for ((_, symbol, _), rate) in plant.states.iter().zip(motion) {
                if graph.is_full() {
                    break;
                }
                let slope = graph.derivative(value, *symbol);
                let part = graph.mul(slope, *rate);
                sum = graph.add(sum, part);
            }
            sum
        };
        Ok(match name {
            "lie_drift" => along(graph, &plant.drift),
            "lie_input" => along(graph, &plant.input),
            _ => {
                let (drift, input) = (along(graph, &plant.drift), along(graph, &plant.input));
                let quotient = graph.div(drift, input);
                graph.neg(quotient)
            }
        })
    }
}
