//! `--json-progress`: how far a run is, on stderr, a JSON object a line, for other programs to follow. docs/cluster/README.md lists the keys.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::engine::Progress;
use crate::problem::known_cost;

/// Between two lines of a run in its first minute, and after it; its last comes at once.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];
const FIRST: Duration = Duration::from_mins(1);

/// What every line of a command says first.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    head: Map<String, Value>,
    /// When the first line was written, and the last.
    told: Option<[Instant; 2]>,
}

impl Lines {
    /// The lines of a command.
    pub(super) fn new(command: &str) -> Self {
        Self { head: Map::from_iter([("command".into(), command.into())]), told: None }
    }

    /// The same with one key more.
    #[must_use]
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.head.insert(key.into(), value.into());
        self
    }

    /// Whether a line is to be written now.
    pub(super) fn is_due(&mut self, ended: bool) -> bool {
        let now = Instant::now();
        let [first, last] = self.told.unwrap_or([now; 2]);
        let pause = PAUSES[usize::from(now - first > FIRST)];
        let is_due = ended || self.told.is_none() || now - last >= pause;
        if is_due {
            self.told = Some([first, now]);
        }
        is_due
    }

    /// Writes a line.
    pub(super) fn tell(&self, event: &str, what: Value) {
        let mut line = Map::from_iter([("event".into(), event.into())]);
        line.extend(self.head.clone());
        if let Value::Object(what) = what {
            line.extend(what);
        }
        // In one piece, so that the lines of several processes do not mix; a closed stderr ends no run.
        let _ = io::stderr().write_all(format!("{}\n", Value::from(line)).as_bytes());
    }

    /// Writes how far a tuning is, when that is due: what is counted, how much of it is done, and of how much.
    pub(super) fn tuning(&mut self, progress: &Progress, way: (&str, u64, u64)) {
        if self.is_due(progress.ended) {
            self.tell("progress", tuning(progress, way));
        }
    }
}

/// How far a tuning is.
fn tuning(progress: &Progress, (unit, done, of): (&str, u64, u64)) -> Value {
    let row = &progress.row;
    let best = known_cost(&row.best);
    let mut what = json!({
        "unit": unit,
        "done": done,
        "of": of,
        "generation": row.generation,
        "evaluations": row.evaluations,
        "simulations": progress.simulations,
        "best": best.is_finite().then_some(best),
    });
    if let Some(front) = row.front {
        what["trade_offs"] = front.kept.into();
        what["hypervolume"] = front.hypervolume.into();
    }
    timed(&mut what, [done, of], progress.control_steps, progress.elapsed);
    what["ended"] = progress.ended.into();
    what
}

/// A rate; what is not finite becomes null.
#[allow(clippy::cast_precision_loss, reason = "a rate")]
pub(super) fn per_second(count: u64, seconds: f64) -> Value {
    (count as f64 / seconds).into()
}

/// Adds what the time tells: the rate, and what is left when a run goes on as it has gone.
#[allow(clippy::cast_precision_loss, reason = "a share")]
pub(super) fn timed(what: &mut Value, [done, of]: [u64; 2], control_steps: u64, elapsed: Duration) {
    let seconds = elapsed.as_secs_f64();
    let remaining = seconds * of.saturating_sub(done) as f64 / done as f64;
    what["steps_per_s"] = per_second(control_steps, seconds);
    what["seconds"] = seconds.into();
    what["remaining_s"] = remaining.into();
}
