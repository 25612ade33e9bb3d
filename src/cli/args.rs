//! What commands have in common on the command line.

use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::audit::Fault;
use crate::config::{Config, Refusal};
use crate::controllers::ControllerKind;
use crate::engine::Resources;
use crate::registry::Member;
use crate::simulation::SimdLevel;
use crate::{Error, config};

/// How a search runs, whatever it is for.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Seed of the search [default: the config's]; sampled scenarios have seeds of their own
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(super) seed: Option<u64>,
    /// Particles of the swarm [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=config::PARTICLES_MAX))]
    pub(super) particles: Option<u64>,
    /// Generations to run [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=config::GENERATIONS_MAX))]
    pub(super) generations: Option<u64>,
    /// Gain vectors to judge [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=config::EVALUATIONS_MAX))]
    pub(super) evaluations: Option<u64>,
    /// Bytes that the run may use, such as 500M or 2G [default: the config's]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(super) memory_limit: Option<u64>,
    /// Also make a page of the results, report.html
    #[arg(long)]
    pub(super) report: bool,
    #[command(flatten)]
    pub(super) machine: MachineArgs,
    #[command(flatten)]
    pub(super) safety: SafetyArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) fault: FaultArgs,
}

impl SearchArgs {
    /// The config with what the command line says otherwise.
    pub(super) fn applied(&self, mut config: Config) -> Result<Config, Error> {
        config.seed = self.seed.unwrap_or(config.seed);
        config.memory_limit = self.memory_limit.or(config.memory_limit);
        if let Some(generations) = self.generations {
            config.swarm.stopping.generations = generations;
        }
        if let Some(evaluations) = self.evaluations {
            config.swarm.stopping.evaluations = evaluations;
        }
        if let Some(particles) = self.particles.and_then(|particles| usize::try_from(particles).ok()) {
            config.swarm.settings.particles = particles;
            config.swarm.settings.informed = config.swarm.settings.informed.min(particles - 1);
        }
        match config.excess() {
            Some(Refusal { problem: found, remedy }) => {
                let option = if self.particles.is_some() { "--particles" } else { "particles" };
                Err(Error::Option { option, found, remedy })
            }
            None => Ok(config),
        }
    }
}

/// What a command prints.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// No progress and no table
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// How a command uses the machine.
#[derive(Debug, Args)]
pub(super) struct MachineArgs {
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    #[command(flatten)]
    simd: SimdArgs,
}

impl MachineArgs {
    pub(super) fn resources(&self) -> Result<Resources, Error> {
        let threads = self.threads.and_then(|threads| usize::try_from(threads).ok());
        Ok(Resources { threads: threads.unwrap_or(Resources::default().threads), level: self.simd.level()? })
    }
}

#[derive(Debug, Args)]
pub(super) struct SimdArgs {
    /// SIMD instructions to use; the result does not depend on it
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = PossibleValuesParser::new(SIMD))]
    simd: String,
}

const SIMD: [&str; 6] = ["auto", "avx512", "avx2", "sse2", "neon", "scalar"];

impl SimdArgs {
    pub(super) fn level(&self) -> Result<SimdLevel, Error> {
        let wanted = SimdLevel::ALL.iter().copied().find(|level| level.name() == self.simd);
        let level = wanted.unwrap_or(SimdLevel::widest());
        if SimdLevel::available().any(|available| available == level) {
            return Ok(level);
        }
        let names: Vec<&str> = SimdLevel::available().map(Member::name).collect();
        Err(Error::Option {
            option: "--simd",
            found: format!("{} is not available on this processor", self.simd),
            remedy: format!("allowed here: auto, {}", names.join(", ")),
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct ControllerArgs {
    /// Only these controllers, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(ControllerKind::ALL.iter().map(|kind| kind.name())))]
    controllers: Vec<String>,
}

impl ControllerArgs {
    /// The controllers that were named, in the order of the registry; all without any.
    pub(super) fn kinds(&self) -> Vec<ControllerKind> {
        let names = &self.controllers;
        let chosen =
            |kind: &&ControllerKind| names.is_empty() || names.iter().any(|name| name == kind.name());
        ControllerKind::ALL.iter().filter(chosen).copied().collect()
    }
}

/// A fault that is planted, to see that it is found; no help shows it.
#[derive(Debug, Args)]
pub(super) struct FaultArgs {
    #[arg(long, hide = true, value_parser = PossibleValuesParser::new(Fault::ALL.iter().map(|fault| fault.name())))]
    plant: Option<String>,
}

impl FaultArgs {
    pub(super) fn planted(&self) -> Option<Fault> {
        let name = self.plant.as_deref()?;
        Fault::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// What becomes of a run that is interrupted, and of one that is there already.
#[derive(Debug, Args)]
pub(super) struct SafetyArgs {
    /// Save the run every N generations, so that it can be resumed
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=config::GENERATIONS_MAX))]
    pub(super) checkpoint_every: u64,
    /// Go on with a run that was interrupted, or that may now be longer; the result is that of a run that was never interrupted
    #[arg(long)]
    pub(super) resume: bool,
    /// Start anew and replace what is there
    #[arg(long, conflicts_with = "resume")]
    pub(super) force: bool,
}

/// Bytes, with K, M or G for 2¹⁰, 2²⁰ or 2³⁰ of them.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((end, 'K')) => (&text[..end], 1 << 10),
        Some((end, 'M')) => (&text[..end], 1 << 20),
        Some((end, 'G')) => (&text[..end], 1 << 30),
        _ => (text, 1),
    };
    let product = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    // What a config cannot say could not be read back from a manifest.
    let allowed = product.filter(|bytes| (1..=i64::MAX as u64).contains(bytes));
    allowed.ok_or_else(|| format!("allowed: 1 to {} bytes, such as 800000, 500M or 2G", i64::MAX))
}

/// A number from 0 on.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=f64::MAX).contains(number));
    number.ok_or_else(|| "allowed: a number from 0 on".into())
}

/// A duration such as `90s`, `10m` or `1h`; seconds without a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.char_indices().last() {
        Some((end, 's')) => (&text[..end], 1.0),
        Some((end, 'm')) => (&text[..end], 60.0),
        Some((end, 'h')) => (&text[..end], 3600.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * factor);
    let allowed = seconds.filter(|seconds| (1.0..=1e7).contains(seconds));
    allowed.map(Duration::from_secs_f64).ok_or_else(|| "allowed: 1s to 1e7s, such as 90s, 10m or 1h".into())
}
