//! Equations that are linear in their unknowns, solved symbolically: so the equations of motion of a mechanism can stand as they do in
//! the book.
//!
//! The coefficients are derivatives of the residuals by the unknowns. Elimination takes pivots that are numbers first, then those that do
//! not vary during a simulation, and solves the last two unknowns by Cramer's rule with one division; the diagonal is preferred, so
//! that a symmetric system stays symmetric.

use foldhash::HashMap;

use super::{Graph, Id, Symbol};

/// Most unknowns of a system.
pub(super) const UNKNOWNS_MAX: usize = 12;

/// Why a system has no solution here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsolvable {
    /// There are more or fewer equations than unknowns.
    Count,
    /// There are more than 12 unknowns.
    Size,
    /// An equation is not linear in an unknown: which of them.
    NotLinear {
        /// The place of the equation.
        equation: usize,
        /// The place of the unknown.
        unknown: usize,
    },
    /// The equations do not determine the unknowns, whatever the values of everything else.
    Singular,
}

/// A system A·x = b.
struct System {
    rows: Vec<Vec<Id>>,
    right: Vec<Id>,
}

impl Graph {
    /// The unknowns for which every residual is 0; `varies` says which symbols change during a simulation.
    ///
    /// # Errors
    ///
    /// When the equations are not linear, too many or too few, or cannot determine the unknowns.
    pub fn solved(
        &mut self,
        residuals: &[Id],
        unknowns: &[Symbol],
        varies: &dyn Fn(Symbol) -> bool,
    ) -> Result<Vec<Id>, Unsolvable> {
        if residuals.len() != unknowns.len() {
            return Err(Unsolvable::Count);
        }
        if unknowns.len() > UNKNOWNS_MAX {
            return Err(Unsolvable::Size);
        }
        let mut system = self.linear_system(residuals, unknowns)?;
        let count = unknowns.len();
        // Eliminated unknowns with the row that gives them, in order.
        let mut eliminated: Vec<(usize, usize)> = Vec::new();
        let mut open_rows: Vec<usize> = (0..count).collect();
        let mut open: Vec<usize> = (0..count).collect();
        while open.len() > 2 {
            let (row, unknown) =
                self.pivot(&system, &open_rows, &open, varies).ok_or(Unsolvable::Singular)?;
            open_rows.retain(|other| *other != row);
            open.retain(|other| *other != unknown);
            self.eliminate(&mut system, (row, unknown), &open_rows, &open);
            eliminated.push((row, unknown));
        }
        let zero = self.number(0.0);
        let mut solution = vec![zero; count];
        self.last_two(&system, &open_rows, &open, &mut solution)?;
        for (row, unknown) in eliminated.into_iter().rev() {
            // The pivot's row has been divided by the pivot.
            let mut value = system.right[row];
            for other in (0..count).filter(|other| *other != unknown) {
                let part = self.mul(system.rows[row][other], solution[other]);
                value = self.sub(value, part);
            }
            solution[unknown] = value;
        }
        Ok(solution)
    }

    fn linear_system(&mut self, residuals: &[Id], unknowns: &[Symbol]) -> Result<System, Unsolvable> {
        let zero = self.number(0.0);
        let at_zero: HashMap<Symbol, Id> = unknowns.iter().map(|unknown| (*unknown, zero)).collect();
        let (mut rows, mut right) = (Vec::new(), Vec::new());
        for (equation, residual) in residuals.iter().enumerate() {
            let mut row = Vec::new();
            for (place, unknown) in unknowns.iter().enumerate() {
                let coefficient = self.derivative(*residual, *unknown);
                if self.depends(coefficient, |symbol| unknowns.contains(&symbol)) {
                    return Err(Unsolvable::NotLinear { equation, unknown: place });
                }
                row.push(coefficient);
            }
            rows.push(row);
            let rest = self.substituted(&[*residual], &at_zero)[0];
            right.push(self.neg(rest));
        }
        Ok(System { rows, right })
    }

