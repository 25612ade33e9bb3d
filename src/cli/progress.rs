//! Progress on stderr: a bar on a terminal, a line every tenth of the run elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::table::{number, rate};
use crate::engine::Progress;

const BAR: &str = "{bar:24} generation {pos}/{len}  {msg}  {eta} left";

/// What a tuning shows while it runs.
pub(super) enum Meter {
    Bar(ProgressBar),
    Lines { shown: u64 },
    Quiet,
}

impl Meter {
    pub(super) fn new(generations: u64, quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(generations);
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            Self::Bar(bar)
        } else {
            Self::Lines { shown: 0 }
        }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let generation = progress.row.generation;
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => {
                bar.set_message(message(progress));
                bar.set_position(generation);
            }
            Self::Lines { shown } => {
                let tenth = generation * 10 / progress.generations;
                if tenth > *shown {
                    *shown = tenth;
                    let total = progress.generations;
                    super::note(&format!("generation {generation}/{total}  {}", message(progress)));
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

#[allow(clippy::cast_precision_loss, reason = "a rate")]
fn message(progress: &Progress) -> String {
    let per_second = progress.simulations as f64 / progress.elapsed.as_secs_f64();
    let best = progress.row.best.cost;
    let best = if best.is_finite() { number(best) } else { "none yet".into() };
    format!("best {best}  {} sims/s", rate(per_second))
}
