//! The plots of a report: what each shows, and where its numbers are in the data of the page.

use serde_json::Value;

use crate::config::{Column, Role};
use crate::figures::label;
use crate::parameter::Short;
use crate::replay::{Replay, ReplayedRun};
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::report::results::Results;
use crate::simulation::Ending;
use crate::step_response::{SetPoint, set_points};

/// A plot and the data behind it.
pub(super) struct Chart {
    pub(super) plot: Plot,
    pub(super) series: Vec<Series>,
}

/// Two columns of a run or of a table of the page's data.
pub(super) struct Series {
    pub(super) source: DataSource,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) label: String,
    /// Its colour, where it is not that of its run.
    pub(super) ink: Option<Ink>,
    /// A column that is told too.
    pub(super) along: Option<String>,
    /// Columns whose numbers are told with a point.
    pub(super) tells: Vec<String>,
}

#[derive(Clone)]
pub(super) enum DataSource {
    /// By its position in the page.
    Run(usize),
    /// By its name.
    Table(String),
}

pub(super) const CONVERGENCE: &str = "convergence";

/// Ends the name of a second view of a plot, of its start alone.
pub(super) const START: &str = "_start";

/// Whether a column reacts at once, so that most of it may happen long before the run ends.
pub(super) fn is_quick(column: &Column) -> bool {
    matches!(column.role, Role::Drive | Role::Law)
}

/// Plots that stand below one another, over one axis.
pub(super) type Stack = Vec<Chart>;

/// Every column over time; of a quick column also its start, where most of its changes happen there. Outputs with a set point come first, with what drives the
/// plant right below.
pub(super) fn trajectories(results: &Results, replay: &Replay) -> Vec<Stack> {
    let mut columns = if replay.runs.is_empty() { Vec::new() } else { results.config.columns() };
    let set_points = set_points(&results.config);
    let has_set_point = |column: &Column| set_points.iter().any(|of| of.0 == column.quantity.name);
    let is_set_point = |column: &Column| {
        let own = SetPoint::Column(column.quantity.name);
        column.role == Role::Signal && set_points.iter().any(|of| of.1 == own)
    };
    // It is drawn with its output.
    columns.retain(|column| !is_set_point(column));
    let whole = |column: &Column| over_time(column, results, replay);
    let (outputs, others): (Vec<Column>, Vec<_>) = columns.into_iter().partition(has_set_point);
    let mut stacks = Vec::new();
    let drives = |column: &&Column| column.role == Role::Drive;
    if !outputs.is_empty() {
        let below = others.iter().filter(drives);
        stacks.push(outputs.iter().chain(below).map(whole).collect());
    }
    for column in &others {
        let is_there = drives(&column) && !outputs.is_empty();
        stacks.extend((!is_there).then(|| vec![whole(column)]));
        stacks.extend(start_of_time(column, results, replay).map(|chart| vec![chart]));
    }
    stacks
}

fn over_time(shown: &Column, results: &Results, replay: &Replay) -> Chart {
    let (column, end) = (shown.quantity.name, end(results, replay));
    let has_set_point = set_points(&results.config).iter().any(|of| of.0 == column);
    let beside = if has_set_point { " Thin: its set point." } else { "" };
    let caption = format!("{}{beside}", meaning(results, shown));
    of_runs([column, "t", column], &caption, Some(end), results, replay)
}

fn start_of_time(shown: &Column, results: &Results, replay: &Replay) -> Option<Chart> {
    let column = shown.quantity.name;
    let whole = end(results, replay);
    let window = window(replay, column).filter(|end| is_quick(shown) && 5.0 * end < whole)?;
    let caption = format!("The first {} s, in which 90 % of its changes happen.", Short(window));
    Some(of_runs([&format!("{column}{START}"), "t", column], &caption, Some(window), results, replay))
}

/// The share of all ups and downs of a column that its start must have for a view of its own.
const MOST: f64 = 0.9;

/// A round time by which most of the ups and downs of a column are over, those of all runs together; `None` where nothing moves.
fn window(replay: &Replay, column: &str) -> Option<f64> {
    let moves = |run: &ReplayedRun| {
        let at = place(run, column);
        let rows: Vec<&[f64]> = run.trajectory.rows().collect();
        rows.windows(2).map(|pair| (pair[1][0], (pair[1][at] - pair[0][at]).abs())).collect::<Vec<_>>()
    };
    let mut moves: Vec<(f64, f64)> = replay.runs.iter().flat_map(moves).collect();
    moves.retain(|(_, change)| change.is_finite());
    moves.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = moves.iter().map(|(_, change)| change).sum();
    let mut so_far = 0.0;
    let over = moves.iter().find(|(_, change)| {
        so_far += change;
        so_far >= MOST * all
    });
    let (time, _) = over.filter(|_| all > 0.0)?;
    let decade = time.log10().floor();
    let round = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    // Parsed from its digits, so that it is exactly the decimal number.
    let written = round.map(|digit| format!("{digit}e{decade}").parse().unwrap_or(f64::NAN));
    written.into_iter().find(|end| end >= time)
}

