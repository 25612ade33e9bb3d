//! How a step is integrated: the stages of a method as nodes.

use super::Unfit;
use super::compose::{Composer, Moment};
use crate::graph::Id;
use crate::registry::Member;

/// A method with a fixed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// The classical Runge–Kutta method of fourth order (Kutta 1901).
    #[default]
    Rk4,
    /// The explicit method of Euler.
    Euler,
    /// Euler's, with each position moved by the rate after the step.
    SemiImplicitEuler,
    /// The embedded method of Dormand and Prince with error control, see `dormand_prince.rs`.
    DormandPrince,
}

impl Member for Method {
    const ALL: &'static [Self] = &[Self::Rk4, Self::Euler, Self::SemiImplicitEuler, Self::DormandPrince];

    fn name(self) -> &'static str {
        match self {
            Self::Rk4 => "rk4",
            Self::Euler => "euler",
            Self::SemiImplicitEuler => "semi_implicit_euler",
            Self::DormandPrince => "dormand_prince",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Rk4 => "Runge–Kutta, fourth order",
            Self::Euler => "explicit Euler, first order",
            Self::SemiImplicitEuler => "semi-implicit Euler, first order, symplectic",
            Self::DormandPrince => "Dormand–Prince 5(4) with error control, the accuracy reference",
        }
    }
}

impl Composer<'_> {
    /// The states after a step with the inputs held; `first` are the derivatives at its start.
    pub(super) fn advanced(&mut self, moment: &Moment<'_>, first: &[Id]) -> Result<Vec<Id>, Unfit> {
        match self.parts.method {
            Method::Rk4 => self.rk4(moment, first),
            Method::DormandPrince => self.dormand_prince(moment, first),
            Method::Euler => {
                let dt = self.dt();
                Ok(self.moved(moment.states, dt, first))
            }
            Method::SemiImplicitEuler => {
                let dt = self.dt();
                let mut rates = first.to_vec();
                let after = self.moved(moment.states, dt, first);
                for (rate, of) in rates.iter_mut().zip(self.parts.plant.rates()) {
                    if let Some(place) = of {
                        *rate = after[*place];
                    }
                }
                Ok(self.moved(moment.states, dt, &rates))
            }
        }
    }

    fn rk4(&mut self, moment: &Moment<'_>, k1: &[Id]) -> Result<Vec<Id>, Unfit> {
        let [half, whole, sixth, two] = self.shares();
        let start = moment.states;
        let [middle, end] = [half, whole].map(|by| self.graph.add(moment.time, by));
        let at = |states: &[Id], time: Id, composer: &mut Self| {
            composer.rates(&Moment { states, time, ..*moment })
        };
        let x2 = self.moved(start, half, k1);
        let k2 = at(&x2, middle, self)?;
        let x3 = self.moved(start, half, &k2);
        let k3 = at(&x3, middle, self)?;
        let x4 = self.moved(start, whole, &k3);
        let k4 = at(&x4, end, self)?;
        let graph = &mut self.graph;
        let next = (0..start.len()).map(|i| {
            // From left to right, so that each slope can go as soon as it is there.
            let [second, third] = [k2[i], k3[i]].map(|slope| graph.mul(two, slope));
            let slope = graph.add(k1[i], second);
            let slope = graph.add(slope, third);
            let slope = graph.add(slope, k4[i]);
            let change = graph.mul(sixth, slope);
            graph.add(start[i], change)
        });
        Ok(next.collect())
    }

    /// Half of the step, the step, a sixth of it, and 2.
    fn shares(&mut self) -> [Id; 4] {
        let graph = &mut self.graph;
        let Some(open) = &self.open else {
            let dt = self.parts.dt;
            return [0.5 * dt, dt, dt / 6.0, 2.0].map(|number| graph.number(number));
        };
        let [one_half, two, six] = [0.5, 2.0, 6.0].map(|number| graph.number(number));
        [graph.mul(one_half, open.dt), open.dt, graph.div(open.dt, six), two]
    }

    fn moved(&mut self, states: &[Id], by: Id, rates: &[Id]) -> Vec<Id> {
        let graph = &mut self.graph;
        let pairs = states.iter().zip(rates);
        pairs
            .map(|(state, rate)| {
                let change = graph.mul(by, *rate);
                graph.add(*state, change)
            })
            .collect()
    }
}
