//! Small matrices of nodes: sums, products, and the solution of systems with partial pivoting. Products are fused with the sums that they are parts
//! of, and what is known to be 0 is left out.

use super::{Graph, Id, Operation};

/// Rows of nodes.
pub(crate) type Matrix = Vec<Vec<Id>>;

/// Columns as rows.
pub(super) fn transposed(m: &Matrix) -> Matrix {
    (0..m.first().map_or(0, Vec::len)).map(|column| m.iter().map(|row| row[column]).collect()).collect()
}

/// [a b; c d]
pub(super) fn blocks([a, b]: [&Matrix; 2], [c, d]: [&Matrix; 2]) -> Matrix {
    let beside = |left: &Matrix, right: &Matrix| -> Matrix {
        left.iter().zip(right).map(|(left, right)| [left.as_slice(), right].concat()).collect()
    };
    [beside(a, b), beside(c, d)].concat()
}

impl Graph {
    /// c + a·b, rounded once.
    fn more(&mut self, c: Id, a: Id, b: Id) -> Id {
        if self.is(a, 0.0) || self.is(b, 0.0) {
            c
        } else if self.is(c, 0.0) {
            self.mul(a, b)
        } else {
            self.apply(Operation::MulAdd, &[a, b, c])
        }
    }

    /// c − a·b, rounded once.
    pub(super) fn less(&mut self, c: Id, a: Id, b: Id) -> Id {
        if self.is(a, 0.0) || self.is(b, 0.0) { c } else { self.apply(Operation::NegMulAdd, &[a, b, c]) }
    }

    /// The sum of products.
    pub(crate) fn dot(&mut self, pairs: impl IntoIterator<Item = (Id, Id)>) -> Id {
        let zero = self.number(0.0);
        pairs.into_iter().fold(zero, |sum, (a, b)| self.more(sum, a, b))
    }

    pub(super) fn product(&mut self, a: &Matrix, b: &Matrix) -> Matrix {
        let columns = transposed(b);
        let mut entry = |row: &[Id], column: &[Id]| self.dot(row.iter().copied().zip(column.iter().copied()));
        a.iter().map(|row| columns.iter().map(|column| entry(row, column)).collect()).collect()
    }

    /// `to` + a·b, which is symmetric: what stands below the diagonal is what stands above it.
    pub(super) fn plus_symmetric(&mut self, to: &Matrix, a: &Matrix, b: &Matrix) -> Matrix {
        let mut sum = to.clone();
        for i in 0..to.len() {
            for j in i..to.len() {
                let column: Vec<Id> = b.iter().map(|row| row[j]).collect();
                let part = self.dot(a[i].iter().copied().zip(column));
                sum[i][j] = self.add(to[i][j], part);
                sum[j][i] = sum[i][j];
            }
        }
        sum
    }

    /// Takes the mean of each entry and its mirror image.
    pub(super) fn make_symmetric(&mut self, m: &mut Matrix) {
        let half = self.number(0.5);
        for i in 0..m.len() {
            for j in i + 1..m.len() {
                let both = self.add(m[i][j], m[j][i]);
                m[i][j] = self.mul(half, both);
                m[j][i] = m[i][j];
            }
        }
    }

    pub(super) fn plus_diagonal(&mut self, mut m: Matrix, number: f64) -> Matrix {
        let number = self.number(number);
        for (k, row) in m.iter_mut().enumerate() {
            row[k] = self.add(row[k], number);
        }
        m
    }

    pub(super) fn plus(&mut self, a: &Matrix, b: &Matrix) -> Matrix {
        let rows = a.iter().zip(b);
        rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| self.add(*a, *b)).collect()).collect()
    }

    pub(super) fn times(&mut self, factor: Id, m: &Matrix) -> Matrix {
        m.iter().map(|row| row.iter().map(|entry| self.mul(factor, *entry)).collect()).collect()
    }

    pub(super) fn negative(&mut self, m: &Matrix) -> Matrix {
        m.iter().map(|row| row.iter().map(|entry| self.neg(*entry)).collect()).collect()
    }

    /// What solves `system`·x = `right` for each column of `right`, and the pivots.
    pub(super) fn solved_for(&mut self, mut system: Matrix, mut right: Matrix) -> (Matrix, Vec<Id>) {
        let (n, one) = (system.len(), self.number(1.0));
        let (mut pivots, mut inverses) = (Vec::new(), Vec::new());
        for k in 0..n {
            for i in k + 1..n {
                self.bring_up(&mut system, &mut right, (k, i));
            }
            let inverse = self.div(one, system[k][k]);
            for i in k + 1..n {
                let factor = self.mul(system[i][k], inverse);
                for j in k + 1..n {
                    system[i][j] = self.less(system[i][j], factor, system[k][j]);
                }
                for column in 0..right[i].len() {
                    right[i][column] = self.less(right[i][column], factor, right[k][column]);
                }
            }
            pivots.push(system[k][k]);
            inverses.push(inverse);
        }
        for k in (0..n).rev() {
            for column in 0..right[k].len() {
                let mut value = right[k][column];
                for j in k + 1..n {
                    value = self.less(value, system[k][j], right[j][column]);
                }
                right[k][column] = self.mul(value, inverses[k]);
            }
        }
        (right, pivots)
    }

    /// Lets row i change places with row k above it where its entry in column k is the larger one: done for all rows below, that is partial pivoting.
    fn bring_up(&mut self, system: &mut Matrix, right: &mut Matrix, (k, i): (usize, usize)) {
        if self.is(system[i][k], 0.0) {
            return;
        }
        let [above, below] = [k, i].map(|row| self.apply(Operation::Abs, &[system[row][k]]));
        let is_larger = self.apply(Operation::Less, &[above, below]);
        for (rows, from) in [(system, k), (right, 0)] {
            for column in from..rows[k].len() {
                let [upper, lower] = [rows[k][column], rows[i][column]];
                rows[k][column] = self.select(is_larger, lower, upper);
                rows[i][column] = self.select(is_larger, upper, lower);
            }
        }
    }
}
