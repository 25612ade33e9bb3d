//! The linear-quadratic regulator, symbolically: the gains K with which u = −K x keeps ∫ xᵀQx + R u² dt least for x' = A x + B u.
//!
//! K = BᵀX/R, where X solves the algebraic Riccati equation Aᵀ X + X A − X B R⁻¹ Bᵀ X + Q = 0 and A − B K is stable. A graph has no
//! loops, so everything is done a fixed number of times:
//!
//! 1. A Cayley transform with γ > 0 makes a discrete equation with the same solution, and the structure-preserving doubling algorithm solves that, each
//!    step as far as all before it together (Chu, Fan & Lin 2005, doi:10.1016/j.laa.2004.10.010). γ is the geometric mean of the closed loop's
//!    eigenvalues, from the determinant of the Hamiltonian matrix, so that the slowest and the fastest converge alike.
//! 2. Two steps of Newton's method (Kleinman 1968, doi:10.1109/TAC.1968.1098829) from the residual take away what was lost to rounding; their Lyapunov
//!    equations are solved by doubling as well (Smith 1968, doi:10.1137/0116017).
//!
//! Systems are solved with partial pivoting: rows change places by a comparison and a choice of each entry. Where there is no such X, or rounding leaves too
//! little of it, the gains are NaN: where A − B K is not seen to be stable, the correction is not small, or R is not above 0.

use super::matrix::{Matrix, beside, blocks, transposed};
use super::{Graph, Id, Operation};

/// How often the time that is looked ahead is doubled: enough where the magnitudes of the closed loop's eigenvalues are within six decades.
const DOUBLINGS: usize = 14;
/// The largest sum of what is left of the closed loop's motion after all of that time.
const LEFT_MAX: f64 = 1e-6;
/// The largest share of X that the last step of Newton's may correct; what is left then is about its square.
const CORRECTION_MAX: f64 = 1e-5;

/// What a step of Newton's method gives.
struct Corrected {
    x: Matrix,
    /// By how much X was corrected.
    by: Matrix,
    /// What is left of the closed loop's motion in the end, as a sum of magnitudes.
    left: Id,
}

impl Graph {
    /// The gains K of the regulator, one for each row of a square `a`, which has as many rows as `b` and the symmetric `q`.
    pub(crate) fn regulator(&mut self, a: &Matrix, b: &[Id], q: &Matrix, r: Id) -> Vec<Id> {
        let one = self.number(1.0);
        let weight = self.div(one, r);
        let rows = b.iter().map(|row| b.iter().map(|column| self.mul(*row, *column)).collect()).collect();
        let spread = self.times(weight, &rows);
        let shift = self.shift(a, &spread, q);
        let rough = self.doubled(a, &spread, q, shift);
        let better = self.corrected(a, b, (q, r), &rough, shift).x;
        let last = self.corrected(a, b, (q, r), &better, shift);
        let is_good = self.is_good(r, &last);
        let nothing = self.number(f64::NAN);
        let gains = self.gains(b, &last.x, r);
        gains.into_iter().map(|gain| self.select(is_good, gain, nothing)).collect()
    }

    /// Whether R is above 0, the closed loop stable, and the last correction small.
    fn is_good(&mut self, r: Id, last: &Corrected) -> Id {
        let [zero, share] = [0.0, CORRECTION_MAX].map(|number| self.number(number));
        let mut is_good = self.apply(Operation::Less, &[zero, r]);
        let mut bounds = vec![(last.left, self.number(LEFT_MAX))];
        for k in 0..last.x.len() {
            let size = self.apply(Operation::Abs, &[last.by[k][k]]);
            bounds.push((size, self.mul(share, last.x[k][k])));
        }
        for (size, bound) in bounds {
            let is_small = self.apply(Operation::LessEqual, &[size, bound]);
            is_good = self.apply(Operation::And, &[is_good, is_small]);
        }
        is_good
    }

    /// The gain Kr of a reference with which y = C x comes to rest at it under u = Kr·reference − K x: −1/(C (A − B K)⁻¹ B).
    pub(crate) fn reference_gain(&mut self, a: &Matrix, b: &[Id], gains: &[Id], c: &[Id]) -> Id {
        let closed = self.closed(a, b, gains);
        let right = b.iter().map(|entry| vec![*entry]).collect();
        let rest: Vec<Id> = self.solved_for(&closed, &right).0.into_iter().flatten().collect();
        let moves = self.dot(c.iter().copied().zip(rest));
        let less = self.number(-1.0);
        self.div(less, moves)
    }

    /// γ: the geometric mean of the magnitudes of the closed loop's eigenvalues, which with their negatives are those of [A −G; −Q −Aᵀ].
    fn shift(&mut self, a: &Matrix, g: &Matrix, q: &Matrix) -> Id {
        let against = self.negative(&transposed(a));
        let [g, q] = [g, q].map(|block| self.negative(block));
        let (_, pivots) = self.solved_for(&blocks([a, &g], [&q, &against]), &vec![Vec::new(); 2 * a.len()]);
        let one = self.number(1.0);
        let determinant = pivots.into_iter().fold(one, |product, pivot| self.mul(product, pivot));
        let size = self.apply(Operation::Abs, &[determinant]);
        #[allow(clippy::cast_precision_loss, reason = "a few states")]
        let root = self.number(0.5 / a.len() as f64);
        self.apply(Operation::Pow, &[size, root])
    }

