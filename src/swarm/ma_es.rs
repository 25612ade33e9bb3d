//! The polish of a best position: MA-ES, an evolution strategy that adapts to the local shape of the objective.
//!
//! The matrix adaptation of Beyer & Sendhoff 2017, doi:10.1109/TEVC.2017.2680320: CMA-ES (Hansen & Ostermeier 2001,
//! doi:10.1162/106365601750190398) without the covariance matrix and its decomposition. With N dimensions, λ samples, the μ = ⌊λ/2⌋
//! best of them with weights wₖ ∝ ln((λ + 1)/2) − ln k that sum to 1, and μw = 1/Σ wₖ²:
//!
//! ```text
//! xₖ = y + σ dₖ,   dₖ = M zₖ,   zₖ standard normal
//! y₊ = y + σ Σ wₖ dₖ
//! s₊ = (1 − cs) s + √(μw cs (2 − cs)) Σ wₖ zₖ
//! M₊ = M (I + c1/2 (s₊ s₊ᵀ − I) + cw/2 (Σ wₖ zₖ zₖᵀ − I))
//! σ₊ = σ exp(cs/dσ (|s₊|/χ − 1)),   χ = E|z|
//!
//! cs = (μw + 2)/(μw + N + 5),   dσ = 1 + cs + 2 max(0, √((μw − 1)/(N + 1)) − 1)
//! c1 = 2/((N + 1.3)² + μw),     cw = min(1 − c1, 2 (μw + 1/μw − 2)/((N + 2)² + μw))
//! ```
//!
//! Samples beyond the box are judged on its border, and y is kept inside.

use super::Outcome;
use super::algebra::{dot, factorise, mean_length};
use super::outcome::sort;
use crate::archive::{Archive, Damage, Persist};
use crate::draw::{Draw, Purpose};
use crate::{Error, memory};

/// The strategy and its state; all positions lie in the unit cube.
pub(super) struct MaEs {
    weights: Box<[f64]>,
    mu_w: f64,
    mean: Box<[f64]>,
    path: Box<[f64]>,
    /// M, row-major.
    matrix: Box<[f64]>,
    sigma: f64,
    /// zₖ and dₖ, sample-major.
    normals: Box<[f64]>,
    steps: Box<[f64]>,
    cube: Box<[f64]>,
    order: Box<[usize]>,
    /// The best costs of the last generations, in a ring, and how many there have been since the start.
    costs: Box<[f64]>,
    age: u64,
    /// Room for a vector.
    scratch: Box<[f64]>,
}

/// A standard deviation, in widths of the box, below which nothing is left to polish.
const SMALLEST_STEP: f64 = 1e-13;
/// The range of the best costs of the last generations, as a share of the cost, below which nothing is left to gain.
const SMALLEST_GAIN: f64 = 1e-12;
/// The share of a ball in the first shape.
const BALL: f64 = 0.2;

