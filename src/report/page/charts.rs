//! The plots of a report: what each shows, and where its numbers are in the data of the page.

use crate::costs::CostKind;
use crate::figures::number;
use crate::parameter::Short;
use crate::replay::{Replay, Run};
use crate::report::plot::{Axis, Ink, Mark, Plot, Shape};
use crate::report::results::Results;
use crate::simulation::Ending;
use crate::stability::{Certificate, Eigenvalue};

/// A plot and the data behind it.
pub(super) struct Chart {
    pub(super) plot: Plot,
    pub(super) series: Vec<Series>,
}

/// Two columns of a run or of a table of the page's data.
pub(super) struct Series {
    pub(super) source: Source,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) label: String,
}

#[derive(Clone, Copy)]
pub(super) enum Source {
    /// By its position in the page.
    Run(usize),
    Table(&'static str),
}

pub(super) const CONVERGENCE: &str = "convergence";
pub(super) const SLIDING: &str = "sliding_dynamics";
pub(super) const CLOSED_LOOP: &str = "closed_loop";

/// Every state, the force and the sliding variable over time.
pub(super) fn trajectories(results: &Results, replay: &Replay) -> Vec<Chart> {
    let columns = replay.runs.first().map_or(&[][..], |run| &run.columns);
    let of = |column: &&'static str| of_runs(column, "t", column, &meaning(results, column), results, replay);
    columns.iter().skip(1).map(of).collect()
}

/// The rate of each link over its angle.
pub(super) fn phases(results: &Results, replay: &Replay) -> Vec<Chart> {
    let states = results.config.plant.kind.states();
    let links = states.len() / 2 - 1;
    let one = |link: usize| {
        let (angle, rate) = (states[link].name, states[link + links + 1].name);
        let caption = format!("Link {link} in its phase plane; 0, 0 is upright and at rest.");
        of_runs(&format!("phase_{angle}"), angle, rate, &caption, results, replay)
    };
    (1..=links).map(one).collect()
}

fn of_runs(name: &str, x: &str, y: &str, caption: &str, results: &Results, replay: &Replay) -> Chart {
    let place = |run: &Run, column: &str| run.columns.iter().position(|name| *name == column).unwrap_or(0);
    let all = |column: &'_ str| {
        let runs = replay.runs.iter().map(|run| (run, place(run, column)));
        runs.flat_map(|(run, at)| run.trajectory.rows().map(move |row| row[at])).collect::<Vec<f64>>()
    };
    let axis = |column: &str| match column {
        "t" => Axis::new("t in s", [0.0, end(results, replay)]),
        other => Axis::over(format!("{other}{}", unit(results, other)), all(other).into_iter()),
    };
    let curve = |run: &Run| {
        let (at_x, at_y) = (place(run, x), place(run, y));
        let ink = if run.index == replay.worst { Ink::Accent } else { Ink::Muted };
        let points = run.trajectory.rows().map(|row| (row[at_x], row[at_y])).collect();
        Mark { shape: Shape::Line, ink, points }
    };
    let (x_axis, y_axis) = (axis(x), axis(y));
    let limits = if y == "u" { limits(u_max(results), &x_axis, &y_axis) } else { Vec::new() };
    // The worst on top.
    let (worst, others): (Vec<&Run>, Vec<&Run>) =
        replay.runs.iter().partition(|run| run.index == replay.worst);
    let series = replay.runs.iter().enumerate().map(|(place, run)| Series {
        source: Source::Run(place),
        x: x.into(),
        y: y.into(),
        label: run.name.clone(),
    });
    Chart {
        plot: Plot {
            name: name.into(),
            caption: caption.into(),
            marks: limits.into_iter().chain(others.into_iter().chain(worst).map(curve)).collect(),
            x: x_axis,
            y: y_axis,
        },
        series: series.collect(),
    }
}

/// When the last run ends.
fn end(results: &Results, replay: &Replay) -> f64 {
    let last = |run: &Run| match replay.records[run.index].ending {
        Ending::Survived => results.config.simulation.duration,
        _ => run.trajectory.rows().last().map_or(0.0, |row| row[0]),
    };
    replay.runs.iter().map(last).fold(f64::MIN_POSITIVE, f64::max)
}

