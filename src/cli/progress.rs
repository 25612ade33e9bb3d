//! Progress on stderr: a bar on a terminal, a line every tenth of the run elsewhere.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::engine::Progress;
use crate::figures::{number, rate, shortened};
use crate::problem::known_cost;
use crate::swarm::Stopping;

const BAR: &str = "{wide_bar} {prefix} {pos}/{len}  {msg}  {eta} left";
const OVERALL: &str = "{wide_bar} {pos}/{len} studies  {msg}  {eta} left";

/// What a row of tunings shows: how many are done, and the one that runs.
pub(super) enum Board {
    Bars { all: MultiProgress, overall: ProgressBar },
    Lines { done: u64, studies: u64 },
    Quiet,
}

impl Board {
    pub(super) fn new(quiet: bool, studies: usize) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { done: 0, studies: studies as u64 };
        }
        let all = MultiProgress::new();
        let overall = all.add(bar(OVERALL, studies as u64));
        Self::Bars { all, overall }
    }

    /// A study begins, or is shown again.
    pub(super) fn begin(&mut self, study: &str, is_complete: bool) -> Meter {
        match self {
            Self::Quiet => Meter::Quiet,
            Self::Lines { done, studies } => {
                let place = format!("({} of {studies})", *done + 1);
                let what = if is_complete {
                    format!("{study} is complete {place}")
                } else {
                    format!("tuning {study} {place}")
                };
                super::note(&what);
                Meter::Lines { shown: 0 }
            }
            Self::Bars { all, overall } => {
                overall.set_message(shortened(study, 40));
                overall.tick();
                Meter::Bar(all.add(bar(BAR, 1)))
            }
        }
    }

    /// It has ended, however.
    pub(super) fn end(&mut self) {
        match self {
            Self::Quiet => {}
            Self::Lines { done, .. } => *done += 1,
            Self::Bars { overall, .. } => overall.inc(1),
        }
    }

    /// Says something above the bars.
    pub(super) fn note(&self, text: &str) {
        match self {
            Self::Bars { all, .. } => all.suspend(|| super::note(text)),
            _ => super::note(text),
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bars { all, overall } = self {
            overall.finish_and_clear();
            // What cannot be cleared is left as it is.
            let _ = all.clear();
        }
    }
}

fn bar(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}

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
            Self::Bar(bar(BAR, 1))
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

    /// Says something above the bar.
    pub(super) fn note(&self, text: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| super::note(text)),
            _ => super::note(text),
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
    let best = known_cost(&progress.row.best);
    let best = if best.is_finite() { number(best) } else { "none yet".into() };
    format!("best {best}  {} sims/s", rate(per_second))
}
