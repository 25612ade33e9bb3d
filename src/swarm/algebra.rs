//! The linear algebra that the swarm needs, without allocation; matrices are row-major.

/// The scalar product.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle of a symmetric matrix becomes its triangular factor (Cholesky), the upper one 0.
///
/// A direction in which the matrix is not positive, but for rounding, keeps a 10⁻¹⁰th of its length.
pub(super) fn factorise(matrix: &mut [f64], dimensions: usize) {
    const SMALLEST: f64 = 1e-20;
    for i in 0..dimensions {
        let row = i * dimensions;
        for j in 0..=i {
            let other = j * dimensions;
            let rest = matrix[row + j] - dot(&matrix[row..row + j], &matrix[other..other + j]);
            matrix[row + j] = if j < i {
                rest / matrix[other + j]
            } else {
                rest.max(SMALLEST * matrix[row + i]).max(f64::MIN_POSITIVE).sqrt()
            };
        }
        matrix[row + i + 1..row + dimensions].fill(0.0);
    }
}

/// Replaces a vector by the solution of L x = vector, for the triangular L of [`factorise`].
pub(super) fn solve(factor: &[f64], vector: &mut [f64]) {
    let dimensions = vector.len();
    for i in 0..dimensions {
        let row = &factor[i * dimensions..];
        vector[i] = (vector[i] - dot(&row[..i], &vector[..i])) / row[i];
    }
}

/// Replaces a vector by the solution of Lᵀ x = vector, for the triangular L of [`factorise`].
pub(super) fn solve_transposed(factor: &[f64], vector: &mut [f64]) {
    for (i, row) in factor.chunks_exact(vector.len()).enumerate().rev() {
        let x = vector[i] / row[i];
        for (rest, entry) in vector[..i].iter_mut().zip(row) {
            *rest -= x * entry;
        }
        vector[i] = x;
    }
}

/// Adds a share of their mean to the entries on the diagonal of a matrix.
#[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
pub(super) fn raise(matrix: &mut [f64], share: f64, dimensions: usize) {
    let trace: f64 = matrix.iter().step_by(dimensions + 1).sum();
    let ball = share * trace / dimensions as f64;
    matrix.iter_mut().step_by(dimensions + 1).for_each(|entry| *entry += ball);
}

/// Adds weight · vector vectorᵀ to the lower triangle of a matrix.
pub(super) fn add_square(matrix: &mut [f64], vector: &[f64], weight: f64) {
    for (i, line) in matrix.chunks_exact_mut(vector.len()).enumerate() {
        let factor = weight * vector[i];
        for (entry, other) in line.iter_mut().zip(&vector[..=i]) {
            *entry += factor * other;
        }
    }
}

/// Makes a matrix the identity.
pub(super) fn identity(matrix: &mut [f64], dimensions: usize) {
    matrix.fill(0.0);
    matrix.iter_mut().step_by(dimensions + 1).for_each(|diagonal| *diagonal = 1.0);
}

/// E|z| for z of so many standard normal numbers, to the second order.
#[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
pub(super) fn mean_length(dimensions: usize) -> f64 {
    let n = dimensions as f64;
    n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))
}