/// The place of a column in a run.
fn place(run: &ReplayedRun, column: &str) -> usize {
    run.columns.iter().position(|name| *name == column).unwrap_or(0)
}

/// The rate of each state over its value, where the rate is a state too.
pub(super) fn phases(results: &Results, replay: &Replay) -> Vec<Chart> {
    let plant = &results.config.plant;
    let states = plant.states();
    let rates = plant.of.model.rates().iter().enumerate();
    let pairs = rates.filter_map(|(place, rate)| Some((states[place].name, states[(*rate)?].name)));
    // Of a scene the links are what swings.
    let links = plant.drawing().map_or(Vec::new(), |drawing| drawing.links);
    let is_shown = |state: &str| links.is_empty() || links.iter().any(|(angle, _)| angle == state);
    let pairs = pairs.filter(|(state, _)| is_shown(state));
    let one = |(state, rate): (&'static str, &'static str)| {
        let caption = format!("Rate over value of {}.", results.config.label(state));
        of_runs([&format!("phase_{state}"), state, rate], &caption, None, results, replay)
    };
    pairs.map(one).collect()
}

/// A column of all runs over another, up to an end in time where that is the time.
fn of_runs(
    [name, x, y]: [&str; 3],
    caption: &str,
    end: Option<f64>,
    results: &Results,
    replay: &Replay,
) -> Chart {
    let points = |run: &ReplayedRun| {
        let (at_x, at_y) = (place(run, x), place(run, y));
        let points: Vec<(f64, f64)> = run.trajectory.rows().map(|row| (row[at_x], row[at_y])).collect();
        if let Some(end) = end { until(end, &points) } else { points }
    };
    let all = || replay.runs.iter().flat_map(points);
    let label = |column: &str| results.config.quantity(column, unit(results, column));
    let set_point = end.map_or_else(SetPointCurves::none, |end| SetPointCurves::new(results, replay, y, end));
    let x_axis = match end {
        Some(end) => PlotAxis::new(label(x), [0.0, end]),
        None => PlotAxis::over(label(x), all().map(|point| point.0)),
    };
    let y_axis = PlotAxis::over(label(y), all().map(|point| point.1).chain(set_point.values()));
    let curve = |run: &ReplayedRun| {
        let ink = if run.index == replay.worst { Ink::Accent } else { Ink::Muted };
        Mark { shape: Shape::Line, ink, points: points(run) }
    };
    let limits = limit_of(results, y).map_or(Vec::new(), |most| limits(most, &x_axis, &y_axis));
    // The worst run is drawn on top.
    let (worst, others): (Vec<&ReplayedRun>, Vec<&ReplayedRun>) =
        replay.runs.iter().partition(|run| run.index == replay.worst);
    let series = replay.runs.iter().enumerate().map(|(place, run)| Series {
        source: DataSource::Run(place),
        x: x.into(),
        y: y.into(),
        label: run.name.clone(),
        ink: None,
        along: None,
        tells: Vec::new(),
    });
    let series = series.chain(set_point.series).collect();
    let below = limits.into_iter().chain(set_point.marks);
    Chart {
        plot: Plot {
            name: name.into(),
            caption: caption.into(),
            marks: below.chain(others.into_iter().chain(worst).map(curve)).collect(),
            x: x_axis,
            y: y_axis,
            legend: Vec::new(),
        },
        series,
    }
}

/// What an output should be over time: one curve, or several where runs differ.
struct SetPointCurves {
    marks: Vec<Mark>,
    series: Vec<Series>,
}

impl SetPointCurves {
    fn none() -> Self {
        Self { marks: Vec::new(), series: Vec::new() }
    }

    fn new(results: &Results, replay: &Replay, output: &str, end: f64) -> Self {
        let mut curves = Self::none();
        let found = set_points(&results.config).into_iter().find(|of| of.0 == output);
        let column = match found {
            None => return curves,
            Some((_, SetPoint::Number(value))) => {
                let points = vec![(0.0, value), (end, value)];
                curves.marks.push(Mark { shape: Shape::Hair, ink: SET_POINT, points });
                return curves;
            }
            Some((_, SetPoint::Column(column))) => column,
        };
        for (position, run) in replay.runs.iter().enumerate() {
            let at = place(run, column);
            let all: Vec<(f64, f64)> = run.trajectory.rows().map(|row| (row[0], row[at])).collect();
            let points = until(end, &all);
            if curves.marks.iter().any(|mark| mark.points == points) {
                continue;
            }
            curves.marks.push(Mark { shape: Shape::Thin, ink: SET_POINT, points });
            curves.series.push(Series {
                source: DataSource::Run(position),
                x: "t".into(),
                y: column.into(),
                label: format!("set point of {}", run.name),
                ink: Some(SET_POINT),
                along: None,
                tells: Vec::new(),
            });
        }
        if let [only] = &mut curves.series[..] {
            only.label = "set point".into();
        }
        curves
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.marks.iter().flat_map(|mark| &mark.points).map(|point| point.1)
    }
}