    /// X by doubling.
    fn doubled(&mut self, a: &Matrix, spread: &Matrix, q: &Matrix, shift: Id) -> Matrix {
        let n = a.len();
        // [x⁺; y] = (γ + N)(γ − N)⁻¹ [x; y⁺] with N = [A −G; Q Aᵀ] is [A₀ −G₀; H₀ A₀ᵀ].
        let less = self.negative(spread);
        let cayley = self.cayley(&blocks([a, &less], [q, &transposed(a)]), shift).0;
        let block = |rows: usize, columns: usize| -> Matrix {
            cayley[rows..rows + n].iter().map(|row| row[columns..columns + n].to_vec()).collect()
        };
        let mut a = block(0, 0);
        let less = self.negative(&block(0, n));
        let [mut g, mut h] = [less, block(n, 0)].map(|side| self.symmetric(&side));
        for _ in 0..DOUBLINGS {
            let product = self.product(&g, &h);
            let system = self.plus_diagonal(product, 1.0);
            let solution = self.solved_for(&system, &beside(&a, &g)).0;
            let [by_a, by_g]: [Matrix; 2] =
                [0, n].map(|from| solution.iter().map(|row| row[from..from + n].to_vec()).collect());
            let turned = transposed(&a);
            let part = self.product(&a, &by_g);
            g = self.plus_symmetric(&g, &part, &turned);
            let part = self.product(&h, &by_a);
            h = self.plus_symmetric(&h, &turned, &part);
            a = self.product(&a, &by_a);
        }
        h
    }

    /// X after a step of Newton's method.
    fn corrected(&mut self, a: &Matrix, b: &[Id], (q, r): (&Matrix, Id), x: &Matrix, shift: Id) -> Corrected {
        let n = a.len();
        let gains = self.gains(b, x, r);
        let product = self.product(x, a);
        let mut residual = q.clone();
        for i in 0..n {
            for j in i..n {
                let both = self.add(product[i][j], product[j][i]);
                let quadratic = self.mul(r, gains[i]);
                let sum = self.add(both, q[i][j]);
                residual[i][j] = self.less(sum, quadratic, gains[j]);
                residual[j][i] = residual[i][j];
            }
        }
        let closed = self.closed(a, b, &gains);
        let (mut motion, inverse) = self.cayley(&closed, shift);
        let part = self.product(&residual, &inverse);
        let zero = self.number(0.0);
        let nothing = vec![vec![zero; n]; n];
        let sum = self.plus_symmetric(&nothing, &transposed(&inverse), &part);
        let twice = self.add(shift, shift);
        let mut correction = self.times(twice, &sum);
        for _ in 0..DOUBLINGS {
            let part = self.product(&correction, &motion);
            correction = self.plus_symmetric(&correction, &transposed(&motion), &part);
            motion = self.product(&motion, &motion);
        }
        let mut left = zero;
        for entry in motion.iter().flatten() {
            let size = self.apply(Operation::Abs, &[*entry]);
            left = self.add(left, size);
        }
        Corrected { x: self.plus(x, &correction), by: correction, left }
    }

    /// BᵀX/R
    fn gains(&mut self, b: &[Id], x: &Matrix, r: Id) -> Vec<Id> {
        let mut gain = |column: &Vec<Id>| {
            let sum = self.dot(b.iter().copied().zip(column.iter().copied()));
            self.div(sum, r)
        };
        // X is symmetric.
        x.iter().map(&mut gain).collect()
    }

    /// A − B K
    fn closed(&mut self, a: &Matrix, b: &[Id], gains: &[Id]) -> Matrix {
        let row = |(row, b): (&Vec<Id>, &Id)| -> Vec<Id> {
            row.iter().zip(gains).map(|(entry, gain)| self.less(*entry, *b, *gain)).collect()
        };
        a.iter().zip(b).map(row).collect()
    }

    /// (γ + M)(γ − M)⁻¹ = 2γ(γ − M)⁻¹ − 1, and (γ − M)⁻¹.
    fn cayley(&mut self, m: &Matrix, shift: Id) -> (Matrix, Matrix) {
        let n = m.len();
        let [zero, one] = [0.0, 1.0].map(|number| self.number(number));
        let mut system = self.negative(m);
        for (k, row) in system.iter_mut().enumerate() {
            row[k] = self.add(shift, row[k]);
        }
        let unit = (0..n).map(|i| (0..n).map(|j| if i == j { one } else { zero }).collect()).collect();
        let inverse = self.solved_for(&system, &unit).0;
        let twice = self.add(shift, shift);
        let scaled = self.times(twice, &inverse);
        (self.plus_diagonal(scaled, -1.0), inverse)
    }
}
