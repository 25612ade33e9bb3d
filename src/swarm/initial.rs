//! Where the particles start in the unit cube.

use crate::draw::{Draw, Purpose};
use crate::registry::Member;

/// How the first positions are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// Independent uniform numbers.
    Uniform,
    /// A scrambled Sobol sequence (Burley 2020, *Practical hash-based Owen scrambling*, JCGT 9(4)).
    Sobol,
    /// One particle in each of as many slices of every dimension (Beckman, Conover and others 1979, doi:10.2307/1268522).
    LatinHypercube,
}

impl Member for Initial {
    const ALL: &'static [Self] = &[Self::Sobol, Self::LatinHypercube, Self::Uniform];

    fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Sobol => "sobol",
            Self::LatinHypercube => "latin_hypercube",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Uniform => "independent uniform numbers",
            Self::Sobol => "scrambled Sobol sequence",
            Self::LatinHypercube => "one particle in each slice of every dimension",
        }
    }
}

impl Initial {
    /// Draws the positions of a generation, particle-major; `order` is room for a number a particle.
    pub(super) fn spread(
        self,
        seed: u64,
        generation: u64,
        dimensions: usize,
        cube: &mut [f64],
        order: &mut [usize],
    ) {
        // One scramble a generation, so that the swarm of a restart starts elsewhere.
        let scramble = Draw::new(seed, Purpose::InitialOrder, generation, usize::MAX).below(1 << 32);
        for (particle, row) in cube.chunks_exact_mut(dimensions).enumerate() {
            let mut draw = Draw::new(seed, Purpose::InitialPosition, generation, particle);
            for (dimension, u) in row.iter_mut().enumerate() {
                // What the sequence does not have is uniform.
                *u = match self {
                    Self::Sobol => sobol(scramble, particle, dimension).unwrap_or_else(|| draw.uniform()),
                    Self::Uniform | Self::LatinHypercube => draw.uniform(),
                };
            }
        }
        if self == Self::LatinHypercube {
            slice(seed, generation, dimensions, cube, order);
        }
    }
}

/// A number of the sequence, which has 2¹⁶ points of 256 dimensions.
#[allow(clippy::cast_possible_truncation, reason = "within the sequence")]
fn sobol(scramble: usize, particle: usize, dimension: usize) -> Option<f64> {
    let within = particle < 1 << 16 && dimension < sobol_burley::NUM_DIMENSIONS as usize;
    within.then(|| f64::from(sobol_burley::sample(particle as u32, dimension as u32, scramble as u32)))
}

/// Puts uniform numbers into slices, one particle in each slice of a dimension, in random order.
#[allow(clippy::cast_precision_loss, reason = "a number of particles")]
fn slice(seed: u64, generation: u64, dimensions: usize, cube: &mut [f64], order: &mut [usize]) {
    let count = cube.len() / dimensions;
    for (particle, place) in order.iter_mut().enumerate() {
        *place = particle;
    }
    for dimension in 0..dimensions {
        let mut draw = Draw::new(seed, Purpose::InitialOrder, generation, dimension);
        // Fisher & Yates 1938.
        for last in (1..count).rev() {
            order.swap(last, draw.below(last + 1));
        }
        for (particle, place) in order.iter().enumerate() {
            let u = &mut cube[particle * dimensions + dimension];
            *u = ((*place as f64 + *u) / count as f64).min(1.0);
        }
    }
}
