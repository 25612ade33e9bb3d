//! Square matrices of any order in memory that the caller lends: balancing, Hessenberg form, eigenvalues, linear equations.
//!
//! A matrix of order n is n·n numbers, row by row. Nothing here allocates. Sources: Parlett & Reinsch 1969 (doi:10.1007/BF02165404) for balancing,
//! Martin & Wilkinson 1968 (doi:10.1007/BF02161361) for the Hessenberg form, Francis 1961 (doi:10.1093/comjnl/4.3.265) and Martin, Peters &
//! Wilkinson 1970 (doi:10.1007/BF02163032) for the QR iteration; Golub & Van Loan 2013, *Matrix Computations*, chapter 7.

/// A linear system x⁺ = A x + B p, y = C x: A of order n, a column of B and a row of C behind one another a loop.
pub(super) struct System<'a> {
    pub(super) n: usize,
    pub(super) a: &'a mut [f64],
    pub(super) b: &'a mut [f64],
    pub(super) c: &'a mut [f64],
}

impl System<'_> {
    /// Scales the states by powers of two so that rows and columns of A are of one size; no number is rounded.
    pub(super) fn balance(&mut self) {
        const RADIX: f64 = 2.0;
        let n = self.n;
        let mut is_done = false;
        while !is_done {
            is_done = true;
            for i in 0..n {
                let others = || (0..n).filter(|j| *j != i);
                let mut column: f64 = others().map(|j| self.a[j * n + i].abs()).sum();
                let row: f64 = others().map(|j| self.a[i * n + j].abs()).sum();
                if column == 0.0 || row == 0.0 || !(column + row).is_finite() {
                    continue;
                }
                let before = column + row;
                let mut factor = 1.0;
                while column < row / RADIX {
                    factor *= RADIX;
                    column *= RADIX * RADIX;
                }
                while column >= row * RADIX {
                    factor /= RADIX;
                    column /= RADIX * RADIX;
                }
                if (column + row) / factor < 0.95 * before {
                    is_done = false;
                    self.scale(i, factor);
                }
            }
        }
    }

    /// Counts a state in units of `factor`.
    fn scale(&mut self, i: usize, factor: f64) {
        let n = self.n;
        for j in 0..n {
            self.a[i * n + j] /= factor;
            self.a[j * n + i] *= factor;
        }
        self.b.iter_mut().skip(i).step_by(n).for_each(|number| *number /= factor);
        self.c.iter_mut().skip(i).step_by(n).for_each(|number| *number *= factor);
    }

    /// Turns the states so that A has zeros below its first subdiagonal, by reflections; `room` has 2n numbers.
    pub(super) fn turn(&mut self, room: &mut [f64]) {
        let n = self.n;
        let (v, sums) = room[..2 * n].split_at_mut(n);
        for k in 0..n.saturating_sub(2) {
            let from = k + 1;
            if (from + 1..n).all(|i| self.a[i * n + k] == 0.0) {
                continue;
            }
            for (i, v) in v.iter_mut().enumerate().skip(from) {
                *v = self.a[i * n + k];
            }
            let norm = v[from..].iter().map(|x| x * x).sum::<f64>().sqrt();
            v[from] += norm.copysign(v[from]);
            let square: f64 = v[from..].iter().map(|x| x * x).sum();
            if square.is_nan() {
                continue;
            }
            // Numbers so small that 2/square would overflow are as good as zeros.
            if square > f64::MIN_POSITIVE / f64::EPSILON {
                self.reflect(&v[from..], from, 2.0 / square, sums);
            }
            for i in from + 1..n {
                self.a[i * n + k] = 0.0;
            }
        }
    }

    /// A → P A P, B → P B, C → C P with P = I − by·v vᵀ, v 0 before `from`.
    fn reflect(&mut self, v: &[f64], from: usize, by: f64, sums: &mut [f64]) {
        let n = self.n;
        // Row by row, as the numbers lie.
        sums.fill(0.0);
        for (row, v) in self.a.chunks_exact(n).skip(from).zip(v) {
            sums.iter_mut().zip(row).for_each(|(sum, a)| *sum += v * a);
        }
        for (row, v) in self.a.chunks_exact_mut(n).skip(from).zip(v) {
            row.iter_mut().zip(sums.iter()).for_each(|(a, sum)| *a -= by * v * sum);
        }
        let rows = self.a.chunks_exact_mut(n);
        for row in rows.chain(self.b.chunks_exact_mut(n)).chain(self.c.chunks_exact_mut(n)) {
            let dot: f64 = row[from..].iter().zip(v).map(|(a, v)| a * v).sum();
            row[from..].iter_mut().zip(v).for_each(|(a, v)| *a -= by * dot * v);
        }
    }
}

