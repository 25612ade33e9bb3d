//! What a controller knows of its nominal plant, and that plant as a linear one about where it rests.

use crate::graph::{Graph, Id, Matrix, Symbol};

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

/// A plant x' = f(x) + g(x) u, linear about where it rests: x₀ under the control u₀.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// ∂(f + g u₀)/∂x
    pub(super) a: Matrix,
    /// g
    pub(super) b: Vec<Id>,
    /// x₀
    pub(super) rest: Vec<Id>,
    /// u₀
    pub(super) control: Id,
}

impl PlantView {
    /// Whether a symbol stands for one of its states.
    pub(super) fn is_state(&self, symbol: Symbol) -> bool {
        self.states.iter().any(|(_, state, _)| *state == symbol)
    }

    /// The derivatives of a value by its states.
    pub(super) fn slopes(&self, graph: &mut Graph, of: Id) -> Vec<Id> {
        self.states.iter().map(|(_, symbol, _)| graph.derivative(of, *symbol)).collect()
    }

    /// The second derivatives of a value by its states.
    pub(super) fn curvature(&self, graph: &mut Graph, of: Id) -> Matrix {
        let slopes = self.slopes(graph, of);
        slopes.into_iter().map(|slope| self.slopes(graph, slope)).collect()
    }

    /// Nodes where its states have these values.
    pub(super) fn where_it_is(&self, graph: &mut Graph, point: &[Id], nodes: &[Id]) -> Vec<Id> {
        let by = self.states.iter().zip(point).map(|((_, symbol, _), value)| (*symbol, *value)).collect();
        graph.substituted(nodes, &by)
    }

    /// The plant about where `rest` is least, or where its states are 0; nothing where `rest` is no sum of squares, each of one state.
    pub(super) fn linear(&self, graph: &mut Graph, rest: Option<Id>) -> Option<Linear> {
        let zero = graph.number(0.0);
        let point = match rest {
            Some(rest) => self.least(graph, rest)?,
            None => vec![zero; self.states.len()],
        };
        let drift = self.where_it_is(graph, &point, &self.drift);
        let b = self.where_it_is(graph, &point, &self.input);
        // What holds it there, if anything does: the best that there is.
        let control = if drift.iter().all(|entry| graph.value(*entry) == Some(0.0)) {
            zero
        } else {
            let against = graph.dot(b.iter().copied().zip(drift));
            let strength = graph.dot(b.iter().copied().zip(b.clone()));
            let quotient = graph.div(against, strength);
            graph.neg(quotient)
        };
        let mut a = Matrix::new();
        for (drift, input) in self.drift.iter().zip(&self.input) {
            let [own, driven] = [*drift, *input].map(|motion| {
                let slopes = self.slopes(graph, motion);
                self.where_it_is(graph, &point, &slopes)
            });
            let entry = |(own, driven): (Id, Id)| {
                let part = graph.mul(control, driven);
                graph.add(own, part)
            };
            a.push(own.into_iter().zip(driven).map(entry).collect());
        }
        Some(Linear { a, b, rest: point, control })
    }

    /// Where a sum of squares, each of one state, is least; 0 for a state that it does not name.
    fn least(&self, graph: &mut Graph, of: Id) -> Option<Vec<Id>> {
        let zero = graph.number(0.0);
        let origin = vec![zero; self.states.len()];
        let (slopes, curvature) = (self.slopes(graph, of), self.curvature(graph, of));
        let slopes = self.where_it_is(graph, &origin, &slopes);
        let mut point = Vec::new();
        for (place, slope) in slopes.into_iter().enumerate() {
            let others = curvature[place].iter().enumerate().filter(|(other, _)| *other != place);
            let is_alone = others.into_iter().all(|(_, entry)| graph.value(*entry) == Some(0.0));
            let own = curvature[place][place];
            let is_quadratic = !graph.depends(own, |symbol| self.is_state(symbol));
            if graph.value(slope) == Some(0.0) && is_quadratic && is_alone {
                point.push(zero);
            } else if graph.value(own) != Some(0.0) && is_quadratic && is_alone {
                let quotient = graph.div(slope, own);
                point.push(graph.neg(quotient));
            } else {
                return None;
            }
        }
        Some(point)
    }
}
