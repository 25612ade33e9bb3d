//! The numbers that a job gives its program.

use super::scenario::Pieces;
use super::{Runner, Scenario};
use crate::closed_loop::Imperfections;

impl Runner {
    /// The numbers of a job in the order of the program's inputs.
    pub(super) fn inputs<'a>(
        &'a self,
        values: &'a [f64],
        scenario: &'a Scenario,
        bound: f64,
    ) -> impl Iterator<Item = f64> + 'a {
        let layout = &self.closed_loop.layout;
        let conditions = &scenario.conditions;
        let plant = conditions.plant.as_deref().unwrap_or(&layout.nominal);
        let plant = plant.iter().copied().take(layout.nominal.len());
        let first =
            |pieces: Option<&Pieces>| pieces.and_then(|pieces| pieces.first()).map_or(0.0, |piece| piece.1);
        let signals = (0..layout.signals).map(move |place| first(conditions.signals.get(place)));
        let sensors = conditions.sensors.as_ref();
        let noise = layout.world.noisy.iter().map(move |place| sensors.map_or(0.0, |s| s.noise[*place]));
        let all = if layout.world.coarse { layout.states } else { 0 };
        let quanta = (0..all).map(move |place| sensors.map_or(0.0, |s| s.quantum[place]));
        values
            .iter()
            .copied()
            .take(layout.gains)
            .chain(plant)
            .chain(scenario.initial_state.iter().copied())
            .chain(signals)
            .chain(noise)
            .chain(quanta)
            .chain(self.actuation(scenario))
            .chain([bound])
    }

    /// The numbers of a job, and behind them what its lane carries, which is what the programs after the last step work with.
    pub(super) fn at_the_end<'a>(
        &'a self,
        (values, scenario, bound): (&'a [f64], &'a Scenario, f64),
        kept: usize,
        carried: impl Fn(usize) -> f64 + 'a,
    ) -> impl Iterator<Item = f64> + 'a {
        let all = 0..self.closed_loop.program.carried;
        let carried = all.map(move |place| if place < kept { carried(place) } else { f64::NAN });
        self.inputs(values, scenario, bound).chain(carried)
    }

    /// Control period and dead time in steps, the share of the way that the actuator goes in a step, and its largest change a step;
    /// of these, what the program asks for.
    #[allow(clippy::cast_precision_loss, reason = "numbers of steps")]
    fn actuation(&self, scenario: &Scenario) -> impl Iterator<Item = f64> + use<> {
        let Imperfections { hold, dead_time, actuator, .. } = self.closed_loop.layout.world;
        let conditions = &scenario.conditions;
        // The exact answer of a first-order lag to a command that is held over a step.
        let approach = match conditions.actuator_lag {
            0.0 => 1.0,
            lag => -libm::expm1(-self.dt / lag),
        };
        let numbers = [
            (hold, conditions.control_period as f64),
            (dead_time > 0, conditions.dead_time as f64),
            (actuator, approach),
            (actuator, conditions.rate_limit * self.dt),
        ];
        numbers.into_iter().filter(|(asked, _)| *asked).map(|(_, number)| number)
    }
}