/// Thin lines at both ends of what the force may be, where they are to be seen.
fn limits(most: f64, x: &Axis, y: &Axis) -> Vec<Mark> {
    let seen = [-most, most].into_iter().filter(|u| (y.range[0]..=y.range[1]).contains(u));
    seen.map(|u| Mark { shape: Shape::Hair, ink: Ink::Muted, points: x.range.map(|t| (t, u)).into() })
        .collect()
}

/// What a column is, in a sentence.
fn meaning(results: &Results, column: &str) -> String {
    let states = results.config.plant.kind.states();
    let half = states.len() / 2;
    match (column, states.iter().position(|state| state.name == column)) {
        (_, Some(0)) => "Position of the cart.".into(),
        (_, Some(link)) if link < half => format!("Angle of link {link} from upright."),
        (_, Some(rate)) if rate == half => "Speed of the cart.".into(),
        (_, Some(rate)) => format!("Rate of link {}.", rate - half),
        ("u", _) => format!("Force that the controller asks for, at most {} N.", Short(u_max(results))),
        _ => "Sliding variable; 0 is on the surface.".into(),
    }
}

/// The limit of the force.
pub(super) fn u_max(results: &Results) -> f64 {
    let mut parameters = results.config.controller.kind.parameters().iter();
    let place = parameters.position(|parameter| parameter.name == "u_max");
    place.map_or(f64::NAN, |place| results.values[place])
}

fn unit(results: &Results, column: &str) -> String {
    let state = results.config.plant.kind.states().iter().find(|state| state.name == column);
    let unit = match column {
        "u" => "N",
        "sigma" => "rad/s",
        _ => state.map_or("", |state| state.unit),
    };
    if unit.is_empty() { String::new() } else { format!(" in {unit}") }
}

/// What the cost is made of.
pub(super) fn cost(results: &Results) -> Chart {
    let terms = CostKind::ALL.iter().zip(&results.config.cost).filter(|(_, term)| term.weight > 0.0);
    let (names, costs): (Vec<String>, Vec<f64>) = terms
        .rev()
        .map(|(kind, _)| (kind.name().into(), results.number(&format!("{}_cost", kind.name()))))
        .unzip();
    let largest = costs.iter().copied().filter(|cost| cost.is_finite()).fold(0.0, f64::max);
    #[allow(clippy::cast_precision_loss, reason = "a number of terms")]
    let points = costs.into_iter().enumerate().map(|(place, cost)| (cost, place as f64)).collect();
    Chart {
        plot: Plot {
            name: "cost".into(),
            caption: "What the terms add to the cost, each in the mean over the scenarios that survive."
                .into(),
            x: Axis::new("part of the cost", [0.0, if largest > 0.0 { 1.1 * largest } else { 1.0 }]),
            y: Axis::named(names),
            marks: vec![Mark { shape: Shape::Bars, ink: Ink::First, points }],
        },
        series: Vec::new(),
    }
}

/// The eigenvalues of a certificate by what they are of.
pub(super) fn spectra(certificate: &Certificate) -> Vec<(&'static str, Vec<Eigenvalue>)> {
    let closed_loop = certificate.closed_loop.as_deref().map(|values| (CLOSED_LOOP, values.to_vec()));
    [(SLIDING, certificate.sliding.to_vec())].into_iter().chain(closed_loop).collect()
}

/// An eigenvalue that is so many times farther out than the next would leave no room for the others.
const FAR: f64 = 20.0;

/// The size beyond which eigenvalues are left out of the plot.
fn reach(values: impl Iterator<Item = Eigenvalue>) -> f64 {
    let mut sizes: Vec<f64> = values.map(|value| value.re.hypot(value.im)).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    let next = sizes.windows(2).take_while(|pair| pair[0] > FAR * pair[1] && pair[1] > 1e-3).count();
    sizes.get(next).copied().unwrap_or(0.0)
}

