//! Tuned gains, simulated once more to be looked at: every scenario's outcome, and the trajectories of some.
//!
//! A trajectory is thinned: a sample is left out where the straight line between its neighbours looks the same; of columns that chatter
//! the extremes are kept.

use crate::Error;
use crate::config::Config;
use crate::engine::Solo;
use crate::problem::Problem;
use crate::sampling::Group;
use crate::simulation::Terms;
use crate::simulation::{Record, Scenario, SimdLevel, Trajectory};
use crate::step_response::{self, Seen};

/// Scenarios whose trajectories are shown at most.
pub const SHOWN_MAX: usize = 16;
/// Samples of a trajectory before it is thinned.
const SAMPLES: u64 = 4000;

/// How much is kept of a trajectory. A column that alone needs more than a quarter of the rows is rough: it chatters.
struct Detail {
    /// The most rows for smooth columns.
    rows: usize,
    /// How far a straight line may be off, as a share of what is seen of a column.
    tolerance: f64,
    /// Intervals in each of which a rough column keeps its least and its largest value.
    intervals: usize,
}

/// A pixel of a large plot.
const LARGE: Detail = Detail { rows: 1500, tolerance: 1.0 / 700.0, intervals: 125 };
/// A pixel of a small plot.
const SMALL: Detail = Detail { rows: 80, tolerance: 1.0 / 150.0, intervals: 25 };

/// What gains do in the scenarios of a study.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The outcome in every scenario.
    pub records: Vec<Record>,
    /// The worst scenario, by the order of [`Record::rank`].
    pub worst: usize,
    /// Some of them, the worst among them.
    pub runs: Vec<ReplayedRun>,
}

/// A scenario whose trajectory is shown.
#[derive(Debug, Clone)]
pub struct ReplayedRun {
    /// Its position among the scenarios.
    pub index: usize,
    /// What it starts from, in a few words.
    pub name: String,
    /// Names of the columns: t, the states, and what else the study shows.
    pub columns: Vec<&'static str>,
    /// A row a sample.
    pub trajectory: Trajectory,
    /// What the trajectory shows of each response before it is thinned.
    pub seen: Vec<Seen>,
}

/// A run whose result is known.
#[derive(Debug, Clone)]
pub struct KnownRun {
    /// What it is called.
    pub name: String,
    /// What it starts from.
    pub scenario: Scenario,
    /// Control steps that it took.
    pub steps: u64,
}

/// What gains do in every scenario of a study, with all cost terms; there is a value for each parameter of its controller.
///
/// # Errors
///
/// When memory cannot be reserved.
pub fn records(config: &Config, values: &[f64]) -> Result<Vec<Record>, Error> {
    let problem = Problem { terms: Terms::All, ..Problem::new(config) };
    outcomes(&problem, SimdLevel::widest(), values)
}

fn outcomes(problem: &Problem, level: SimdLevel, values: &[f64]) -> Result<Vec<Record>, Error> {
    let mut solo = Solo::new(problem, level, &[values.to_vec()])?;
    solo.run();
    Ok(solo.records().collect())
}

impl Replay {
    /// Simulates gains in all scenarios of a study.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// Unless there is a value for each parameter of the study's controller.
    pub fn new(config: &Config, values: &[f64]) -> Result<Self, Error> {
        let problem = Problem { terms: Terms::All, ..Problem::new(config) };
        let level = SimdLevel::widest();
        let records = outcomes(&problem, level, values)?;
        let worst = worst(&records);
        let runs = shown(records.len(), worst).into_iter().map(|index| {
            let scenario = &problem.scenarios[index];
            let (_, whole) = trajectory(config, &problem, values, scenario)?;
            Ok(run(config, index, name(config, index, scenario), &whole))
        });
        let runs = runs.collect::<Result<_, Error>>()?;
        Ok(Self { records, worst, runs })
    }

    /// Simulates gains in runs whose result is known; those whose result differs, as in another version, are left out.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Replay::new`].
    pub fn of_known(config: &Config, values: &[f64], known: &[KnownRun]) -> Result<Self, Error> {
        let (mut records, mut runs) = (Vec::new(), Vec::new());
        for KnownRun { name, scenario, steps } in known {
            let problem = Problem::on(config, vec![scenario.clone()], vec![1.0]);
            let (record, whole) = trajectory(config, &problem, values, scenario)?;
            if record.steps == *steps {
                runs.push(run(config, records.len(), name.clone(), &whole));
                records.push(record);
            }
        }
        Ok(Self { worst: worst(&records), records, runs })
    }
}

/// A run as it is shown.
fn run(config: &Config, index: usize, name: String, whole: &Trajectory) -> ReplayedRun {
    ReplayedRun {
        index,
        name,
        columns: columns(config),
        trajectory: thinned(whole, &LARGE),
        seen: step_response::seen(config, whole),
    }
}

