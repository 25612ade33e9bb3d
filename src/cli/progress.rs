//! Progress on stderr: a bar on a terminal, a line every tenth of the run elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::Progress;
use crate::figures::{number, rate};
use crate::swarm::Stopping;

const BAR: &str = "{bar:24} {prefix} {pos}/{len}  {msg}  {eta} left";

/// What a tuning shows while it runs.
pub(super) enum Meter {
    Bar(ProgressBar),
    Lines { shown: u64 },
    Quiet,
}

impl Meter {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(1);
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            Self::Bar(bar)
        } else {
            Self::Lines { shown: 0 }
        }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let (unit, done, total) = way(progress);
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => {
                bar.set_prefix(unit);
                bar.set_message(message(progress));
                bar.set_length(total);
                bar.set_position(done);
            }
            Self::Lines { shown } => {
                let tenth = done * 10 / total;
                if tenth > *shown {
                    *shown = tenth;
                    super::note(&format!("{unit} {done}/{total}  {}", message(progress)));
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// What the run counts, how much of it is done, and how much there is at most: of generations and evaluations those that end it.
fn way(progress: &Progress) -> (&'static str, u64, u64) {
    let Stopping { generations, evaluations, .. } = progress.stopping;
    let row = &progress.row;
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    if product(row.evaluations, generations) > product(row.generation, evaluations) {
        ("evaluation", row.evaluations, evaluations)
    } else {
        ("generation", row.generation, generations)
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate")]
fn message(progress: &Progress) -> String {
    let per_second = progress.simulations as f64 / progress.elapsed.as_secs_f64();
    let best = progress.row.best.cost;
    let best = if best.is_finite() { number(best) } else { "none yet".into() };
    format!("best {best}  {} sims/s", rate(per_second))
}
