//! Random numbers that belong to what they are for.
//!
//! A draw is keyed by seed, purpose, generation and particle: `ChaCha8` (Bernstein 2008) with the seed as key, the purpose
//! and generation as stream and the particle as position in it. It does not depend on the thread that makes it, nor on
//! what was drawn before, so that results are the same at any thread count and a resumed run goes on with the same numbers.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a random number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Where a particle starts.
    InitialPosition = 1,
    /// How it starts to move.
    InitialVelocity = 2,
    /// How it moves.
    Motion = 3,
    /// Who informs whom.
    Topology = 4,
    /// A scenario that gains are tuned on.
    Scenario = 5,
    /// A scenario that gains are validated on.
    Validation = 6,
    /// The noise of sensors.
    SensorNoise = 7,
    /// Resampling for confidence intervals.
    Bootstrap = 8,
    /// Which slice of a Latin hypercube a particle starts in.
    InitialOrder = 9,
    /// Samples about a best position.
    Polish = 10,
}

/// A source of random numbers for one purpose.
#[derive(Debug, Clone)]
pub struct Draw(ChaCha8Rng);

/// Words that a draw may use before it would meet those of the next particle: 2³².
const WORDS_A_PARTICLE: u32 = 32;

impl Draw {
    /// The numbers for `purpose` in `generation`, for one particle.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, generation: u64, particle: usize) -> Self {
        let mut key = *b"--seed--gainswarm ChaCha8 draws.";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut source = ChaCha8Rng::from_seed(key);
        source.set_stream(u64::from(purpose as u8) << 56 | generation);
        source.set_word_pos((particle as u128) << WORDS_A_PARTICLE);
        Self(source)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in [`lower`, `upper`).
    pub fn between(&mut self, lower: f64, upper: f64) -> f64 {
        let u = self.uniform();
        lower * (1.0 - u) + upper * u
    }

    /// Uniform among 0 … `count` − 1.
    ///
    /// # Panics
    ///
    /// When `count` is 0.
    #[allow(clippy::cast_possible_truncation, reason = "the product's upper half is below count")]
    pub fn below(&mut self, count: usize) -> usize {
        assert!(count > 0, "a choice needs something to choose from");
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// Two independent standard normal numbers (Box & Muller 1958, doi:10.1214/aoms/1177706645).
    pub fn normals(&mut self) -> [f64; 2] {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.uniform());
        [radius * cos, radius * sin]
    }

    /// Fills a slice with independent standard normal numbers.
    pub fn fill_normals(&mut self, numbers: &mut [f64]) {
        for pair in numbers.chunks_mut(2) {
            let normals = self.normals();
            pair.copy_from_slice(&normals[..pair.len()]);
        }
    }
}