/// Eigenvalues in the complex plane.
pub(super) fn eigenvalues(certificate: &Certificate) -> Chart {
    let spectra = spectra(certificate);
    let all = || spectra.iter().flat_map(|(_, values)| values.iter().copied());
    let reach = reach(all());
    let is_far = |value: &Eigenvalue| value.re.hypot(value.im) > reach;
    let near = || all().filter(|value| !is_far(value));
    let y = Axis::over("imaginary part in 1/s", near().map(|value| value.im));
    let border = Mark { shape: Shape::Line, ink: Ink::Text, points: y.range.map(|im| (0.0, im)).into() };
    // What both have in common is a dot in a ring.
    let looks = [(Ink::First, Shape::Dots), (Ink::Second, Shape::Rings)];
    let dots = spectra.iter().zip(looks).map(|((_, values), (ink, shape))| Mark {
        shape,
        ink,
        points: values.iter().filter(|value| !is_far(value)).map(|value| (value.re, value.im)).collect(),
    });
    let series = spectra.iter().map(|(of, _)| table_series(of, "re", "im", &of.replace('_', " ")));
    let whose = if spectra.len() > 1 {
        ": dots of the sliding dynamics, rings of the closed loop"
    } else {
        " of the sliding dynamics"
    };
    let mut far: Vec<String> = all().filter(is_far).map(complex).collect();
    far.dedup();
    let beyond = if far.is_empty() {
        String::new()
    } else {
        format!(" Too far to be drawn: {}\u{a0}1/s.", far.join(", "))
    };
    Chart {
        plot: Plot {
            name: "eigenvalues".into(),
            caption: format!("Eigenvalues about upright{whose}; left of the line is stable.{beyond}"),
            x: Axis::over("real part in 1/s", near().map(|value| value.re).chain([0.0])),
            marks: std::iter::once(border).chain(dots).collect(),
            y,
        },
        series: series.collect(),
    }
}

/// Its imaginary part only where there is one.
fn complex(value: Eigenvalue) -> String {
    let imaginary = if value.im == 0.0 { String::new() } else { format!(" {:+.3}i", value.im) };
    format!("{}{imaginary}", number(value.re))
}

/// How the search went.
pub(super) fn convergence(results: &Results) -> Vec<Chart> {
    let evaluations = results.convergence("evaluations");
    let points = |column: &str| {
        let pairs = evaluations.iter().copied().zip(results.convergence(column).iter().copied());
        pairs.filter(|(_, y)| y.is_finite()).collect::<Vec<(f64, f64)>>()
    };
    let x = || Axis::new("gain vectors judged", [0.0, evaluations.last().copied().unwrap_or(1.0)]);
    let line = |column: &str, ink| Mark { shape: Shape::Line, ink, points: points(column) };
    let series = |column: &str| table_series(CONVERGENCE, "evaluations", column, &column.replace('_', " "));
    let (best, median, spread) = ("best_cost", "median_personal_best", "spread");
    let costs: Vec<f64> =
        [best, median].iter().flat_map(|column| points(column)).map(|point| point.1).collect();
    let blue = if results.number("violation") > 0.0 {
        "the cost of what breaks the limits least so far, which may rise"
    } else {
        "the best cost so far"
    };
    let cost = Chart {
        plot: Plot {
            name: "convergence".into(),
            caption: format!("Blue: {blue}; orange: the median of what the particles found best."),
            x: x(),
            y: Axis::by_decades("cost", costs.into_iter()),
            marks: vec![line(median, Ink::Second), line(best, Ink::First)],
        },
        series: vec![series(best), series(median)],
    };
    let spreads: Vec<f64> = points(spread).into_iter().map(|point| point.1).collect();
    let spread = Chart {
        plot: Plot {
            name: "spread".into(),
            caption: "How far what the particles found best is spread out, as a share of the bounds.".into(),
            x: x(),
            y: Axis::by_decades("spread", spreads.into_iter()),
            marks: vec![line(spread, Ink::First)],
        },
        series: vec![series(spread)],
    };
    [cost, spread]
        .into_iter()
        .filter(|chart| chart.plot.marks.iter().any(|mark| mark.points.len() > 1))
        .collect()
}

fn table_series(table: &'static str, x: &str, y: &str, label: &str) -> Series {
    Series { source: Source::Table(table), x: x.into(), y: y.into(), label: label.into() }
}