/// The eigenvalues of a matrix in Hessenberg form, which is overwritten; false where the iteration does not converge or a number is not finite.
pub(super) fn eigenvalues(h: &mut [f64], n: usize, re: &mut [f64], im: &mut [f64]) -> bool {
    const ITERATIONS_MAX: usize = 100;
    const PATIENCE: usize = 20;
    if !h[..n * n].iter().all(|number| number.is_finite()) {
        return false;
    }
    let norm: f64 =
        (0..n).flat_map(|i| (i.saturating_sub(1)..n).map(move |j| i * n + j)).map(|at| h[at].abs()).sum();
    let mut qr = Francis { h, n, norm, shifted: 0.0 };
    let (mut end, mut iterations) = (n, 0);
    while end > 0 {
        let high = end - 1;
        let low = qr.split(high, iterations > PATIENCE);
        if low == high {
            (re[high], im[high]) = (qr.at(high, high) + qr.shifted, 0.0);
            (end, iterations) = (high, 0);
        } else if low + 1 == high {
            let pair = qr.pair(high);
            ((re[low], im[low]), (re[high], im[high])) = (pair[0], pair[1]);
            (end, iterations) = (low, 0);
        } else if iterations == ITERATIONS_MAX {
            return false;
        } else {
            qr.iterate(low, high, iterations);
            iterations += 1;
        }
    }
    true
}

struct Francis<'a> {
    h: &'a mut [f64],
    n: usize,
    norm: f64,
    /// What exceptional shifts have taken from the diagonal.
    shifted: f64,
}