/// The colour of set points.
pub(super) const SET_POINT: Ink = Ink::Second;

/// The points of a curve over time up to an end, where it is cut between two of them.
fn until(end: f64, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let inside = points.iter().take_while(|point| point.0 <= end).count();
    let mut kept = points[..inside].to_vec();
    if let (Some(a), Some(b)) = (kept.last().copied(), points.get(inside)) {
        kept.push((end, a.1 + (end - a.0) / (b.0 - a.0) * (b.1 - a.1)));
    }
    kept
}

/// When the last run ends.
fn end(results: &Results, replay: &Replay) -> f64 {
    let last = |run: &ReplayedRun| match replay.records[run.index].ending {
        Ending::Survived => results.config.simulation.duration,
        _ => run.trajectory.rows().last().map_or(0.0, |row| row[0]),
    };
    replay.runs.iter().map(last).fold(f64::MIN_POSITIVE, f64::max)
}

/// The most that a column may be either way, where that is known.
pub(super) fn limit_of(results: &Results, column: &str) -> Option<f64> {
    let own = results
        .config
        .plant
        .of
        .model
        .declared
        .inputs
        .iter()
        .find(|input| input.quantity.name == column)?
        .limit;
    // A law that drives this input may have a limit of its own.
    let law = results.config.wiring.drive.contains_key(column);
    own.or_else(|| Some(u_max(results)).filter(|most| law && most.is_finite()))
}

/// Thin lines at both ends of what the force may be, where they are to be seen.
fn limits(most: f64, x: &PlotAxis, y: &PlotAxis) -> Vec<Mark> {
    let seen = [-most, most].into_iter().filter(|u| (y.range[0]..=y.range[1]).contains(u));
    seen.map(|u| Mark { shape: Shape::Hair, ink: Ink::Muted, points: x.range.map(|t| (t, u)).into() })
        .collect()
}

/// What a column is, in a sentence.
fn meaning(results: &Results, column: &Column) -> String {
    let name = column.quantity.name;
    let models = [&results.config.plant.of, &results.config.controller.of];
    let doc = models.iter().find_map(|equations| equations.model.declared.doc(name)).unwrap_or_default();
    let what = match column.role {
        Role::State => "A state of the plant",
        Role::Output => "An output of the plant",
        Role::Drive => "What drives the plant",
        Role::Signal => "A signal of the scenario",
        Role::Law => "A value of the controller",
    };
    let mut letters = doc.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => format!("{what}."),
    }
}

/// The limit that the law has of its own, where it calls it so.
pub(super) fn u_max(results: &Results) -> f64 {
    results.parameter("u_max")
}

fn unit(results: &Results, column: &str) -> &'static str {
    let columns = results.config.columns();
    let found = columns.iter().find(|shown| shown.quantity.name == column);
    if column == "t" { "s" } else { found.map_or("", |shown| shown.quantity.unit) }
}

/// What the cost is made of.
pub(super) fn cost(results: &Results) -> Chart {
    let terms = results.config.cost.iter().filter(|term| term.weight > 0.0);
    let (names, costs): (Vec<String>, Vec<f64>) =
        terms.rev().map(|term| (label(term.name), results.number(&format!("{}_cost", term.name)))).unzip();
    let largest = costs.iter().copied().filter(|cost| cost.is_finite()).fold(0.0, f64::max);
    #[allow(clippy::cast_precision_loss, reason = "a number of terms")]
    let points = costs.into_iter().enumerate().map(|(place, cost)| (cost, place as f64)).collect();
    Chart {
        plot: Plot {
            name: "cost".into(),
            caption: "What each term adds to the cost: its mean over the scenarios that survive.".into(),
            x: PlotAxis::new("part of the cost", [0.0, if largest > 0.0 { 1.1 * largest } else { 1.0 }]),
            y: PlotAxis::named(names),
            marks: vec![Mark { shape: Shape::Bars, ink: Ink::First, points }],
            legend: Vec::new(),
        },
        series: Vec::new(),
    }
}