/// The record of one simulation, and its trajectory in at most 4001 samples.
///
/// # Errors
///
/// When memory cannot be reserved.
pub fn trajectory(
    config: &Config,
    problem: &Problem,
    values: &[f64],
    scenario: &Scenario,
) -> Result<(Record, Trajectory), Error> {
    let level = SimdLevel::widest();
    // An odd stride: a value that flips in each step would look constant in every second sample.
    let every = config.simulation.steps().div_ceil(SAMPLES) | 1;
    let every = usize::try_from(every).unwrap_or(usize::MAX);
    problem.simulator.record(level, values, scenario, every)
}

/// A trajectory for small plots: the time and these columns, in few samples.
///
/// # Errors
///
/// When memory cannot be reserved.
pub(crate) fn sketch(
    config: &Config,
    problem: &Problem,
    values: &[f64],
    scenario: usize,
    columns: &[usize],
) -> Result<Trajectory, Error> {
    let (_, whole) = trajectory(config, problem, values, &problem.scenarios[scenario])?;
    let row =
        |row: &[f64]| std::iter::once(row[0]).chain(columns.iter().map(|c| row[1 + c])).collect::<Vec<_>>();
    let values = whole.rows().flat_map(row).collect();
    Ok(thinned(&Trajectory { width: 1 + columns.len(), values }, &SMALL))
}

fn columns(config: &Config) -> Vec<&'static str> {
    std::iter::once("t").chain(config.columns().iter().map(|column| column.quantity.name)).collect()
}

/// The place of the worst record.
fn worst(records: &[Record]) -> usize {
    (0..records.len()).max_by(|a, b| records[*a].rank(&records[*b])).unwrap_or(0)
}

/// All scenarios, or some that are spread over them, with the worst.
fn shown(count: usize, worst: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = if count <= SHOWN_MAX {
        (0..count).collect()
    } else {
        (0..SHOWN_MAX - 1).map(|k| k * count / (SHOWN_MAX - 1)).chain([worst]).collect()
    };
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// The number of a scenario, its group where there are several, where it starts, and its signals where others have others.
fn name(config: &Config, index: usize, scenario: &Scenario) -> String {
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    let states = config.plant.states().iter().zip(&scenario.initial_state);
    let mut start: Vec<String> = states
        .filter(|(_, value)| **value != 0.0)
        .map(|(state, value)| format!("{} {}", config.label(state.name), rounded(*value)))
        .collect();
    // Only those are there that the loop asks for.
    let asked = config.nominal().asked.into_iter().map(|place| &config.signals()[place]);
    let signals = asked.zip(&scenario.conditions.signals);
    start.extend(signals.filter_map(|(signal, pieces)| match pieces[..] {
        [(_, value)] if Some(value) != signal.default => {
            Some(format!("{} {}", config.label(signal.name), rounded(value)))
        }
        [(_, first), (_, second)] => {
            Some(format!("{} {} to {}", config.label(signal.name), rounded(first), rounded(second)))
        }
        _ => None,
    }));
    let start = if start.is_empty() { vec!["at rest".into()] } else { start };
    let words: Vec<String> = group_name(&config.scenarios, index).into_iter().chain(start).collect();
    format!("{}: {}", index + 1, words.join(", "))
}

/// The name of a scenario's group; none for the only group, nor for a single scenario without a name.
fn group_name(groups: &[Group], index: usize) -> Option<String> {
    let mut ends = groups.iter().scan(0, |end, group| {
        *end += group.count;
        Some(*end)
    });
    let place = ends.position(|end| index < end).filter(|_| groups.len() > 1)?;
    let Group { name, count, .. } = &groups[place];
    (*count > 1 || *name != format!("group_{}", place + 1)).then(|| name.clone())
}

/// The samples that are needed to see the same curves, and of those that chatter the same band.
fn thinned(trajectory: &Trajectory, detail: &Detail) -> Trajectory {
    let width = trajectory.width;
    let rows: Vec<&[f64]> = trajectory.rows().collect();
    if rows.len() < 3 {
        return trajectory.clone();
    }
    let span = |column: usize| {
        let seen = rows.iter().map(|row| row[column]);
        let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        (high - low).max(f64::MIN_POSITIVE)
    };
    let columns: Vec<(usize, f64)> = (1..width).map(|column| (column, span(column))).collect();
    let (rough, smooth): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .partition(|column| needed(&rows, &[*column], detail.tolerance).len() > detail.rows / 4);
    let mut tolerance = detail.tolerance;
    let mut kept = needed(&rows, &smooth, tolerance);
    while kept.len() > detail.rows {
        tolerance *= 2.0;
        kept = needed(&rows, &smooth, tolerance);
    }
    kept.extend(rough.iter().flat_map(|(column, _)| extremes(&rows, *column, detail.intervals)));
    kept.sort_unstable();
    kept.dedup();
    Trajectory { width, values: kept.into_iter().flat_map(|k| rows[k]).copied().collect() }
}

/// The rows with the least and the largest value of a column in each of some equal intervals.
fn extremes<'a>(rows: &'a [&[f64]], column: usize, intervals: usize) -> impl Iterator<Item = usize> + 'a {
    let by_value = move |a: &usize, b: &usize| rows[*a][column].total_cmp(&rows[*b][column]);
    let count = intervals.min(rows.len());
    (0..count).flat_map(move |k| {
        let interval = k * rows.len() / count..(k + 1) * rows.len() / count;
        [interval.clone().min_by(by_value), interval.max_by(by_value)].into_iter().flatten()
    })
}