    /// The best pivot among the open rows and unknowns: a number, then what does not vary, then anything that is not 0; the diagonal first.
    fn pivot(
        &self,
        system: &System,
        rows: &[usize],
        unknowns: &[usize],
        varies: &dyn Fn(Symbol) -> bool,
    ) -> Option<(usize, usize)> {
        let candidates = rows.iter().flat_map(|row| unknowns.iter().map(|unknown| (*row, *unknown)));
        let rank = |(row, unknown): &(usize, usize)| {
            let entry = system.rows[*row][*unknown];
            let kind = match self.value(entry) {
                Some(0.0) => return None,
                Some(_) => 0,
                None if !self.depends(entry, varies) => 1,
                None => 2,
            };
            Some((kind, row != unknown, *row, *unknown))
        };
        let ranked = candidates.filter_map(|place| rank(&place).map(|rank| (rank, place)));
        ranked.min().map(|(_, place)| place)
    }

    /// Divides the pivot's row by the pivot and takes it out of the other open rows.
    fn eliminate(
        &mut self,
        system: &mut System,
        (row, unknown): (usize, usize),
        rows: &[usize],
        unknowns: &[usize],
    ) {
        let before = system.rows.clone();
        // Of a symmetric system both halves are the same nodes.
        let is_mirrored = |i: usize, j: usize| {
            let is_pair = |k: usize| before[k][unknown] == before[row][k];
            row == unknown && before[i][j] == before[j][i] && is_pair(i) && is_pair(j)
        };
        let one = self.number(1.0);
        let inverse = self.div(one, system.rows[row][unknown]);
        let factors: Vec<(usize, Id)> = rows
            .iter()
            .map(|other| (*other, system.rows[*other][unknown]))
            .filter(|(_, factor)| !self.is(*factor, 0.0))
            .collect();
        for place in unknowns {
            system.rows[row][*place] = self.mul(system.rows[row][*place], inverse);
        }
        system.right[row] = self.mul(system.right[row], inverse);
        for (other, factor) in factors {
            for place in unknowns {
                if *place < other && rows.contains(place) && is_mirrored(other, *place) {
                    system.rows[other][*place] = system.rows[*place][other];
                    continue;
                }
                let part = self.mul(factor, system.rows[row][*place]);
                system.rows[other][*place] = self.sub(system.rows[other][*place], part);
            }
            let part = self.mul(factor, system.right[row]);
            system.right[other] = self.sub(system.right[other], part);
        }
    }

    /// One or two equations that are left, by Cramer's rule.
    fn last_two(
        &mut self,
        system: &System,
        rows: &[usize],
        unknowns: &[usize],
        solution: &mut [Id],
    ) -> Result<(), Unsolvable> {
        match (rows, unknowns) {
            ([row], [unknown]) => {
                let pivot = system.rows[*row][*unknown];
                if self.is(pivot, 0.0) {
                    return Err(Unsolvable::Singular);
                }
                solution[*unknown] = self.div(system.right[*row], pivot);
            }
            ([r, s], [x, y]) => {
                let [a, b] = [system.rows[*r][*x], system.rows[*r][*y]];
                let [c, d] = [system.rows[*s][*x], system.rows[*s][*y]];
                let [e, f] = [system.right[*r], system.right[*s]];
                let (main, other) = (self.mul(a, d), self.mul(b, c));
                let determinant = self.sub(main, other);
                if self.is(determinant, 0.0) {
                    return Err(Unsolvable::Singular);
                }
                let one = self.number(1.0);
                let inverse = self.div(one, determinant);
                for (unknown, [p, q, u, v]) in [(*x, [e, d, b, f]), (*y, [a, f, e, c])] {
                    let (first, second) = (self.mul(p, q), self.mul(u, v));
                    let top = self.sub(first, second);
                    solution[unknown] = self.mul(top, inverse);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
