//! The certificate of a loop of models as it is sampled: the Jacobian of one control period at the equilibrium, by dual numbers.
//!
//! With x all that moves (states of the plant, what law and actuator remember), a step is x⁺ = F(x). At an equilibrium x = F(x), found by
//! Newton's method from where the model starts or, where that fails, from where it has come after a simulation, the eigenvalues z of ∂F/∂x say whether small disturbances die out; they are shown as
//! those of continuous time, s = log(z)/T (Åström & Wittenmark 1997, *Computer-Controlled Systems*, section 2.4). A z of 0 is over after a
//! step and is left out.

use std::sync::{Mutex, PoisonError};

use nalgebra::{SMatrix, SVector, Schur};

use super::{Certificate, Eigenvalue, MARGIN, SAMPLED_MAX, Spectrum, Verdict};
use crate::program::{Dual, Tape};

/// Steps of Newton's method at most, and the step that ends it, relative to the state.
const STEPS_MAX: usize = 60;
const NEAR: f64 = 1e-10;
/// Eigenvalues below this are over after a step.
const OVER: f64 = 1e-9;

type Matrix = SMatrix<f64, SAMPLED_MAX, SAMPLED_MAX>;
type Vector = SVector<f64, SAMPLED_MAX>;

/// A step of a loop, as it is differentiated.
#[derive(Debug, Clone)]
pub struct SampledLoop {
    /// Inputs, then carried values → carried values.
    pub advance: Tape,
    /// How many gains come first among the inputs.
    pub gains: usize,
    /// All inputs, then all carried values as they are at the start.
    pub start: Vec<f64>,
    /// The places of what moves among the carried values.
    pub moving: Vec<usize>,
    /// How many inputs there are.
    pub inputs: usize,
    /// The control period in s.
    pub period: f64,
    /// Steps after which a loop may be at rest, where Newton's method finds no equilibrium from its start.
    pub steps: u64,
}

/// What a certificate needs to reckon with.
struct Scratch {
    numbers: Vec<f64>,
    room: Vec<Dual>,
    /// Of single numbers.
    plain: Vec<f64>,
}

/// Certifies gain vectors of a loop.
pub struct Certifying {
    of: SampledLoop,
    scratch: Mutex<Scratch>,
}

impl Certifying {
    /// Of a loop.
    #[must_use]
    pub fn new(of: SampledLoop) -> Self {
        let room = of.advance.room();
        let scratch =
            Scratch { numbers: of.start.clone(), room: vec![Dual::default(); room], plain: vec![0.0; room] };
        Self { of, scratch: scratch.into() }
    }

    /// The certificate of a gain vector.
    ///
    /// # Allocation
    ///
    /// None.
    #[must_use]
    pub fn certify(&self, gains: &[f64]) -> Certificate {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let order = self.of.moving.len();
        if order == 0 || order > SAMPLED_MAX {
            return Certificate::UNKNOWN;
        }
        self.begin(&mut scratch, gains);
        let found = self.at_the_equilibrium(&mut scratch).or_else(|| {
            self.begin(&mut scratch, gains);
            self.settle(&mut scratch);
            self.at_the_equilibrium(&mut scratch)
        });
        let Some(jacobian) = found else { return Certificate::UNKNOWN };
        let Some(spectrum) = self.spectrum(&jacobian) else { return Certificate::UNKNOWN };
        let max_real_part = spectrum.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max);
        let verdict = match max_real_part {
            re if re < -MARGIN => Verdict::Stable,
            re if re <= MARGIN => Verdict::Marginal,
            _ => Verdict::Unstable,
        };
        Certificate {
            verdict,
            max_real_part,
            sliding: Spectrum::EMPTY,
            closed_loop: Some(spectrum),
            is_sampled: true,
        }
    }

    fn begin(&self, scratch: &mut Scratch, gains: &[f64]) {
        scratch.numbers.copy_from_slice(&self.of.start);
        for (place, gain) in scratch.numbers.iter_mut().zip(gains).take(self.of.gains) {
            *place = *gain;
        }
    }

    /// Goes on until the loop may be at rest: a law that is at its limit where it starts leads Newton's method astray.
    fn settle(&self, Scratch { numbers, plain, .. }: &mut Scratch) {
        for _ in 0..self.of.steps {
            let after = self.of.advance.run(numbers.iter().copied(), plain);
            for (place, value) in after.enumerate() {
                numbers[self.of.inputs + place] = value;
            }
        }
    }

    /// The Jacobian where a step changes nothing.
    fn at_the_equilibrium(&self, scratch: &mut Scratch) -> Option<Matrix> {
        let SampledLoop { moving, inputs, .. } = &self.of;
        for _ in 0..STEPS_MAX {
            let (jacobian, residual) = self.linearised(scratch);
            let order = moving.len();
            if !jacobian.iter().chain(residual.iter()).all(|number| number.is_finite()) {
                return None;
            }
            // Padded with ones, so that what is beyond the order solves to nothing.
            let mut matrix = Matrix::identity() - jacobian;
            for k in order..SAMPLED_MAX {
                matrix[(k, k)] = 1.0;
            }
            // Where the loop leaves something free to stand anywhere, it stands where it is.
            let change = matrix.full_piv_lu().solve(&residual).unwrap_or_else(Vector::zeros);
            let mut is_near = true;
            for (k, place) in moving.iter().enumerate() {
                let number = &mut scratch.numbers[inputs + place];
                is_near &= change[k].abs() <= NEAR * (1.0 + number.abs());
                *number += change[k];
            }
            if is_near {
                let (jacobian, residual) = self.linearised(scratch);
                let rests = moving.iter().enumerate().all(|(k, place)| {
                    residual[k].abs() <= 1e-6 * (1.0 + scratch.numbers[inputs + place].abs())
                });
                return rests.then_some(jacobian);
            }
        }
        None
    }

    /// ∂F/∂x and F(x) − x.
    fn linearised(&self, Scratch { numbers, room, .. }: &mut Scratch) -> (Matrix, Vector) {
        let SampledLoop { advance, moving, inputs, .. } = &self.of;
        let (mut jacobian, mut residual) = (Matrix::zeros(), Vector::zeros());
        for (column, by) in moving.iter().enumerate() {
            let dual = |(place, value): (usize, &f64)| Dual {
                value: *value,
                slope: if place == inputs + by { 1.0 } else { 0.0 },
            };
            let results = advance.run_dual(numbers.iter().enumerate().map(dual), room);
            for (place, result) in results.enumerate() {
                if let Some(row) = moving.iter().position(|moving| *moving == place) {
                    jacobian[(row, column)] = result.slope;
                    residual[row] = result.value - numbers[inputs + place];
                }
            }
        }
        (jacobian, residual)
    }

    /// The eigenvalues of the leading block as those of continuous time, largest real part first.
    fn spectrum(&self, jacobian: &Matrix) -> Option<Spectrum> {
        const ITERATIONS_MAX: usize = 1000;
        let schur = Schur::try_new(*jacobian, f64::EPSILON, ITERATIONS_MAX)?;
        let mut values = [Eigenvalue { re: 0.0, im: 0.0 }; SAMPLED_MAX];
        let mut count = 0;
        for z in &schur.complex_eigenvalues() {
            // What pads the matrix is 0 too.
            let size = z.re.hypot(z.im);
            if size > OVER {
                let im = libm::atan2(z.im, z.re) / self.of.period;
                values[count] = Eigenvalue { re: libm::log(size) / self.of.period, im };
                count += 1;
            }
        }
        values[..count].sort_unstable_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
        Some(Spectrum::of(&values[..count]))
    }
}
