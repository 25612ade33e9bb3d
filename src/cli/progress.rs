//! Progress on stderr: a bar on a terminal, a line every tenth of the run elsewhere, or JSON for other programs.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::json_progress::Lines;
use crate::engine::{self, Progress};
use crate::figures::{number, rate, shortened, time_range};
use crate::problem::known_cost;
use crate::swarm::Stopping;

const BAR: &str = "{wide_bar} {prefix} {pos}/{len}  {msg}  {eta} left";
const OVERALL: &str = "{wide_bar} {pos}/{len} studies  {msg}";

/// What a row of tunings shows: how many are done, the one that runs, and how long the rest will take.
pub(super) struct Board {
    view: View,
    left: Left,
}

enum View {
    Bars { all: MultiProgress, overall: ProgressBar },
    Lines { done: u64, studies: u64 },
    Json { lines: Lines, done: u64, studies: u64, study: String },
    Quiet,
}

/// Who follows a run.
pub(super) enum Follower {
    /// A user, unless nothing is to be shown.
    User { quiet: bool },
    /// Another program.
    Program(Lines),
}

impl Board {
    /// A board for so many studies, with the foreseen times of those that are to run; empty when they are not known.
    pub(super) fn new(follower: Follower, studies: usize, foreseen: Foreseen) -> Self {
        let view = if let Follower::Program(lines) = follower {
            View::Json { lines, done: 0, studies: studies as u64, study: String::new() }
        } else if matches!(follower, Follower::User { quiet: true }) {
            View::Quiet
        } else if std::io::stderr().is_terminal() {
            let all = MultiProgress::new();
            let overall = all.add(bar(OVERALL, studies as u64));
            View::Bars { all, overall }
        } else {
            View::Lines { done: 0, studies: studies as u64 }
        };
        Self { view, left: Left::new(foreseen, engine::processes()) }
    }

    /// A study begins, or is shown again.
    pub(super) fn begin(&mut self, study: &str, is_complete: bool) -> ProgressView {
        let left = self.left.begin(study, is_complete);
        match &mut self.view {
            View::Quiet => ProgressView::Quiet,
            View::Json { lines, study: named, .. } => {
                named.clear();
                named.push_str(study);
                ProgressView::Json(lines.clone().with("study", study))
            }
            View::Lines { done, studies } => {
                let place = format!("({} of {studies})", *done + 1);
                let what = if is_complete {
                    format!("{study} is complete {place}")
                } else {
                    format!("tuning {study} {place}{left}")
                };
                super::note(&what);
                ProgressView::Lines { shown: 0 }
            }
            View::Bars { all, overall } => {
                overall.set_message(format!("{}{left}", shortened(study, 40)));
                overall.tick();
                ProgressView::Bar(all.add(bar(BAR, 1)))
            }
        }
    }

    /// Another process has ended one that it began so long ago.
    pub(super) fn ended_elsewhere(&mut self, study: &str, took: Duration) {
        self.left.count(study, took.as_secs_f64());
    }

    /// It has ended, in whatever way.
    pub(super) fn end(&mut self) {
        self.left.end(engine::processes());
        let left = self.left.range();
        match &mut self.view {
            View::Quiet => {}
            View::Json { lines, done, studies, study } => {
                *done += 1;
                let what = json!({ "study": study, "studies_done": done, "studies": studies, "studies_remaining_s": left });
                lines.tell("study", what);
            }
            View::Lines { done, .. } => *done += 1,
            View::Bars { overall, .. } => overall.inc(1),
        }
    }

    /// Says something above the bars.
    pub(super) fn note(&self, text: &str) {
        match &self.view {
            View::Bars { all, .. } => all.suspend(|| super::note(text)),
            _ => super::note(text),
        }
    }

    pub(super) fn finish(&self) {
        if let View::Bars { all, overall } = &self.view {
            overall.finish_and_clear();
            // What cannot be cleared is left as it is.
            let _ = all.clear();
        }
    }
}

/// From the shortest time to the longest, in s, of each study on one process.
pub(super) type Foreseen = BTreeMap<String, [f64; 2]>;

/// How long the studies that have not been run will take: as foreseen at first, then by what the others took.
struct Left {
    /// Of the studies that have not ended.
    foreseen: Foreseen,
    /// Of those that have, and the time that they took, over all processes.
    done: [f64; 2],
    spent_s: f64,
    /// The one that runs, and since when.
    running: Option<(String, Instant)>,
    /// How many processes tune.
    processes: f64,
}

impl Left {
    fn new(foreseen: Foreseen, processes: usize) -> Self {
        let processes = figure(processes);
        Self { foreseen, done: [0.0; 2], spent_s: 0.0, running: None, processes }
    }

