//! How plant and controller of a study on models are joined: `[connect]`, and what is left over as a signal.

use std::collections::BTreeMap;

use super::{ConfigError, Equations};
use crate::model::{Declarations, Quantity};
use crate::text::{Section, kept, one_of};

/// An input of the plant that no controller drives, or a reference: scenarios say what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its value where a scenario says nothing; `None` where it must.
    pub default: Option<f64>,
    /// Whether it acts on the plant, and not on the controller alone.
    pub is_disturbance: bool,
}

/// What is joined to what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wiring {
    /// From inputs to what they are connected to, as the study says it.
    pub connect: BTreeMap<String, String>,
    /// From the plant's inputs to the values of the controller that drive them.
    pub drive: BTreeMap<String, String>,
    /// From the controller's inputs to values of the plant or signals.
    pub measured: BTreeMap<String, String>,
    /// What scenarios give.
    pub signals: Vec<Signal>,
}

impl Wiring {
    /// The place of a signal.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<usize> {
        self.signals.iter().position(|signal| signal.name == name)
    }

    /// The names of what drives the plant, as the plant calls it.
    #[must_use]
    pub fn driven(&self) -> Vec<&str> {
        self.drive.keys().map(String::as_str).collect()
    }
}

/// Joins what has the same name, and what `[connect]` says.
pub(super) fn read(
    section: &Section<'_>,
    plant: &Equations,
    controller: &Equations,
) -> Result<Wiring, ConfigError> {
    let mut wiring = Wiring::default();
    let inputs = |of: &Equations| -> Vec<String> {
        of.model.declared.inputs.iter().map(|input| input.quantity.name.clone()).collect()
    };
    let (of_plant, of_controller) = (inputs(plant), inputs(controller));
    for name in of_plant.iter().chain(&of_controller) {
        if let Some((to, _)) = section.text(name)? {
            wiring.connect.insert(name.clone(), to.to_owned());
        }
    }
    let joined = Joining { section, plant, controller, inputs: [of_plant, of_controller] };
    joined.outputs_to_plant(&mut wiring)?;
    joined.plant_to_controller(&mut wiring)?;
    if wiring.drive.is_empty() {
        let outputs: Vec<&str> =
            controller.model.declared.outputs.iter().map(|output| output.name.as_str()).collect();
        let remedy = format!(
            "say in [connect] which of its values drives which input, such as {} = \"{}\"",
            joined.inputs[0].first().map_or("u", String::as_str),
            outputs.first().copied().unwrap_or("u")
        );
        let problem = format!("joins no value of {} to an input of {}", controller.name, plant.name);
        return Err(section.error("", &problem, remedy));
    }
    Ok(wiring)
}

struct Joining<'a> {
    section: &'a Section<'a>,
    plant: &'a Equations,
    controller: &'a Equations,
    /// Of plant and controller.
    inputs: [Vec<String>; 2],
}

impl Joining<'_> {
    fn outputs_to_plant(&self, wiring: &mut Wiring) -> Result<(), ConfigError> {
        let values = self.controller.model.values();
        for input in &self.plant.model.declared.inputs {
            let name = &input.quantity.name;
            let to = wiring.connect.get(name).unwrap_or(name).clone();
            if values.contains(to.as_str()) {
                self.fit(
                    [self.controller, self.plant],
                    declared_as(&to, &self.controller.model.declared),
                    &input.quantity,
                )?;
                wiring.drive.insert(name.clone(), to);
            } else if to == *name {
                wiring.signals.push(signal(&input.quantity, input.default, true));
            } else {
                let known: Vec<&str> = values.iter().copied().collect();
                return Err(self.unknown(name, &to, &known));
            }
        }
        Ok(())
    }

    fn plant_to_controller(&self, wiring: &mut Wiring) -> Result<(), ConfigError> {
        let declared = &self.plant.model.declared;
        let mut values = self.plant.model.values();
        values.extend(declared.states.iter().map(|state| state.quantity.name.as_str()));
        for input in &self.controller.model.declared.inputs {
            let name = &input.quantity.name;
            let to = wiring.connect.get(name).unwrap_or(name).clone();
            let is_signal = wiring.signal(&to).is_some();
            if values.contains(to.as_str()) || is_signal {
                self.fit([self.plant, self.controller], declared_as(&to, declared), &input.quantity)?;
                wiring.measured.insert(name.clone(), to);
            } else if to == *name || self.inputs[1].contains(&to) {
                let of = self.controller.model.declared.inputs.iter().find(|other| other.quantity.name == to);
                let of = of.unwrap_or(input);
                self.fit([self.controller; 2], Some(&of.quantity), &input.quantity)?;
                if wiring.signal(&of.quantity.name).is_none() {
                    wiring.signals.push(signal(&of.quantity, of.default, false));
                }
                wiring.measured.insert(name.clone(), to);
            } else {
                let mut known: Vec<&str> = values.iter().copied().collect();
                known.extend(wiring.signals.iter().map(|signal| signal.name));
                return Err(self.unknown(name, &to, &known));
            }
        }
        Ok(())
    }

    /// Refuses to join what has units of different dimensions; where one says nothing of its unit, nothing is compared, and neither where a law takes
    /// its equations from whatever plant it is given, since its units are those of the plant that it was written for.
    fn fit(
        &self,
        [of, to]: [&Equations; 2],
        from: Option<&Quantity>,
        input: &Quantity,
    ) -> Result<(), ConfigError> {
        let Some((from, unit)) = from.and_then(|from| from.unit.map(|unit| (from, unit))) else {
            return Ok(());
        };
        if self.controller.model.asks_of_the_plant() || input.unit.is_none_or(|wanted| wanted == unit) {
            return Ok(());
        }
        let Quantity { name, written, .. } = input;
        let joined = format!("joins {} of {}, in {},", from.name, of.name, from.written);
        let remedy = "join values of one dimension, or mend the unit that is wrong";
        Err(self.section.error(
            name,
            &format!("{joined} to {name} of {}, in {written}", to.name),
            remedy.into(),
        ))
    }

    fn unknown(&self, name: &str, to: &str, known: &[&str]) -> ConfigError {
        let problem = format!("= \"{}\" is unknown", to.escape_debug());
        self.section.error(name, &problem, format!("allowed: {}", one_of(to, known)))
    }
}

/// What a model declares under a name that another one can be joined to.
fn declared_as<'a>(name: &str, declared: &'a Declarations) -> Option<&'a Quantity> {
    let states = declared.states.iter().map(|state| &state.quantity);
    let inputs = declared.inputs.iter().map(|input| &input.quantity);
    states.chain(&declared.outputs).chain(inputs).find(|quantity| quantity.name == name)
}

fn signal(quantity: &Quantity, default: Option<f64>, is_disturbance: bool) -> Signal {
    Signal { name: kept(&quantity.name), unit: kept(quantity.unit_shown()), default, is_disturbance }
}
