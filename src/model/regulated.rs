//! Linear-quadratic regulators of a law that knows its plant: `lqr(e, R)` is the control that keeps ∫ e + R u² dt least, where e is a quadratic
//! expression of the plant's states and the nominal plant is linear about where it rests.
//!
//! The plant x' = f(x) + g(x) u rests at x₀, 0 or where another expression, a sum of squares, is least, under the control u₀ that holds it there:
//! A = ∂(f + g u₀)/∂x, B = g(x₀), Q is half of the second derivatives of e, and u = u₀ − K (x − x₀). All of it is continuous in time, as MATLAB's and
//! python-control's `lqr`. The gains K are made once a simulation from weights that may be gains of the law.

use foldhash::HashSet;

use super::Misread;
use super::lower::{Base, Lowering};
use super::parse::Item;
use super::plant_view::Linear;
use super::regulators::{FixedSymbols, HOLDS, REFERENCE, Regulator, numbered};
use crate::graph::{Graph, Id, Matrix, Node, Symbol};

/// Most states of a plant that is regulated: the gains of six take some 60,000 operations.
const STATES_MAX: usize = 6;
/// Most regulators of a law.
const REGULATORS_MAX: usize = 8;

impl Lowering<'_> {
    /// What `lqr` or `lqr_reference` gives.
    pub(super) fn regulated(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        item: &Item,
        name: &str,
        operands: &[Id],
    ) -> Result<Id, Misread> {
        let (output, of) = match (name, operands) {
            ("lqr", [_, _] | [_, _, _]) => (None, operands),
            ("lqr_reference", [y, of @ ..]) if [2, 3].contains(&of.len()) => (Some(*y), of),
            _ => {
                let wanted = if name == "lqr" { "two or three values" } else { "three or four values" };
                let problem = format!("`{name}` is given {} values", operands.len());
                return Err(Misread::new(item.at, problem, format!("allowed: {wanted}")));
            }
        };
        let fixed = self.fixed_symbols(graph, base);
        let known = self.regulators.borrow().all.iter().find(|regulator| regulator.of == of).cloned();
        let regulator = match known {
            Some(regulator) => regulator,
            None => self.regulator(graph, item, name, of, &fixed)?,
        };
        let Some(output) = output else { return Ok(regulator.control) };
        let view = self.plant_of(item, name)?;
        let slopes = view.slopes(graph, output);
        let slopes = view.where_it_is(graph, &regulator.plant.rest, &slopes);
        if slopes.iter().all(|slope| graph.value(*slope) == Some(0.0)) {
            let problem = format!("the first value of `{name}` does not depend on the plant's states");
            return Err(Misread::new(item.at, problem, "name what shall come to the reference"));
        }
        fixed.check(graph, item, &slopes, "the output's dependence on the states")?;
        let Linear { a, b, .. } = &regulator.plant;
        let gain = graph.reference_gain(a, b, &regulator.gains, &slopes);
        let gain = graph.fix(&[gain])[0];
        let mut regulators = self.regulators.borrow_mut();
        if !regulators.told.iter().any(|(_, told)| *told == gain) {
            let count = regulators.told.iter().filter(|(name, _)| name.ends_with(REFERENCE)).count();
            regulators.told.push((numbered('K', count, REFERENCE), gain));
        }
        Ok(gain)
    }

    fn regulator(
        &self,
        graph: &mut Graph,
        item: &Item,
        name: &str,
        of: &[Id],
        fixed: &FixedSymbols,
    ) -> Result<Regulator, Misread> {
        let view = self.plant_of(item, name)?;
        let refuse = |problem: String, remedy: &str| Err(Misread::new(item.at, problem, remedy));
        let count = view.states.len();
        if count > STATES_MAX {
            let problem = format!("`{name}` is asked of a plant of {count} states");
            return refuse(problem, &format!("allowed: at most {STATES_MAX}"));
        }
        if self.regulators.borrow().all.len() == REGULATORS_MAX {
            return refuse("this is one regulator too many".into(), &format!("allowed: {REGULATORS_MAX}"));
        }
        if view.controls != 1 {
            let problem = format!(
                "`{name}` is asked of a plant of which the controller drives {} inputs",
                view.controls
            );
            return refuse(problem, "allowed: one");
        }
        let curvature = view.curvature(graph, of[0]);
        let is_state = |symbol: Symbol| view.is_state(symbol);
        if curvature.iter().flatten().any(|entry| graph.depends(*entry, is_state)) {
            let problem = format!("what `{name}` shall keep least is not quadratic in the plant's states");
            return refuse(problem, "allowed: sums of squares and products of states, with weights");
        }
        let plant = view.linear(graph, of.get(2).copied()).ok_or_else(|| {
            let problem = format!("the last value of `{name}` does not say where the plant rests");
            Misread::new(item.at, problem, "allowed: a sum of squares, (x - 0.1)^2 + (v - 0.0)^2")
        })?;
        if plant.b.iter().all(|entry| graph.value(*entry) == Some(0.0)) {
            let problem = "the control does not move the plant at once where it rests".to_owned();
            return refuse(problem, "a regulator knows no dead time; use a model of the plant without one");
        }
        fixed.check(graph, item, &plant.rest, "where the plant rests")?;
        fixed.check(graph, item, &plant.a.concat(), "the plant about its rest")?;
        fixed.check(graph, item, &plant.b, "how the control moves the plant")?;
        fixed.check(graph, item, &curvature.concat(), "a weight of the states")?;
        fixed.check(graph, item, &of[1..2], "the weight of the control")?;

        let half = graph.number(0.5);
        let weights = curvature.iter().map(|row| row.iter().map(|entry| graph.mul(half, *entry)).collect());
        let weights: Matrix = weights.collect();
        let gains = graph.regulator(&plant.a, &plant.b, &weights, of[1]);
        let gains = graph.fix(&gains);
        let holds = graph.fix(&[plant.control])[0];
        let point = graph.fix(&plant.rest);
        let mut control = holds;
        for (((_, _, seen), rest), gain) in view.states.iter().zip(&point).zip(&gains) {
            let away = graph.sub(*seen, *rest);
            let part = graph.mul(*gain, away);
            control = graph.sub(control, part);
        }
        let regulator = Regulator { of: of.to_vec(), plant, gains, control };
        let mut regulators = self.regulators.borrow_mut();
        let number = regulators.all.len();
        let named = view.states.iter().map(|(state, ..)| numbered('K', number, state));
        regulators.told.extend(named.zip(regulator.gains.iter().copied()));
        if graph.value(holds) != Some(0.0) {
            regulators.told.push((numbered('u', number, HOLDS), holds));
        }
        regulators.all.push(regulator.clone());
        Ok(regulator)
    }

    /// The symbols of what is fixed during a simulation.
    fn fixed_symbols(&self, graph: &mut Graph, base: &mut dyn FnMut(&mut Graph, Base) -> Id) -> FixedSymbols {
        let parameters = (0..self.model.declared.parameters.len()).map(Base::Parameter);
        let roots: Vec<Id> = parameters.chain([Base::Step]).map(|own| base(graph, own)).collect();
        let symbol = |id: &Id| match graph.node(*id) {
            Node::Symbol(symbol) => Some(symbol),
            _ => None,
        };
        let mut symbols: HashSet<Symbol> = graph.reachable(&roots).iter().filter_map(symbol).collect();
        symbols.extend(graph.fixed().iter().map(|fixed| fixed.symbol));
        FixedSymbols(symbols)
    }
}