    /// A study begins; what to say of the time that is left.
    fn begin(&mut self, study: &str, is_complete: bool) -> String {
        if is_complete {
            return String::new();
        }
        self.running = Some((study.into(), Instant::now()));
        self.range().map_or(String::new(), |range| format!(", {} left", time_range(range)))
    }

    /// It has ended, on one process or shared out among several.
    fn end(&mut self, processes: usize) {
        if let Some((study, began)) = self.running.take() {
            self.count(&study, began.elapsed().as_secs_f64() * figure(processes));
        }
    }

    /// A study has taken so long.
    fn count(&mut self, study: &str, seconds: f64) {
        if let Some(foreseen) = self.foreseen.remove(study) {
            self.done = sum(self.done, foreseen);
            self.spent_s += seconds;
        }
    }

    /// The shortest and the longest time that is left, in s; `None` when it is not known.
    fn range(&self) -> Option<[f64; 2]> {
        let left = self.foreseen.values().copied().fold([0.0; 2], sum);
        if self.spent_s == 0.0 {
            return (left[1] > 0.0).then_some(left.map(|seconds| seconds / self.processes));
        }
        // The rest deviates from what was foreseen as much as the finished studies did.
        let share = |bound: usize| self.spent_s / self.done[bound] * left[bound] / self.processes;
        let (a, b) = (share(0), share(1));
        (a.is_finite() && b.is_finite()).then(|| [a.min(b), a.max(b)])
    }
}

fn sum(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

#[allow(clippy::cast_precision_loss, reason = "a number of processes")]
fn figure(processes: usize) -> f64 {
    processes as f64
}

fn bar(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}

/// What a tuning shows while it runs.
pub(super) enum ProgressView {
    Bar(ProgressBar),
    Lines { shown: u64 },
    Json(Lines),
    Quiet,
}

impl ProgressView {
    pub(super) fn new(follower: Follower) -> Self {
        if let Follower::Program(lines) = follower {
            Self::Json(lines)
        } else if matches!(follower, Follower::User { quiet: true }) {
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
            Self::Json(lines) => lines.tuning(progress, (unit, done, total)),
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
                    super::note(&format!(
                        "{unit} {done}/{total}  {}{}",
                        message(progress),
                        left(progress, done, total)
                    ));
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

/// How long the rest of the run will take when it goes on as it has gone.
#[allow(clippy::cast_precision_loss, reason = "a share")]
fn left(progress: &Progress, done: u64, total: u64) -> String {
    let seconds = progress.elapsed.as_secs_f64() * total.saturating_sub(done) as f64 / done.max(1) as f64;
    if progress.ended { String::new() } else { format!("  {} left", time_range([seconds; 2])) }
}

#[allow(clippy::cast_precision_loss, reason = "a rate")]
fn message(progress: &Progress) -> String {
    let per_second = progress.simulations as f64 / progress.elapsed.as_secs_f64();
    let best = known_cost(&progress.row.best);
    let so_far = match progress.row.front {
        Some(front) if front.kept > 0 => {
            format!("{} trade-offs, hypervolume {}", front.kept, number(front.hypervolume))
        }
        None if best.is_finite() => format!("best {}", number(best)),
        _ => "best none yet".into(),
    };
    format!("{so_far}  {} sims/s", rate(per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(foreseen: [(&str, [f64; 2]); N], processes: usize) -> Left {
        Left::new(foreseen.map(|(study, range)| (study.to_owned(), range)).into(), processes)
    }

    #[test]
    fn the_time_that_is_left_follows_what_the_studies_took() {
        let three = [("a", [1.0, 2.0]), ("b", [3.0, 6.0]), ("c", [2.0, 4.0])];
        let mut left = of(three, 1);
        assert_eq!(left.range(), Some([6.0, 12.0]), "what was foreseen");
        // The first took three times the longest time that was foreseen: so will the others.
        left.count("a", 6.0);
        assert_eq!(left.range(), Some([30.0, 30.0]));
        left.count("b", 8.0);
        left.count("c", 6.0);
        assert_eq!(left.range(), Some([0.0, 0.0]));
        assert_eq!(of([], 1).range(), None, "not known");
        // One took half of the longest time and the other no longer than the shortest.
        let mut mixed = of([("a", [1.0, 4.0]), ("b", [1.0, 2.0])], 1);
        mixed.count("a", 2.0);
        assert_eq!(mixed.range(), Some([1.0, 2.0]), "2/4 of the longest, 2/1 of the shortest");
        // Two processes do the same in half the time.
        let mut two = of(three, 2);
        assert_eq!(two.range(), Some([3.0, 6.0]));
        two.count("a", 6.0);
        assert_eq!(two.range(), Some([15.0, 15.0]));
    }
}
