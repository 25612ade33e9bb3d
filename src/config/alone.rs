//! The control law of a study by itself.

use super::Config;
use super::equations::Misfit;
use crate::closed_loop::{Imperfections, Law, Measured, OutsideLoop, Parts};

impl Config {
    /// The shortest control period in the scenarios of the tuning, in steps of `dt`.
    #[must_use]
    pub fn control_steps(&self) -> u64 {
        self.scenarios.iter().map(|group| group.control_period).min().unwrap_or(1).max(1)
    }

    /// The same in s.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a control period has far fewer than 2⁵³ steps")]
    pub fn control_period(&self) -> f64 {
        self.control_steps() as f64 * self.simulation.dt
    }

    /// The names of what the law gives: what drives the plant, in the order of its inputs, then its other outputs.
    #[must_use]
    pub fn law_outputs(&self) -> Vec<&str> {
        let inputs = self.plant.of.model.declared.inputs.iter();
        let drives = inputs.filter_map(|input| self.wiring.drive.get(&input.quantity.name));
        let declared = self.controller.of.model.declared.outputs.iter().map(|output| &output.name);
        let mut names: Vec<&str> = Vec::new();
        for name in drives.chain(declared) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The closed loop of a study with the law outside, which measures these values.
    ///
    /// # Errors
    ///
    /// What does not fit; nothing of a config that has been checked.
    pub(crate) fn loop_around(&self, measured: Vec<Measured>) -> Result<OutsideLoop, Misfit> {
        let judge = self.judge()?;
        OutsideLoop::new(&self.parts(&judge, super::Coverage::Tuning), measured).map_err(Misfit::Loop)
    }

    /// The law by itself, once a control period of the study; choices among texts are those of these values of its parameters, gains stay open.
    ///
    /// # Errors
    ///
    /// What does not fit; of a config that has been checked, that the law needs the plant's answer to its own output, or is too large by itself.
    pub(crate) fn law_alone(&self, values: &[f64]) -> Result<Law, Misfit> {
        let judge = self.judge()?;
        let parts = self.parts(&judge, super::Coverage::Tuning);
        let parts = Parts {
            varies: false,
            world: Imperfections::default(),
            terms: Vec::new(),
            shown: self.law_outputs().into_iter().map(str::to_owned).collect(),
            dt: self.control_period(),
            ..parts
        };
        let mut law = Law::new(&parts).map_err(Misfit::Loop)?;
        let choices = self.controller.parameters().iter().zip(values).enumerate();
        for (place, (_, value)) in choices.filter(|(_, (parameter, _))| !parameter.choices.is_empty()) {
            law.fix(place, *value);
        }
        Ok(law)
    }
}
