//! What commands have in common on the command line.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::json_progress::Lines;
use super::progress::Follower;
use crate::config::Config;
use crate::config::{controllers_as_they_stand, names_of};
use crate::engine::Resources;
use crate::model::Kind;
use crate::native::Backend;
use crate::registry::Member;
use crate::simulation::SimdLevel;
use crate::study::{Changes, Safety};
use crate::{Error, config};

/// The largest seed that a config can say.
pub(super) const SEED_MAX: u64 = i64::MAX as u64;

/// Options of every command that searches.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Seed of the search [default: the config's]; sampled scenarios have seeds of their own
    #[arg(long, value_name = "N", value_parser = whole(0..=SEED_MAX))]
    pub(super) seed: Option<u64>,
    /// Number of particles in the swarm [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(2..=config::PARTICLES_MAX))]
    pub(super) particles: Option<u64>,
    /// Number of generations at most [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(1..=config::GENERATIONS_MAX))]
    pub(super) generations: Option<u64>,
    /// Number of gain vectors to judge at most [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(1..=config::EVALUATIONS_MAX))]
    pub(super) evaluations: Option<u64>,
    /// Memory that the run may use, such as 500M or 2G [default: the config's]; k, M and G (or KiB, MiB and GiB) count in steps
    /// of 1024, and kB, MB and GB in steps of 1000
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true, value_parser = bytes)]
    pub(super) memory_limit: Option<u64>,
    /// Also write a page that shows the results, report.html
    #[arg(long)]
    pub(super) report: bool,
    #[command(flatten)]
    pub(super) machine: MachineArgs,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    safety: SafetyArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

impl SearchArgs {
    /// Who follows a run of a command.
    pub(super) fn follower(&self, lines: Lines) -> Follower {
        self.follow.follower(lines, &self.show)
    }

    /// Whether anybody follows a run.
    pub(super) fn is_followed(&self) -> bool {
        self.follow.json_progress || !self.show.quiet
    }

    /// The config with what the command line says otherwise.
    pub(super) fn applied(&self, config: Config) -> Result<Config, Error> {
        let changes = Changes {
            seed: self.seed,
            particles: self.particles.and_then(|particles| usize::try_from(particles).ok()),
            generations: self.generations,
            evaluations: self.evaluations,
            memory_limit: self.memory_limit,
            backend: self.backend.given(),
        };
        changes.applied(config)
    }

    /// How its runs are saved, resumed and replaced.
    pub(super) fn safety(&self) -> Safety {
        let SafetyArgs { checkpoint_every, resume, force } = self.safety;
        Safety { checkpoint_every, resume, force }
    }
}

/// What a command prints.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Show neither progress nor tables
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// Who follows a run.
#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    /// Tell other programs how far the run is: a JSON object a line on stderr, in place of the progress that --quiet leaves out
    #[arg(long)]
    pub(super) json_progress: bool,
}

impl FollowArgs {
    /// The follower of a run, with lines for a program.
    pub(super) fn follower(&self, lines: Lines, show: &ShowArgs) -> Follower {
        if self.json_progress { Follower::Program(lines) } else { Follower::User { quiet: show.quiet } }
    }
}

/// How a command uses the machine.
#[derive(Debug, Args)]
pub(super) struct MachineArgs {
    /// Number of worker threads; it does not change the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = whole(1..=1024))]
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
    /// SIMD instructions to use; they do not change the result
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
pub(super) struct BackendArgs {
    /// What runs the simulations; it does not change the result: auto compiles them with the system's C compiler where a run is long enough,
    /// native from the start, program never [default: the config's]
    #[arg(long, value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::ALL.iter().map(|backend| backend.name())))]
    backend: Option<String>,
}

impl BackendArgs {
    /// What was asked for, if anything was.
    pub(super) fn given(&self) -> Option<Backend> {
        let name = self.backend.as_deref()?;
        Backend::ALL.iter().copied().find(|backend| backend.name() == name)
    }
}

#[derive(Debug, Args)]
pub(super) struct ControllerArgs {
    /// Only these controllers, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(names_of(Kind::Controller)))]
    controllers: Vec<String>,
}

impl ControllerArgs {
    /// Whether none was named.
    pub(super) fn is_empty(&self) -> bool {
        self.controllers.is_empty()
    }

    /// The controllers that were named, in the order of the list; without any, those that control the usual plant as they stand.
    pub(super) fn chosen(&self) -> Result<Vec<&'static str>, Error> {
        let mut all = controllers_as_they_stand();
        if let Some(name) = self.controllers.iter().find(|name| !all.contains(&name.as_str())) {
            return Err(Error::Option {
                option: "--controllers",
                found: format!("{name} does not control the usual plant as it stands"),
                remedy: format!("allowed: {}; or give a study", all.join(", ")),
            });
        }
        all.retain(|known| self.is_empty() || self.controllers.iter().any(|name| name == known));
        Ok(all)
    }
}

/// How runs are saved, resumed and replaced.
#[derive(Debug, Args)]
pub(super) struct SafetyArgs {
    /// Save the run every N generations, so that --resume can continue it
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(1..=config::GENERATIONS_MAX))]
    checkpoint_every: u64,
    /// Continue a run that was interrupted, or that may now be longer; the result is that of a run that was never interrupted
    #[arg(long)]
    resume: bool,
    /// Start again from the beginning and replace the results that are there
    #[arg(long, conflicts_with = "resume")]
    force: bool,
}

/// A whole number within a range.
pub(super) fn whole(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("allowed: a whole number from {} to {}", range.start(), range.end()))
    }
}

/// A number of bytes, with a unit or none.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: Option<u64> = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "kb" => Some(1000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        _ => None,
    };
    let product = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    // What a config cannot say could not be read back from a manifest.
    let allowed = product.filter(|bytes| (1..=i64::MAX as u64).contains(bytes));
    allowed.ok_or_else(|| {
        let largest = i64::MAX;
        format!(
            "allowed: 1 to {largest} bytes, such as 800000, 500M or 2G; k, M and G (or KiB, MiB and GiB) count in steps of \
             1024, and kB, MB and GB in steps of 1000"
        )
    })
}

/// A number that is not negative.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=f64::MAX).contains(number));
    number.ok_or_else(|| "allowed: a number, 0 or larger".into())
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

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_read_with_the_units_of_either_system() {
        // The prefixes of IEC 80000-13 are powers of 1024, those of the SI powers of 1000; a bare letter means the former, as usual.
        for (text, expected) in [
            ("800000", 800_000),
            ("7B", 7),
            ("1k", 1024),
            ("1K", 1024),
            ("500M", 524_288_000),
            ("500m", 524_288_000),
            ("2G", 2_147_483_648),
            ("2 GiB", 2_147_483_648),
            ("3kib", 3072),
            ("3kB", 3000),
            ("3MB", 3_000_000),
            ("3gb", 3_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "-1M", "k", "1.5G", "1x", "1ib", "1kk", "1T", "9000000000G", "1 k b"] {
            let refusal = bytes(text).expect_err(text);
            assert!(refusal.contains("steps of 1024") && refusal.contains("500M"), "{text}: {refusal}");
        }
    }
}
