//! A rule that adapts the length and the shape of its moves to those that succeeded.
//!
//! With x the position, p the personal best and l the best of the informants, d dimensions, n particles, and m the mean of the better
//! half of the positions of the last generation, weighted by rank:
//!
//! ```text
//! G  = x + c (p + l + b m − (2 + b) x)/(2 + b)      (x + c (p + b m − (1 + b) x)/(1 + b) when the particle informs itself best)
//! v₊ = w v + (G − x) + σ L z,   b = μ/4,   z standard normal
//!
//! m₊ = Σ aₖ xₖ,   xₖ the k-th best position,   aₖ ∝ ln((h + ½)/k),   k = 1 … h = ⌊n/2⌋,   Σ aₖ = 1,   μ = 1/Σ aₖ²
//! q₊ = (1 − cq) q + √(cq (2 − cq) μ) L⁻¹ y,   y = (m₊ − m)/σ
//! r₊ = (1 − cr) r + √(cr (2 − cr) μ) y                        (without the second part while q is too long)
//! C₊ = (1 − c1 − cm) C + c1 r₊ r₊ᵀ + cm Σ aₖ (xₖ − m)(xₖ − m)ᵀ/σ²
//! σ₊ = σ exp(cq/dq (|q₊|/E|z| − 1)) √(tr C₊/d),   then C₊ and r₊² are divided by tr C₊/d,   L Lᵀ = C₊
//!
//! cq = (μ + 2)/(d + μ + 5),   dq = (1 + cq)/2 + max(0, √((μ − 1)/(d + 1)) − 1),   cr = (4 + μ/d)/(d + 4 + 2 μ/d)
//! c1 = 3/((d + 1.3)² + μ),    cm = min(0.9 (1 − c1), 3 (μ − 2 + 1/μ)/((d + 2)² + μ))
//! ```
//!
//! G is the centre of gravity of SPSO 2011 (Clerc 2012, hal-00764996) with m as a further informant that counts b times. The learning is
//! that of CMA-ES (Hansen & Ostermeier 2001, doi:10.1162/106365601750190398; Hansen 2016, arXiv:1604.00772) from positions that are
//! spread about as many centres as there are particles, with rates half as large again and a damping half as large, and with the
//! triangular factor in place of the root (Krause, Arbonès & Igel 2016, *CMA-ES with optimal covariance update and storage
//! complexity*, NIPS 29). As the covariance is that about the old mean, the moves stretch along the path of the swarm and do not shrink before
//! it has arrived. Apart from the box, the rule is invariant to rotations of the space.

use super::{Lesson, Particle, Rule};
use crate::archive::{Archive, Damage};
use crate::draw::Draw;
use crate::parameter::Parameter;
use crate::swarm::algebra::{add_square, dot, factorise, identity, mean_length, solve};
use crate::swarm::outcome::sort;
use crate::{Error, memory};

/// Moves of a learnt length and shape.
#[derive(Debug, Clone)]
pub struct Learning {
    w: f64,
    c: f64,
    s: f64,
    rates: Rates,
    /// aₖ.
    shares: Vec<f64>,
    order: Vec<usize>,
    mean: Box<[f64]>,
    /// q and r.
    length_path: Box<[f64]>,
    shape_path: Box<[f64]>,
    covariance: Box<[f64]>,
    factor: Box<[f64]>,
    sigma: f64,
    /// Generations learnt from.
    age: u64,
    /// Room for vectors: the old mean, and what is seen from it.
    old: Box<[f64]>,
    seen: Box<[f64]>,
}

/// What follows from the numbers of dimensions and particles.
#[derive(Debug, Clone, Copy, Default)]
struct Rates {
    mu: f64,
    b: f64,
    cq: f64,
    dq: f64,
    cr: f64,
    c1: f64,
    cm: f64,
}