impl MaEs {
    /// A strategy of `samples` samples a generation.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    pub(super) fn new(dimensions: usize, samples: usize) -> Result<Self, Error> {
        let what = "the polish (dimensions × samples)";
        let numbers = |count: usize| memory::filled(what, count, 0.0);
        let raw = |k: usize| libm::log(f64::midpoint(samples as f64, 1.0)) - libm::log(k as f64 + 1.0);
        let total: f64 = (0..samples / 2).map(raw).sum();
        let weights: Box<[f64]> = (0..samples / 2).map(|k| raw(k) / total).collect();
        Ok(Self {
            mu_w: 1.0 / weights.iter().map(|w| w * w).sum::<f64>(),
            weights,
            mean: numbers(dimensions)?,
            path: numbers(dimensions)?,
            matrix: numbers(dimensions * dimensions)?,
            sigma: 0.0,
            normals: numbers(dimensions * samples)?,
            steps: numbers(dimensions * samples)?,
            cube: numbers(dimensions * samples)?,
            order: memory::filled(what, samples, 0)?,
            costs: numbers(10 + (30 * dimensions).div_ceil(samples))?,
            age: 0,
            scratch: numbers(dimensions)?,
        })
    }

    /// Samples of a generation: 4 + ⌊3 ln N⌋ (Hansen & Ostermeier 2001), in pairs.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(super) fn samples(dimensions: usize) -> usize {
        4 + (3.0 * libm::log(dimensions as f64)) as usize
    }

    /// Starts at the best of a swarm with the shape of its personal bests, whose spread is `spread`; `sigma` is the first step size.
    ///
    /// M Mᵀ is the covariance of the personal bests, as a share of the spread, with a fifth of a ball mixed in.
    pub(super) fn start(&mut self, best: &[f64], bests: &[f64], spread: f64, sigma: f64) {
        self.mean.copy_from_slice(best);
        self.path.fill(0.0);
        self.sigma = sigma;
        self.age = 0;
        self.covariance(bests, spread * spread);
        factorise(&mut self.matrix, best.len());
    }

    /// The covariance of positions as a share of `variance`, with a fifth of a ball mixed in.
    #[allow(clippy::cast_precision_loss, reason = "a number of positions")]
    fn covariance(&mut self, positions: &[f64], variance: f64) {
        let dimensions = self.mean.len();
        let count = (positions.len() / dimensions) as f64;
        for (i, mean) in self.scratch.iter_mut().enumerate() {
            *mean = positions.iter().skip(i).step_by(dimensions).sum::<f64>() / count;
        }
        for (index, entry) in self.matrix.iter_mut().enumerate() {
            let (i, j) = (index / dimensions, index % dimensions);
            let product = |x: &[f64]| (x[i] - self.scratch[i]) * (x[j] - self.scratch[j]);
            let shared = positions.chunks_exact(dimensions).map(product).sum::<f64>() / count;
            let shape = if variance > 0.0 { shared / variance } else { 0.0 };
            *entry = (1.0 - BALL) * shape + if i == j { BALL } else { 0.0 };
        }
    }

    /// Draws the samples of a generation.
    pub(super) fn sample(&mut self, seed: u64, generation: u64) {
        let dimensions = self.mean.len();
        for sample in 0..self.order.len() {
            let row = sample * dimensions..(sample + 1) * dimensions;
            let normals = &mut self.normals[row.clone()];
            Draw::new(seed, Purpose::Polish, generation, sample).fill_normals(normals);
            let (steps, cube) = (&mut self.steps[row.clone()], &mut self.cube[row]);
            for (i, line) in self.matrix.chunks_exact(dimensions).enumerate() {
                steps[i] = dot(line, normals);
                cube[i] = (self.mean[i] + self.sigma * steps[i]).clamp(0.0, 1.0);
            }
        }
    }

    /// The samples in the unit cube, sample-major.
    pub(super) fn cube(&self) -> &[f64] {
        &self.cube
    }

    /// Takes an outcome a sample; true while there is something left to gain. It does not learn from an incomplete generation,
    /// which ends the search.
    #[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
    pub(super) fn learn(&mut self, outcomes: &[Outcome]) -> bool {
        if outcomes.len() < self.order.len() {
            return true;
        }
        sort(&mut self.order, outcomes);
        self.adapt();
        self.may_gain(outcomes[self.order[0]])
    }

    /// Moves the mean, and adapts path, shape and step size to the best samples.
    #[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
    fn adapt(&mut self) {
        let dimensions = self.mean.len();
        let (n, mu_w) = (dimensions as f64, self.mu_w);
        let cs = (mu_w + 2.0) / (mu_w + n + 5.0);
        let c1 = 2.0 / ((n + 1.3) * (n + 1.3) + mu_w);
        let cw = (2.0 * (mu_w + 1.0 / mu_w - 2.0) / ((n + 2.0) * (n + 2.0) + mu_w)).min(1.0 - c1);
        let damping = 1.0 + cs + 2.0 * (((mu_w - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0);
        let chi = mean_length(dimensions);

        let weighted = |rows: &[f64], i: usize| -> f64 {
            self.order.iter().zip(&self.weights).map(|(sample, w)| w * rows[sample * dimensions + i]).sum()
        };
        for i in 0..dimensions {
            self.path[i] =
                (1.0 - cs) * self.path[i] + (mu_w * cs * (2.0 - cs)).sqrt() * weighted(&self.normals, i);
            self.mean[i] = (self.mean[i] + self.sigma * weighted(&self.steps, i)).clamp(0.0, 1.0);
        }
        // M₊ = M (1 − c1/2 − cw/2) + c1/2 (M s) sᵀ + cw/2 Σ wₖ dₖ zₖᵀ
        for (line, along) in self.matrix.chunks_exact(dimensions).zip(&mut self.scratch) {
            *along = dot(line, &self.path);
        }
        for (i, line) in self.matrix.chunks_exact_mut(dimensions).enumerate() {
            for (j, entry) in line.iter_mut().enumerate() {
                *entry = *entry * (1.0 - 0.5 * (c1 + cw)) + 0.5 * c1 * self.scratch[i] * self.path[j];
            }
            for (sample, w) in self.order.iter().zip(&self.weights) {
                let step = 0.5 * cw * w * self.steps[sample * dimensions + i];
                let normals = &self.normals[sample * dimensions..(sample + 1) * dimensions];
                for (entry, z) in line.iter_mut().zip(normals) {
                    *entry += step * z;
                }
            }
        }
        let length = dot(&self.path, &self.path).sqrt();
        self.sigma *= libm::exp((cs / damping * (length / chi - 1.0)).min(1.0));
    }

    /// Whether steps are above the smallest, and the best costs of the last generations differ.
    #[allow(clippy::cast_possible_truncation, reason = "an index")]
    fn may_gain(&mut self, best: Outcome) -> bool {
        let ring = self.costs.len();
        self.costs[(self.age % ring as u64) as usize] =
            if best.is_feasible() { best.cost } else { best.violation };
        self.age += 1;
        let widest = self.matrix.iter().fold(0.0, |widest: f64, entry| widest.max(entry.abs()));
        let (low, high) = self
            .costs
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), cost| (low.min(*cost), high.max(*cost)));
        let still = self.age >= ring as u64 && high - low <= SMALLEST_GAIN * high.abs();
        let step = self.sigma * widest;
        step.is_finite() && step > SMALLEST_STEP && !still
    }
}

impl Persist for MaEs {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64s(&mut self.mean)?;
        archive.f64s(&mut self.path)?;
        archive.f64s(&mut self.matrix)?;
        archive.f64(&mut self.sigma)?;
        archive.f64s(&mut self.costs)?;
        archive.u64(&mut self.age)
    }
}
