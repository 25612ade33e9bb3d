//! Small matrices of nodes: sums, products, and the solution of systems with partial pivoting. Products are fused with the sums that they are parts
//! of, and what is known to be 0 is left out.

use super::{Graph, Id, Operation};

/// Rows of nodes.
pub(crate) type Matrix = Vec<Vec<Id>>;

/// Columns as rows.
pub(super) fn transposed(m: &Matrix) -> Matrix {
    (0..m.first().map_or(0, Vec::len)).map(|column| m.iter().map(|row| row[column]).collect()).collect()
}

/// [a b]
pub(super) fn beside(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().zip(b).map(|(a, b)| [a.as_slice(), b].concat()).collect()
}

/// [a b; c d]
pub(super) fn blocks([a, b]: [&Matrix; 2], [c, d]: [&Matrix; 2]) -> Matrix {
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

    /// The means of entries and their mirror images.
    pub(super) fn symmetric(&mut self, m: &Matrix) -> Matrix {
        let half = self.number(0.5);
        let mut mean = |(a, b): (&Id, &Id)| {
            let both = self.add(*a, *b);
            self.mul(half, both)
        };
        let rows = m.iter().zip(transposed(m));
        rows.map(|(row, mirrored)| row.iter().zip(&mirrored).map(&mut mean).collect()).collect()
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
    pub(super) fn solved_for(&mut self, system: &Matrix, right: &Matrix) -> (Matrix, Vec<Id>) {
        let (n, one) = (system.len(), self.number(1.0));
        let mut rows = beside(system, right);
        let mut inverses = Vec::new();
        for k in 0..n {
            for i in k + 1..n {
                self.bring_up(&mut rows, (k, i));
            }
            let inverse = self.div(one, rows[k][k]);
            inverses.push(inverse);
            let above = rows[k].clone();
            for row in &mut rows[k + 1..] {
                let factor = self.mul(row[k], inverse);
                for (entry, above) in row.iter_mut().zip(&above).skip(k + 1) {
                    *entry = self.less(*entry, factor, *above);
                }
            }
        }
        let mut solution = vec![Vec::new(); n];
        for k in (0..n).rev() {
            let (factors, values) = rows[k].split_at(n);
            let value = |(column, value): (usize, &Id)| {
                let known = factors.iter().zip(&solution).skip(k + 1);
                let rest = known.fold(*value, |rest, (factor, row)| self.less(rest, *factor, row[column]));
                self.mul(rest, inverses[k])
            };
            solution[k] = values.iter().enumerate().map(value).collect();
        }
        (solution, (0..n).map(|k| rows[k][k]).collect())
    }

    /// Lets row i change places with row k above it where its entry in column k is the larger one: done for all rows below, that is partial pivoting.
    fn bring_up(&mut self, rows: &mut Matrix, (k, i): (usize, usize)) {
        if self.is(rows[i][k], 0.0) {
            return;
        }
        let [above, below] = [k, i].map(|row| self.apply(Operation::Abs, &[rows[row][k]]));
        let is_larger = self.apply(Operation::Less, &[above, below]);
        for column in k..rows[k].len() {
            let [upper, lower] = [rows[k][column], rows[i][column]];
            rows[k][column] = self.select(is_larger, lower, upper);
            rows[i][column] = self.select(is_larger, upper, lower);
        }
    }
}