impl Francis<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.h[i * self.n + j]
    }

    fn put(&mut self, i: usize, j: usize, value: f64) {
        self.h[i * self.n + j] = value;
    }

    /// Where the block that ends with `high` begins: behind the last subdiagonal that is as good as 0 beside its neighbours, or beside the
    /// whole matrix where the iteration does not come to an end otherwise.
    fn split(&self, high: usize, is_late: bool) -> usize {
        let is_small = |l: &usize| {
            let near = self.at(l - 1, l - 1).abs() + self.at(*l, *l).abs();
            let near = if near == 0.0 || is_late { self.norm } else { near };
            self.at(*l, l - 1).abs() <= f64::EPSILON * near
        };
        (1..=high).rev().find(is_small).unwrap_or(0)
    }

    /// The eigenvalues of the last two rows.
    fn pair(&self, high: usize) -> [(f64, f64); 2] {
        let (x, y) = (self.at(high, high), self.at(high - 1, high - 1));
        let w = self.at(high, high - 1) * self.at(high - 1, high);
        let p = 0.5 * (y - x);
        let q = p * p + w;
        let root = q.abs().sqrt();
        let x = x + self.shifted;
        if q < 0.0 {
            return [(x + p, root), (x + p, -root)];
        }
        let z = p + root.copysign(p);
        let second = if z == 0.0 { x } else { x - w / z };
        [(x + z, 0.0), (second, 0.0)]
    }

    /// The shifts: sum, and product less what is off the diagonal.
    fn shifts(&mut self, high: usize, iteration: usize) -> [f64; 3] {
        if iteration % 10 == 9 {
            let x = self.at(high, high);
            self.shifted += x;
            for i in 0..=high {
                self.h[i * self.n + i] -= x;
            }
            let s = self.at(high, high - 1).abs() + self.at(high - 1, high - 2).abs();
            return [0.75 * s, 0.75 * s, -0.4375 * s * s];
        }
        let w = self.at(high, high - 1) * self.at(high - 1, high);
        [self.at(high, high), self.at(high - 1, high - 1), w]
    }

    /// One double step on the block from `low` to `high`.
    fn iterate(&mut self, low: usize, high: usize, iteration: usize) {
        let [x, y, w] = self.shifts(high, iteration);
        let mut start = high - 2;
        let mut first;
        loop {
            let z = self.at(start, start);
            let (r, s) = (x - z, y - z);
            first = [
                (r * s - w) / self.at(start + 1, start) + self.at(start, start + 1),
                self.at(start + 1, start + 1) - z - r - s,
                self.at(start + 2, start + 1),
            ];
            let size: f64 = first.iter().map(|part| part.abs()).sum();
            first = first.map(|part| part / size);
            if start == low {
                break;
            }
            let near = self.at(start - 1, start - 1).abs() + z.abs() + self.at(start + 1, start + 1).abs();
            let left = self.at(start, start - 1).abs() * (first[1].abs() + first[2].abs());
            if left <= f64::EPSILON * first[0].abs() * near {
                break;
            }
            start -= 1;
        }
        for i in start + 2..=high {
            self.put(i, i - 2, 0.0);
            if i > start + 2 {
                self.put(i, i - 3, 0.0);
            }
        }
        for k in start..high {
            self.chase([low, start, high], k, first);
        }
    }

    /// Takes the bulge from row k on to the next.
    fn chase(&mut self, [low, start, high]: [usize; 3], k: usize, first: [f64; 3]) {
        let is_last = k + 1 == high;
        let [mut p, mut q, mut r] = first;
        let mut size = 1.0;
        if k > start {
            (p, q) = (self.at(k, k - 1), self.at(k + 1, k - 1));
            r = if is_last { 0.0 } else { self.at(k + 2, k - 1) };
            size = p.abs() + q.abs() + r.abs();
            if size == 0.0 {
                return;
            }
            (p, q, r) = (p / size, q / size, r / size);
        }
        let s = (p * p + q * q + r * r).sqrt().copysign(p);
        if s == 0.0 {
            return;
        }
        if k > start {
            self.put(k, k - 1, -s * size);
        } else if low < start {
            let turned = -self.at(k, k - 1);
            self.put(k, k - 1, turned);
        }
        p += s;
        let [x, y, z] = [p / s, q / s, r / s];
        (q, r) = (q / p, r / p);
        for j in k..=high {
            let third = if is_last { 0.0 } else { self.at(k + 2, j) };
            let sum = self.at(k, j) + q * self.at(k + 1, j) + r * third;
            self.h[k * self.n + j] -= sum * x;
            self.h[(k + 1) * self.n + j] -= sum * y;
            if !is_last {
                self.h[(k + 2) * self.n + j] -= sum * z;
            }
        }
        for i in low..=high.min(k + 3) {
            let third = if is_last { 0.0 } else { self.at(i, k + 2) };
            let sum = x * self.at(i, k) + y * self.at(i, k + 1) + z * third;
            self.h[i * self.n + k] -= sum;
            self.h[i * self.n + k + 1] -= sum * q;
            if !is_last {
                self.h[i * self.n + k + 2] -= sum * r;
            }
        }
    }
}