/// The rows between which straight lines are nowhere farther off than `tolerance` of the span of any of the columns (Ramer 1972,
/// <https://doi.org/10.1016/S0146-664X(72)80017-0>, with distances along the columns); the first and the last are always among them.
fn needed(rows: &[&[f64]], columns: &[(usize, f64)], tolerance: f64) -> Vec<usize> {
    let mut is_kept = vec![false; rows.len()];
    let mut open = vec![(0, rows.len() - 1)];
    while let Some((from, to)) = open.pop() {
        (is_kept[from], is_kept[to]) = (true, true);
        let duration = rows[to][0] - rows[from][0];
        let off = |k: usize| {
            let s = (rows[k][0] - rows[from][0]) / duration;
            let offs = columns.iter().map(|(c, span)| {
                let line = rows[from][*c] + s * (rows[to][*c] - rows[from][*c]);
                (rows[k][*c] - line).abs() / span
            });
            offs.fold(0.0, f64::max)
        };
        let farthest = (from + 1..to).map(|k| (k, off(k))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((k, _)) = farthest.filter(|(_, off)| *off > tolerance) {
            open.extend([(from, k), (k, to)]);
        }
    }
    (0..rows.len()).filter(|k| is_kept[*k]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_trajectory_is_near_all_of_it_and_ends_with_it() {
        let row = |k: i32| {
            let t = f64::from(k) * 1e-3;
            [t, (7.0 * t).sin() * (-t).exp(), if t < 0.5 { 150.0 } else { 0.0 }]
        };
        let whole = Trajectory { width: 3, values: (0..=4000).flat_map(row).collect() };
        let kept = thinned(&whole, &LARGE);
        let rows: Vec<&[f64]> = kept.rows().collect();
        assert!((20..400).contains(&rows.len()), "{}", rows.len());
        assert_eq!((rows[0][0], rows[rows.len() - 1][0]), (0.0, 4.0));
        for k in 0..=4000 {
            let [t, angle, force] = row(k);
            let after = rows.iter().position(|row| row[0] >= t).expect("a row").max(1);
            let (a, b) = (rows[after - 1], rows[after]);
            let at = |column: usize| a[column] + (t - a[0]) / (b[0] - a[0]) * (b[column] - a[column]);
            assert!((at(1) - angle).abs() < 0.005 && (at(2) - force).abs() < 0.5, "at {t} s");
        }
    }

    #[test]
    fn a_column_that_chatters_keeps_its_extremes_and_spoils_no_other() {
        let row = |k: i32| {
            let t = f64::from(k) * 1e-3;
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            [t, (3.0 * t).sin(), sign * 150.0 * (-0.5 * t).exp()]
        };
        let whole = Trajectory { width: 3, values: (0..=4000).flat_map(row).collect() };
        let kept = thinned(&whole, &LARGE);
        let rows: Vec<&[f64]> = kept.rows().collect();
        assert!(
            rows.len() <= LARGE.rows && rows.windows(2).all(|pair| pair[0][0] < pair[1][0]),
            "{}",
            rows.len()
        );
        assert_eq!((rows[0][0], rows[rows.len() - 1][0]), (0.0, 4.0));
        for k in 0..=4000 {
            let [t, x, _] = row(k);
            let after = rows.iter().position(|row| row[0] >= t).expect("a row").max(1);
            let (a, b) = (rows[after - 1], rows[after]);
            let at = a[1] + (t - a[0]) / (b[0] - a[0]) * (b[1] - a[1]);
            assert!((at - x).abs() < 0.01 * 2.0, "x at {t} s is {at}");
        }
        let band = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), u| (low.min(u), high.max(u)))
        };
        for tenth in 0..10 {
            let times = f64::from(tenth) * 0.4..f64::from(tenth + 1) * 0.4;
            let all = band(&mut whole.rows().filter(|row| times.contains(&row[0])).map(|row| row[2]));
            let seen = band(&mut rows.iter().filter(|row| times.contains(&row[0])).map(|row| row[2]));
            // The last extremes of a tenth may be those of an interval that begins before it.
            assert!(
                (all.0 - seen.0).abs() < 0.02 * 150.0 && (all.1 - seen.1).abs() < 0.02 * 150.0,
                "{tenth}"
            );
        }
    }

    #[test]
    fn the_worst_of_many_scenarios_is_always_shown() {
        assert_eq!(shown(3, 1), [0, 1, 2]);
        for worst in [0, 77, 999] {
            let shown = shown(1000, worst);
            assert!(shown.contains(&worst) && shown.len() <= SHOWN_MAX && shown.is_sorted());
        }
    }
}
