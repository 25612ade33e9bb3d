//! A simulation whose law is computed elsewhere, one step after the other over single numbers.

use super::{FAILURE_COST, Runner, Scenario};
use crate::closed_loop::{DelayLine, OutsideLoop};

/// What a simulation came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Its cost; that of a failure where it failed.
    pub cost: f64,
    /// Whether it failed.
    pub failed: bool,
}

/// The values of delay lines, each with those of so many steps.
#[derive(Debug, Clone, Default)]
pub struct Past(Vec<Vec<f64>>);

impl Past {
    /// Nothing yet.
    #[must_use]
    pub fn new(lines: &[DelayLine]) -> Self {
        Self(lines.iter().map(|line| vec![0.0; line.most]).collect())
    }

    /// Puts what a step has made into the lines, and takes out what reaches the next; as `Lanes::remember` of `runner.rs`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers of steps, bounded by the length of a line"
    )]
    pub fn remember(&mut self, lines: &[DelayLine], carried: &mut [f64], step: usize) {
        for (DelayLine { slot, steps, most }, line) in lines.iter().zip(&mut self.0) {
            let delay = (carried[*steps] as usize).clamp(1, *most);
            line[step % most] = carried[*slot];
            carried[*slot] = if step + 1 < delay { 0.0 } else { line[(step + 1 - delay) % most] };
        }
    }
}

impl Runner {
    /// Simulates a scenario with a law outside: `act` is given what the law measures in each step in which it is due, and writes what it says. This runner is
    /// that of the same study.
    pub fn with_law_outside(
        &self,
        outside: &OutsideLoop,
        values: &[f64],
        scenario: &Scenario,
        act: &mut dyn FnMut(&[f64], &mut [f64]),
    ) -> Outcome {
        let OutsideLoop { start, measure, advance, end, layout, carried: count } = outside;
        let room = [start, measure, advance, end].map(crate::program::Tape::room).into_iter().max();
        let mut room = vec![0.0; room.unwrap_or(0)];
        let inputs: Vec<f64> = self.inputs(values, scenario, f64::INFINITY).collect();
        let mut carried: Vec<f64> = start.run(inputs.iter().copied(), &mut room).collect();
        let mut past = Past::new(&layout.delays);
        let mut said = vec![0.0; advance.inputs() - inputs.len() - count];
        let (mut measured, mut next) = (Vec::new(), Vec::new());
        let known = |carried: &[f64]| inputs.iter().copied().chain(carried.to_vec());
        let mut step = 0;
        let mut stops = false;
        while step < self.steps && !stops {
            self.signals_at(layout, scenario, step, &mut carried);
            measured.clear();
            measured.extend(measure.run(known(&carried), &mut room));
            if measured[0] > 0.0 {
                act(&measured[1..], &mut said);
            }
            next.clear();
            next.extend(advance.run(known(&carried).chain(said.iter().copied()), &mut room));
            stops = next.pop().is_some_and(|stop| stop.abs() > 0.0);
            std::mem::swap(&mut carried, &mut next);
            #[allow(clippy::cast_possible_truncation, reason = "far fewer steps than memory has places")]
            past.remember(&layout.delays, &mut carried, step as usize);
            step += 1;
        }
        let mut results = end.run(known(&carried), &mut room);
        let failed = results.next().is_some_and(|failed| failed.abs() > 0.0);
        let cost = results.next().unwrap_or(f64::NAN);
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let late = (step.max(1) - 1) as f64 / self.steps as f64;
        Outcome { cost: if failed { FAILURE_COST * (2.0 - late) } else { cost }, failed }
    }

    /// Puts signals and noises of a step into their places.
    fn signals_at(
        &self,
        layout: &crate::closed_loop::Layout,
        scenario: &Scenario,
        step: u64,
        carried: &mut [f64],
    ) {
        for (place, pieces) in scenario.conditions.signals.iter().take(layout.signals).enumerate() {
            let behind = pieces.partition_point(|piece| piece.0 <= step);
            if let Some(piece) = behind.checked_sub(1).and_then(|now| pieces.get(now)) {
                carried[layout.signals_at + place] = piece.1;
            }
        }
        for (place, state) in layout.world.noisy.iter().enumerate() {
            carried[layout.noise_at + place] = self.noise_at(scenario, *state, step);
        }
    }
}