/// How the search went.
pub(super) fn convergence(results: &Results) -> Vec<Chart> {
    let evaluations = results.convergence("evaluations");
    let points = |column: &str| {
        let pairs = evaluations.iter().copied().zip(results.convergence(column).iter().copied());
        pairs.filter(|(_, y)| y.is_finite()).collect::<Vec<(f64, f64)>>()
    };
    let x = || PlotAxis::new("gain vectors judged", [0.0, evaluations.last().copied().unwrap_or(1.0)]);
    let line = |column: &str, ink| Mark { shape: Shape::Line, ink, points: points(column) };
    let series = |column: &str| table_series(CONVERGENCE, "evaluations", column, &label(column));
    let volume = "hypervolume";
    if !results.convergence(volume).is_empty() {
        let plot = Plot {
            name: "convergence".into(),
            caption: "Hypervolume of the trade-offs: what they dominate, up to the worst feasible costs of the first generation that had some.".into(),
            x: x(),
            y: PlotAxis::over(volume, points(volume).into_iter().map(|point| point.1)),
            marks: vec![line(volume, Ink::First)],
            legend: Vec::new(),
        };
        return vec![Chart { plot, series: vec![series(volume)] }];
    }
    let (best, median, spread) = ("best_cost", "median_personal_best", "spread");
    let costs: Vec<f64> =
        [best, median].iter().flat_map(|column| points(column)).map(|point| point.1).collect();
    let lowest = if results.number("violation") > 0.0 {
        "Cost of the gains that miss the requirements least so far, which may rise"
    } else {
        "Lowest cost so far"
    };
    let cost = Chart {
        plot: Plot {
            name: "convergence".into(),
            caption: format!("{lowest}, and the median of the lowest that each particle has found."),
            x: x(),
            y: PlotAxis::by_decades("cost", costs.into_iter()),
            marks: vec![line(median, Ink::Second), line(best, Ink::First)],
            legend: vec![(Ink::First, "best".into()), (Ink::Second, "median of the particles".into())],
        },
        series: vec![series(best), series(median)],
    };
    let spreads: Vec<f64> = points(spread).into_iter().map(|point| point.1).collect();
    let spread = Chart {
        plot: Plot {
            name: "spread".into(),
            caption: "Spread of the best positions of the particles, as a share of the searched range."
                .into(),
            x: x(),
            y: PlotAxis::by_decades("spread", spreads.into_iter()),
            marks: vec![line(spread, Ink::First)],
            legend: vec![(Ink::First, "spread of the particles".into())],
        },
        series: vec![series(spread)],
    };
    [cost, spread]
        .into_iter()
        .filter(|chart| chart.plot.marks.iter().any(|mark| mark.points.len() > 1))
        .collect()
}

pub(super) fn table_series(table: &str, x: &str, y: &str, label: &str) -> Series {
    Series {
        source: DataSource::Table(table.into()),
        x: x.into(),
        y: y.into(),
        label: label.into(),
        ink: None,
        along: None,
        tells: Vec::new(),
    }
}

/// A number with six significant digits, which is more than can be seen; null when it is none.
pub(super) fn rounded(value: f64) -> Value {
    format!("{value:.5e}").parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Trajectory;

    /// A run of 10 s with a force over time.
    fn replay(force: fn(u32) -> f64) -> Replay {
        let row = |k: u32| [f64::from(k) * 1e-3, force(k)];
        let trajectory = Trajectory { width: 2, values: (0..=10_000).flat_map(row).collect() };
        let columns = vec!["t", "u"];
        let run = ReplayedRun { index: 0, name: "1".into(), columns, trajectory, seen: Vec::new() };
        Replay { records: Vec::new(), worst: 0, runs: vec![run] }
    }

    #[test]
    fn the_start_is_where_most_of_a_force_happens() {
        // exp(−t/τ) has done 90 % of its way at τ ln 10, which is 0.2303 s.
        assert_eq!(window(&replay(|k| (-f64::from(k) * 1e-2).exp()), "u"), Some(0.3));
        // What chatters all the time has no window.
        let end = window(&replay(|k| f64::from(k % 2)), "u").expect("a window");
        assert!(end >= 9.0, "{end}");
        assert_eq!(window(&replay(|_| 1.0), "u"), None);
    }

    #[test]
    fn a_curve_is_cut_at_the_end_of_what_is_shown() {
        assert_eq!(
            until(1.5, &[(0.0, 0.0), (1.0, 2.0), (2.0, 4.0), (3.0, 0.0)]),
            [(0.0, 0.0), (1.0, 2.0), (1.5, 3.0)]
        );
        assert_eq!(until(5.0, &[(0.0, 1.0), (1.0, 2.0)]), [(0.0, 1.0), (1.0, 2.0)]);
    }
}
