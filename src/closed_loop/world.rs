//! What stands between plant and law: sensors, the control period, dead time, actuator.

use super::compose::Composer;
use crate::graph::{Id, Operation};
use crate::program::Carried;

impl Composer<'_> {
    /// What the sensors show of the plant's states.
    pub(super) fn seen(&mut self, states: &[Id]) -> Vec<Id> {
        let mut seen = states.to_vec();
        self.noisy_states(&mut seen);
        for (k, place) in self.parts.world.noisy.clone().into_iter().enumerate() {
            let (deviation, normal) = (self.given.deviations[k], self.given.noise[k]);
            let normal = self.graph.symbol(normal);
            let noise = self.graph.mul(deviation, normal);
            seen[place] = self.graph.add(seen[place], noise);
        }
        if self.parts.world.coarse {
            let zero = self.graph.number(0.0);
            for (place, value) in seen.iter_mut().enumerate() {
                let quantum = self.given.quanta[place];
                let is_coarse = self.graph.apply(Operation::Less, &[zero, quantum]);
                let steps = self.graph.div(*value, quantum);
                let whole = self.graph.apply(Operation::Round, &[steps]);
                let coarse = self.graph.mul(whole, quantum);
                *value = self.graph.select(is_coarse, coarse, *value);
            }
        }
        seen
    }

    /// Whether the law acts in this step; nothing where it always does.
    pub(super) fn due(&mut self) -> Option<Id> {
        if let Some(open) = &self.open {
            return Some(open.due);
        }
        let period = self.given.period?;
        let symbol = self.fresh();
        let [zero, one, half] = [0.0, 1.0, 0.5].map(|number| self.graph.number(number));
        let phase = self.graph.symbol(symbol);
        let further = self.graph.add(phase, one);
        let is_over = self.graph.apply(Operation::LessEqual, &[period, further]);
        let next = self.graph.select(is_over, zero, further);
        self.carried.push(Carried { symbol, first: zero, next });
        Some(self.graph.apply(Operation::Less, &[phase, half]))
    }

    /// What acts on the plant when the law says `wanted`.
    pub(super) fn actuated(&mut self, wanted: Id, due: Option<Id>) -> Id {
        let mut value = wanted;
        let zero = self.graph.number(0.0);
        if let Some(due) = due {
            let symbol = self.fresh();
            let held = self.graph.symbol(symbol);
            value = self.graph.select(due, value, held);
            self.carried.push(Carried { symbol, first: zero, next: value });
        }
        if let Some(seconds) = self.given.dead_time {
            value = self.graph.delayed(value, seconds);
        }
        if let Some([approach, most]) = self.given.actuator {
            let symbol = self.fresh();
            let before = self.graph.symbol(symbol);
            let one = self.graph.number(1.0);
            let change = self.graph.sub(value, before);
            let way = self.graph.mul(approach, change);
            let near = self.graph.add(before, way);
            let is_ideal = self.graph.apply(Operation::LessEqual, &[one, approach]);
            let near = self.graph.select(is_ideal, value, near);
            let step = self.graph.sub(near, before);
            let least = self.graph.neg(most);
            let bounded = self.graph.clamped(step, least, most);
            let limited = self.graph.add(before, bounded);
            let size = self.graph.apply(Operation::Abs, &[step]);
            let fits = self.graph.apply(Operation::LessEqual, &[size, most]);
            value = self.graph.select(fits, near, limited);
            self.carried.push(Carried { symbol, first: zero, next: value });
        }
        value
    }
}
