//! The certificate of a gain vector: is the closed loop stable about upright?
//!
//! With the plant linearised at upright, q̈ = Aq·q + Av·q̇ + b·u, and the surface σ = d·q + c·q̇:
//!
//! - **sliding dynamics**: the motion on σ = 0 under the equivalent control u = −(c·(Aq q + Av q̇) + d·q̇)/β, β = c·b. Its
//!   2N − 1 eigenvalues are the zeros of σ/u (Utkin 1992, doi:10.1007/978-3-642-84379-2, chapter 5); they depend on the surface
//!   alone and decide whether any switching law can work.
//! - **closed loop**: for a law whose force has a finite slope at σ = 0, all 2N eigenvalues of the loop with the equivalent
//!   control as configured.
//!
//! It is a local statement: what happens far from upright is what the scenarios show.

use nalgebra::{DMatrix, DVector};

use crate::controllers::surface::{BETA_MIN, Surface};
use crate::registry::Member;

mod linear;

pub use linear::{Linearisation, linearise};

/// Real parts within this of 0, in 1/s, are neither stable nor unstable.
pub const MARGIN: f64 = 1e-6;

/// What the eigenvalues say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every real part is below −[`MARGIN`], and the reaching gains are positive.
    Stable,
    /// The largest real part is within [`MARGIN`] of 0.
    Marginal,
    /// A real part is above [`MARGIN`], or the law does not push toward the surface.
    Unstable,
}

impl Member for Verdict {
    const ALL: &'static [Self] = &[Self::Stable, Self::Marginal, Self::Unstable];

    fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Marginal => "marginal",
            Self::Unstable => "unstable",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Stable => "every disturbance near upright dies out",
            Self::Marginal => "some disturbance near upright neither grows nor dies out",
            Self::Unstable => "some disturbance near upright grows",
        }
    }
}

/// An eigenvalue in 1/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eigenvalue {
    /// Real part: the rate at which its motion grows.
    pub re: f64,
    /// Imaginary part: its angular frequency.
    pub im: f64,
}

/// The certificate of a gain vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// What the eigenvalues say.
    pub verdict: Verdict,
    /// The largest real part of those that apply, in 1/s; NaN where there are none because the force does not move σ.
    pub max_real_part: f64,
    /// Of the sliding dynamics, largest real part first.
    pub sliding: Vec<Eigenvalue>,
    /// Of the closed loop, for a law with a finite slope at σ = 0.
    pub closed_loop: Option<Vec<Eigenvalue>>,
}

/// How a law acts near the surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reaching {
    /// The force a unit of σ at σ = 0, where it is finite, in N s/rad.
    pub slope: Option<f64>,
    /// Whether the law pushes toward the surface at all.
    pub pushes: bool,
}

/// The certificate of a surface and a law on a linearised plant.
#[must_use]
pub fn certify<const N: usize>(
    plant: &Linearisation,
    surface: &Surface<f64, N>,
    reaching: Reaching,
) -> Certificate {
    let c = DVector::from_column_slice(&surface.on_rates);
    let d = DVector::from_column_slice(&surface.on_positions);
    let beta = c.dot(&plant.input);
    if beta.abs() < BETA_MIN {
        let (sliding, verdict) = (Vec::new(), Verdict::Unstable);
        return Certificate { verdict, max_real_part: f64::NAN, sliding, closed_loop: None };
    }
    let n = c.len();
    let mut equivalent = DVector::zeros(2 * n);
    equivalent.rows_mut(0, n).copy_from(&(plant.on_positions.transpose() * &c / -beta));
    equivalent.rows_mut(n, n).copy_from(&((plant.on_rates.transpose() * &c + &d) / -beta));
    let mut sigma = DVector::zeros(2 * n);
    sigma.rows_mut(0, n).copy_from(&d);
    sigma.rows_mut(n, n).copy_from(&c);

    let on_surface = complement(&sigma);
    let sliding = on_surface.transpose() * plant.closed(&equivalent) * &on_surface;
    let sliding = eigenvalues(&sliding);
    let closed_loop = reaching.slope.map(|slope| {
        let [_, eq_max] = surface.limits;
        let held = if eq_max > 0.0 { equivalent } else { DVector::zeros(2 * n) };
        eigenvalues(&plant.closed(&(held - sigma * (slope * beta.signum()))))
    });

    let applying = sliding.iter().chain(closed_loop.iter().flatten());
    let max_real_part = applying.map(|eigenvalue| eigenvalue.re).fold(f64::NEG_INFINITY, f64::max);
    let verdict = match max_real_part {
        _ if !reaching.pushes => Verdict::Unstable,
        re if re < -MARGIN => Verdict::Stable,
        re if re <= MARGIN => Verdict::Marginal,
        _ => Verdict::Unstable,
    };
    Certificate { verdict, max_real_part, sliding, closed_loop }
}

/// An orthonormal basis of the vectors perpendicular to `normal`, a column each: a Householder reflection without its
/// first column.
fn complement(normal: &DVector<f64>) -> DMatrix<f64> {
    let n = normal.len();
    let mut v = normal / normal.norm();
    v[0] += if v[0] < 0.0 { -1.0 } else { 1.0 };
    let reflection = DMatrix::identity(n, n) - &v * v.transpose() * (2.0 / v.norm_squared());
    reflection.columns(1, n - 1).into_owned()
}

/// The eigenvalues of a square matrix, largest real part first.
#[must_use]
pub fn eigenvalues(matrix: &DMatrix<f64>) -> Vec<Eigenvalue> {
    let values = matrix.complex_eigenvalues();
    let mut values: Vec<Eigenvalue> =
        values.iter().map(|value| Eigenvalue { re: value.re, im: value.im }).collect();
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    values
}
