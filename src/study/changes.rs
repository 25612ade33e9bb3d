//! What a caller says otherwise than the config.

use crate::Error;
use crate::config::{Config, Refusal};
use crate::native::Backend;
use crate::pid_rules;

/// What a caller says otherwise than the config; `None` leaves what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// The seed of the search.
    pub seed: Option<u64>,
    /// Particles of the swarm.
    pub particles: Option<usize>,
    /// Most generations.
    pub generations: Option<u64>,
    /// Most gain vectors.
    pub evaluations: Option<u64>,
    /// Bytes that the run may use.
    pub memory_limit: Option<u64>,
    /// What runs the simulations.
    pub backend: Option<Backend>,
}

impl Changes {
    /// The config with these changes, and with where published rules start its swarm, where it asks for them.
    ///
    /// # Errors
    ///
    /// When the rules do not suit the study, or the swarm would be too large.
    pub fn applied(&self, mut config: Config) -> Result<Config, Error> {
        config.seed = self.seed.unwrap_or(config.seed);
        config.memory_limit = self.memory_limit.or(config.memory_limit);
        config.simulation.backend = self.backend.unwrap_or(config.simulation.backend);
        if let Some(generations) = self.generations {
            config.swarm.stopping.generations = generations;
        }
        if let Some(evaluations) = self.evaluations {
            config.swarm.stopping.evaluations = evaluations;
        }
        if let Some(particles) = self.particles {
            config.swarm.settings.particles = particles;
            config.swarm.settings.informed = config.swarm.settings.informed.min(particles.saturating_sub(1));
        }
        let config = pid_rules::started(config).map_err(|unsuited| Error::Option {
            option: "warm_start",
            found: format!("= \"rules\": {}", unsuited.problem),
            remedy: unsuited.remedy,
        })?;
        match config.excess() {
            Some(Refusal { problem: found, remedy }) => {
                let option = if self.particles.is_some() { "--particles" } else { "particles" };
                Err(Error::Option { option, found, remedy })
            }
            None => Ok(config),
        }
    }
}