/// Solves A x = b by elimination with full pivoting, in place: the solution is in `b`, 0 where A leaves it free. `places` has n numbers.
pub(super) fn solve(a: &mut [f64], n: usize, b: &mut [f64], places: &mut [usize]) {
    /// What is left of a matrix that is singular, relative to its largest number.
    const NOTHING: f64 = 1e-13;
    let largest = a[..n * n].iter().fold(0.0_f64, |most, number| most.max(number.abs()));
    places[..n].iter_mut().enumerate().for_each(|(place, of)| *of = place);
    let mut rank = n;
    for k in 0..n {
        let all = (k..n).flat_map(|i| (k..n).map(move |j| (i, j)));
        let (row, column) =
            all.max_by(|x, y| a[x.0 * n + x.1].abs().total_cmp(&a[y.0 * n + y.1].abs())).unwrap_or((k, k));
        let pivot = a[row * n + column].abs();
        if pivot.is_nan() || pivot <= NOTHING * largest {
            rank = k;
            break;
        }
        for j in 0..n {
            a.swap(k * n + j, row * n + j);
        }
        b.swap(k, row);
        for i in 0..n {
            a.swap(i * n + k, i * n + column);
        }
        places.swap(k, column);
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] -= factor * a[k * n + j];
            }
            b[i] -= factor * b[k];
        }
    }
    b[rank..n].fill(0.0);
    for k in (0..rank).rev() {
        let known: f64 = (k + 1..rank).map(|j| a[k * n + j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k * n + k];
    }
    // The unknowns back to their places, a cycle at a time.
    for k in 0..n {
        while places[k] != k {
            let to = places[k];
            b.swap(k, to);
            places.swap(k, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(rows: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let n = rows.len();
        let mut a = rows.concat();
        let (mut v, mut re, mut im) = (vec![0.0; 2 * n], vec![0.0; n], vec![0.0; n]);
        let mut system = System { n, a: &mut a, b: &mut [], c: &mut [] };
        system.balance();
        system.turn(&mut v);
        assert!(eigenvalues(&mut a, n, &mut re, &mut im));
        let mut found: Vec<(f64, f64)> = re.into_iter().zip(im).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        found
    }

    #[test]
    fn the_eigenvalues_of_matrices_with_known_spectra_are_found() {
        // The companion matrix of (s+1)(s+2)(s+3)(s²+2s+5).
        let mut companion = vec![vec![0.0; 5]; 5];
        companion[0] = vec![-8.0, -28.0, -58.0, -67.0, -30.0];
        for k in 1..5 {
            companion[k][k - 1] = 1.0;
        }
        let expected = [(-3.0, 0.0), (-2.0, 0.0), (-1.0, -2.0), (-1.0, 0.0), (-1.0, 2.0)];
        let mut found = spectrum(&companion);
        // Those of real part −1 in the order of their imaginary parts.
        found[2..].sort_by(|a, b| a.1.total_cmp(&b.1));
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found.0 - expected.0).abs() + (found.1 - expected.1).abs() < 1e-9,
                "{found:?} and {expected:?}"
            );
        }
        // The discrete Laplacian on n points: −2 + 2 cos(kπ/(n + 1)).
        let n = 60;
        let laplacian = |i: usize, j: usize| [-2.0, 1.0, 0.0][i.abs_diff(j).min(2)];
        let rows: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| laplacian(i, j)).collect()).collect();
        for (k, found) in (1..=n).rev().zip(spectrum(&rows)) {
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let expected = -2.0 + 2.0 * (k as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            assert!((found.0 - expected).abs() < 1e-12 && found.1 == 0.0, "{found:?} and {expected}");
        }
        // The cyclic shift of n places: the n-th roots of 1.
        let shift = |i: usize, j: usize| f64::from(u8::from((i + 1) % n == j));
        let rows: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| shift(i, j)).collect()).collect();
        assert!(spectrum(&rows).iter().all(|z| (z.0.hypot(z.1) - 1.0).abs() < 1e-12));
        // A triangular matrix: its diagonal.
        let triangular = [vec![-4.0, 7.0, 1.0], vec![0.0, 0.5, 9.0], vec![0.0, 0.0, -1e3]];
        let found = spectrum(&triangular);
        assert!(found.iter().zip([-1e3, -4.0, 0.5]).all(|(z, re)| (z.0 - re).abs() < 1e-9 && z.1 == 0.0));
        assert_eq!(spectrum(&[vec![-2.5]]), [(-2.5, 0.0)]);
    }

    #[test]
    fn numbers_whose_squares_underflow_are_as_good_as_zeros() {
        for tiny in [1e-150, 1e-156, 1e-162, 1e-300] {
            let mut a =
                vec![0.9, 2.0, 1.0, -3.0, tiny, 0.5, 4.0, 2.0, tiny, tiny, 0.2, 5.0, tiny, -tiny, tiny, -0.3];
            let (mut v, mut re, mut im) = ([0.0; 8], [0.0; 4], [0.0; 4]);
            System { n: 4, a: &mut a, b: &mut [], c: &mut [] }.turn(&mut v);
            assert!(eigenvalues(&mut a, 4, &mut re, &mut im), "{tiny:e}");
            re.sort_by(f64::total_cmp);
            assert!(re.iter().zip([-0.3, 0.2, 0.5, 0.9]).all(|(re, own)| (re - own).abs() < 1e-12), "{re:?}");
        }
    }

    #[test]
    fn a_matrix_that_is_not_finite_has_no_eigenvalues() {
        let (mut re, mut im) = ([0.0; 2], [0.0; 2]);
        assert!(!eigenvalues(&mut [1.0, f64::NAN, 0.0, 1.0], 2, &mut re, &mut im));
    }

    #[test]
    fn what_a_singular_matrix_leaves_free_stays_where_it_is() {
        let (mut a, mut b, mut places) =
            (vec![0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0], vec![4.0, 0.0, 5.0], [0; 3]);
        solve(&mut a, 3, &mut b, &mut places);
        assert_eq!(b, [3.0, 0.0, 2.0]);
    }
}
