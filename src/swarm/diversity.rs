//! How far apart the particles of a swarm are, and how fast.

use super::Swarm;
use crate::statistics::mean;

/// The diversity of a swarm, in widths of the box.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Diversity {
    /// The standard deviation of the personal bests along a dimension (root mean square over the dimensions).
    pub spread: f64,
    /// The mean length of the particles' velocities.
    pub mean_velocity: f64,
}

impl Swarm {
    /// The diversity of the swarm.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
    pub fn diversity(&self) -> Diversity {
        let dimensions = self.axes.len();
        let mut variance = 0.0;
        for i in 0..dimensions {
            let along = || self.best_cube.iter().copied().skip(i).step_by(dimensions);
            let center = mean(along());
            variance += mean(along().map(|u| (u - center) * (u - center)));
        }
        let speed = |velocity: &[f64]| velocity.iter().map(|v| v * v).sum::<f64>().sqrt();
        Diversity {
            spread: (variance / dimensions as f64).sqrt(),
            mean_velocity: mean(self.velocities.chunks_exact(dimensions).map(speed)),
        }
    }
}