impl Rates {
    fn new(dimensions: f64, mu: f64) -> Self {
        let (d, cq) = (dimensions, (mu + 2.0) / (dimensions + mu + 5.0));
        let c1 = 3.0 / ((d + 1.3) * (d + 1.3) + mu);
        let cm = 3.0 * (mu - 2.0 + 1.0 / mu) / ((d + 2.0) * (d + 2.0) + mu);
        Self {
            mu,
            b: mu / 4.0,
            cq,
            dq: 0.5 * (1.0 + cq) + (((mu - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0),
            cr: (4.0 + mu / d) / (d + 4.0 + 2.0 * mu / d),
            c1,
            cm: cm.min(0.9 * (1.0 - c1)),
        }
    }
}

/// A length of moves below and above which nothing is learnt any more, in widths of the box. Close to a lower bound numbers are fine enough for
/// the smallest.
const SIGMA: [f64; 2] = [1e-40, 1.0];

impl Rule for Learning {
    const NAME: &'static str = "learning";
    const SUMMARY: &'static str =
        "length and shape of the moves are learnt: rotation-invariant, for small swarms";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("w", "1", 0.2, [-2.0, 2.0], "inertia weight").usually([0.0, 1.0]),
        Parameter::fixed("c", "1", 1.2, [0.0, 4.0], "acceleration coefficient"),
        Parameter::fixed("s", "1", 0.65, [1e-6, 4.0], "length of the first moves, in widths of the box"),
    ];
    const ALL_OUTCOMES: bool = true;
    const SHRINKS: bool = true;
    const CANDIDATES: usize = 8;

    fn new(values: &[f64]) -> Self {
        Self {
            w: values[0],
            c: values[1],
            s: values[2],
            rates: Rates::default(),
            shares: Vec::new(),
            order: Vec::new(),
            mean: Box::default(),
            length_path: Box::default(),
            shape_path: Box::default(),
            covariance: Box::default(),
            factor: Box::default(),
            sigma: 0.0,
            age: 0,
            old: Box::default(),
            seen: Box::default(),
        }
    }

    fn reserve(&mut self, dimensions: usize, particles: usize) -> Result<(), Error> {
        let what = "what the swarm learns (dimensions × dimensions)";
        let numbers = |count: usize| memory::filled(what, count, 0.0);
        self.shares = numbers((particles / 2).max(1))?.into();
        self.order = memory::filled(what, particles, 0)?.into();
        for vector in
            [&mut self.mean, &mut self.length_path, &mut self.shape_path, &mut self.old, &mut self.seen]
        {
            *vector = numbers(dimensions)?;
        }
        for matrix in [&mut self.covariance, &mut self.factor] {
            *matrix = numbers(dimensions.saturating_mul(dimensions))?;
        }
        self.resize(particles);
        self.start();
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
    fn start(&mut self) {
        let dimensions = self.mean.len();
        for vector in [&mut self.mean, &mut self.length_path, &mut self.shape_path] {
            vector.fill(0.0);
        }
        identity(&mut self.covariance, dimensions);
        identity(&mut self.factor, dimensions);
        self.sigma = self.s / (dimensions as f64).sqrt();
        self.age = 0;
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers of dimensions and particles")]
    fn resize(&mut self, particles: usize) {
        let half = (particles / 2).max(1);
        self.shares.resize(half, 0.0);
        for (k, share) in self.shares.iter_mut().enumerate() {
            *share = libm::log((half as f64 + 0.5) / (k as f64 + 1.0));
        }
        let total: f64 = self.shares.iter().sum();
        self.shares.iter_mut().for_each(|share| *share /= total);
        self.rates = Rates::new(self.mean.len() as f64, 1.0 / dot(&self.shares, &self.shares));
        self.order.resize(particles, 0);
    }

    fn learn(&mut self, lesson: Lesson<'_>) {
        let (dimensions, count) = (self.mean.len(), self.order.len());
        if lesson.outcomes.len() < count {
            // The budget is used up.
            return;
        }
        sort(&mut self.order, lesson.outcomes);
        self.old.copy_from_slice(&self.mean);
        self.mean.fill(0.0);
        for (share, particle) in self.shares.iter().zip(&self.order) {
            let position = &lesson.positions[particle * dimensions..(particle + 1) * dimensions];
            for (mean, x) in self.mean.iter_mut().zip(position) {
                *mean += share * x;
            }
        }
        self.age += 1;
        // The first generation is spread over the box and says where the mean is, not how it moves.
        if self.age > 1 {
            self.adapt(lesson.positions);
        }
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        let (dimensions, b) = (self.mean.len(), self.rates.b);
        draw.fill_normals(particle.scratch);
        for i in 0..dimensions {
            let x = particle.position[i];
            let line = &self.factor[i * dimensions..=i * dimensions + i];
            let step = self.sigma * dot(line, particle.scratch);
            let personal = particle.personal_best[i] - x;
            let informant = particle.informant_best[i] - x;
            let mean = b * (self.mean[i] - x);
            let towards = if particle.self_informed {
                (personal + mean) / (1.0 + b)
            } else {
                (personal + informant + mean) / (2.0 + b)
            };
            particle.velocity[i] = self.w * particle.velocity[i] + self.c * towards + step;
        }
    }

    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        for numbers in [
            &mut self.mean,
            &mut self.length_path,
            &mut self.shape_path,
            &mut self.covariance,
            &mut self.factor,
        ] {
            archive.f64s(numbers)?;
        }
        archive.f64(&mut self.sigma)?;
        archive.u64(&mut self.age)
    }
}

impl Learning {
    /// Learns from the way of the mean and from where the better half of the positions lie, seen from the old mean.
    #[allow(clippy::cast_precision_loss, reason = "numbers of dimensions and generations")]
    fn adapt(&mut self, positions: &[f64]) {
        let Rates { mu, cq, dq, cr, c1, cm, .. } = self.rates;
        let dimensions = self.mean.len();
        let d = dimensions as f64;

        self.see_the_mean();
        solve(&self.factor, &mut self.seen);
        for (q, y) in self.length_path.iter_mut().zip(&self.seen) {
            *q = (1.0 - cq) * *q + (cq * (2.0 - cq) * mu).sqrt() * y;
        }
        let length = dot(&self.length_path, &self.length_path).sqrt() / mean_length(dimensions);
        // The path starts at 0: it has its usual length only in time.
        let grown = (1.0 - libm::pow(1.0 - cq, 2.0 * (self.age - 1) as f64)).sqrt();
        let is_short = length < (1.4 + 2.0 / (d + 1.0)) * grown;

        self.see_the_mean();
        let pull = if is_short { (cr * (2.0 - cr) * mu).sqrt() } else { 0.0 };
        for (r, y) in self.shape_path.iter_mut().zip(&self.seen) {
            *r = (1.0 - cr) * *r + pull * y;
        }
        let keep = 1.0 - c1 - cm + if is_short { 0.0 } else { c1 * cr * (2.0 - cr) };
        self.covariance.iter_mut().for_each(|entry| *entry *= keep);
        add_square(&mut self.covariance, &self.shape_path, c1);
        for (share, particle) in self.shares.iter().zip(&self.order) {
            let position = &positions[particle * dimensions..(particle + 1) * dimensions];
            for ((seen, x), old) in self.seen.iter_mut().zip(position).zip(&self.old) {
                *seen = (x - old) / self.sigma;
            }
            add_square(&mut self.covariance, &self.seen, cm * share);
        }

        let trace: f64 = self.covariance.iter().step_by(dimensions + 1).sum();
        let size = (trace / d).sqrt();
        self.covariance.iter_mut().for_each(|entry| *entry /= size * size);
        self.shape_path.iter_mut().for_each(|entry| *entry /= size);
        self.factor.copy_from_slice(&self.covariance);
        factorise(&mut self.factor, dimensions);
        let change = libm::exp((cq / dq * (length - 1.0)).min(1.0));
        self.sigma = (self.sigma * size * change).clamp(SIGMA[0], SIGMA[1]);
    }

    /// Puts y, the way of the mean in moves, where there is room.
    fn see_the_mean(&mut self) {
        for ((seen, mean), old) in self.seen.iter_mut().zip(&self.mean).zip(&self.old) {
            *seen = (mean - old) / self.sigma;
        }
    }
}
