//! Loops over frequency: Bode and Nyquist plots with their margins, S and T, and the largest of the gang of four.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::charts::{Chart, Series, Stack, rounded, table_series};
use super::plane::{circle, within};
use super::table::{heads, number_heads};
use crate::config::Config;
use crate::figures::number;
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::stability::{Certificate, Complex, LoopResponse, Peak};

/// A gain in dB below this is not drawn, nor its phase, unless the gain margin is there.
const LOWEST_GAIN: f64 = -80.0;
/// A phase below this is not drawn: what has a dead time turns without end.
const LOWEST_PHASE: f64 = -540.0;
/// A phase that turns by more from one frequency to the next, in degrees, cannot be followed.
const FOLLOWED: f64 = 120.0;
/// The smallest size of S and T that is drawn.
const SMALLEST: f64 = 1e-3;
/// How far left of 0 a Nyquist plot goes at most.
const FARTHEST: f64 = 20.0;

/// The names of all plots that loops of a study may have.
pub(super) fn names(config: &Config) -> Vec<String> {
    let driven = config.wiring.driven();
    let with_input = driven.iter().map(|input| format!("_{input}"));
    let ends: Vec<String> = std::iter::once(String::new()).chain(with_input).collect();
    let kinds = ["bode_magnitude", "bode_phase", "nyquist", "sensitivities"];
    kinds.iter().flat_map(|kind| ends.iter().map(move |end| format!("{kind}{end}"))).collect()
}

/// The plots of each loop.
pub(super) fn charts(loops: &[LoopResponse]) -> Vec<Vec<Stack>> {
    let one = |of: &LoopResponse| {
        let end = if loops.len() > 1 { format!("_{}", of.input) } else { String::new() };
        let drawn = Drawn::new(of, end);
        vec![vec![drawn.magnitude(), drawn.phase()], vec![drawn.nyquist()], vec![drawn.sensitivities()]]
    };
    loops.iter().map(one).collect()
}

/// The columns behind the plots of a loop, by the name of its table.
pub(super) fn table(of: &LoopResponse) -> (String, Value) {
    let Drawn { magnitude, phase, open, s, t, .. } = Drawn::new(of, String::new());
    let column = |values: &mut dyn Iterator<Item = f64>| values.map(rounded).collect::<Vec<_>>();
    let columns: Map<String, Value> = [
        ("omega", column(&mut of.omegas.iter().copied())),
        ("magnitude", column(&mut magnitude.into_iter())),
        ("phase", column(&mut phase.into_iter())),
        ("re", column(&mut open.iter().map(|l| l.re))),
        ("im", column(&mut open.iter().map(|l| l.im))),
        ("s", column(&mut s.into_iter())),
        ("t", column(&mut t.into_iter())),
    ]
    .into_iter()
    .map(|(name, values)| (name.to_owned(), values.into()))
    .collect();
    (table_name(&of.input), columns.into())
}

fn table_name(input: &str) -> String {
    format!("loop_{input}")
}

/// What is drawn of a loop.
struct Drawn<'a> {
    of: &'a LoopResponse,
    /// The end of the names of its plots.
    end: String,
    open: Vec<Complex>,
    /// In dB; NaN where L is too small to be drawn.
    magnitude: Vec<f64>,
    /// In degrees; NaN where it is not drawn.
    phase: Vec<f64>,
    s: Vec<f64>,
    t: Vec<f64>,
}

impl<'a> Drawn<'a> {
    fn new(of: &'a LoopResponse, end: String) -> Self {
        let open = of.open();
        let sizes = |values: &[Complex]| values.iter().map(|value| value.size()).collect::<Vec<_>>();
        let (s, t) = (sizes(&of.sensitivity), sizes(&of.complementary()));
        let floor = LOWEST_GAIN.min(-decibels(of.margins.gain) - 10.0);
        let floor = if floor.is_finite() { floor } else { LOWEST_GAIN };
        let seen = |l: &Complex, value: f64| if decibels(l.size()) >= floor { value } else { f64::NAN };
        let magnitude = open.iter().map(|l| seen(l, decibels(l.size()))).collect();
        let phase = open.iter().zip(phases(&open)).map(|(l, phase)| seen(l, phase)).collect();
        Self { of, end, open, magnitude, phase, s, t }
    }

    fn over_frequency(&self, values: &[f64]) -> Vec<(f64, f64)> {
        self.of.omegas.iter().copied().zip(values.iter().copied()).collect()
    }

    /// Where a curve is drawn.
    fn seen(&self, values: &[f64]) -> Vec<(f64, f64)> {
        self.over_frequency(values).into_iter().filter(|point| point.1.is_finite()).collect()
    }

    fn frequency(&self) -> PlotAxis {
        let [low, high] =
            [self.of.omegas.first(), self.of.omegas.last()].map(|at| at.copied().unwrap_or(1.0));
        PlotAxis::logarithmic("frequency, rad/s", [low, high])
    }

    /// The value of a curve at one of its frequencies.
    fn at(&self, omega: f64, values: &[f64]) -> Option<f64> {
        let place = self.of.omegas.iter().position(|at| at.total_cmp(&omega).is_eq())?;
        values.get(place).copied().filter(|value| value.is_finite())
    }

    fn series(&self, x: &str, y: &str, label: &str) -> Series {
        table_series(&table_name(&self.of.input), x, y, label)
    }

    fn magnitude(&self) -> Chart {
        let (margins, at) = (&self.of.margins, &self.of.at);
        let x = self.frequency();
        let y = PlotAxis::over(
            "|L|, dB",
            self.magnitude.iter().copied().chain([0.0, decibels(1.0 / margins.gain)]),
        )
        .in_steps(&[5.0, 10.0, 20.0, 40.0, 80.0]);
        let bars = [(at.gain, margins.gain), (at.gain_down, margins.gain_down)].map(|(omega, factor)| {
            let points = vec![(omega, 0.0), (omega, -decibels(factor))];
            (omega > 0.0 && factor > 0.0 && factor.is_finite()).then(|| line(Ink::Accent, points))
        });
        let limit = |factor: f64, omega: f64| {
            let is_there = factor > 0.0 && factor.is_finite();
            is_there.then(|| [short(decibels(factor)), short(omega)])
        };
        let [told, legend] = match [limit(margins.gain, at.gain), limit(margins.gain_down, at.gain_down)] {
            [None, None] => ["no limit of the gain".to_owned(), String::new()],
            [Some([most, omega]), None] => twice(format!("gain margin {most} dB at {omega} rad/s")),
            [None, Some([least, omega])] => twice(format!("gain margin {least} dB at {omega} rad/s")),
            [Some([most, omega]), Some([least, down])] => [
                format!("gain margins {most} dB at {omega} rad/s and {least} dB at {down} rad/s"),
                format!("gain margins {most} dB and {least} dB"),
            ],
        };
        let is_drawn = bars.iter().any(Option::is_some);
        let legend =
            [(Ink::First, "|L|".into())].into_iter().chain(is_drawn.then_some((Ink::Accent, legend)));
        let legend = legend.collect();
        let marks = [hair(Ink::Muted, x.range.map(|x| (x, 0.0)).into())].into_iter();
        let marks = marks.chain([line(Ink::First, self.seen(&self.magnitude))]);
        Chart {
            plot: Plot {
                name: format!("bode_magnitude{}", self.end),
                caption: format!("Bode plot of the loop at {}, its gain: {told}.", self.of.input),
                marks: marks.chain(bars.into_iter().flatten()).collect(),
                x,
                y,
                legend,
            },
            series: vec![self.series("omega", "magnitude", "|L|")],
        }
    }

    fn phase(&self) -> Chart {
        let x = self.frequency();
        let y = PlotAxis::over("phase of L, °", self.phase.iter().copied().chain([-180.0]))
            .in_steps(&[15.0, 30.0, 45.0, 90.0, 180.0]);
        let at = self.of.at.phase;
        // To the nearest of −180°, −540°, …
        let bar = self.at(at, &self.phase).map(|phase| {
            let turned = 360.0 * ((phase + 180.0) / 360.0).round() - 180.0;
            line(Ink::Accent, vec![(at, turned), (at, phase)])
        });
        let told = if self.of.margins.phase.is_finite() {
            format!("phase margin {}° at {} rad/s", short(self.of.margins.phase), short(at))
        } else {
            "|L| is 1 at no frequency, so that no lag is too much".into()
        };
        let mut legend = vec![(Ink::First, "phase of L".into())];
        legend.extend(bar.is_some().then(|| (Ink::Accent, told.clone())));
        let odd = [-540.0, -180.0, 180.0, 540.0]
            .into_iter()
            .filter(|turn| y.range[0] < *turn && *turn < y.range[1]);
        let odd = odd.map(|turn| hair(Ink::Muted, x.range.map(|x| (x, turn)).into()));
        let marks: Vec<Mark> = odd.chain([line(Ink::First, self.seen(&self.phase))]).collect();
        Chart {
            plot: Plot {
                name: format!("bode_phase{}", self.end),
                caption: format!("Bode plot, its phase: {told}. Thin: −180° and what is a turn from it."),
                marks: marks.into_iter().chain(bar).collect(),
                x,
                y,
                legend,
            },
            series: vec![self.series("omega", "phase", "phase of L")],
        }
    }

    fn nyquist(&self) -> Chart {
        let (margins, at) = (&self.of.margins, &self.of.at);
        let radius = 1.0 / margins.sensitivity;
        let mut plot = Plot {
            name: format!("nyquist{}", self.end),
            caption: format!(
                "Nyquist plot near −1. The circle about −1 that L touches has the radius 1/Ms = {}; on the thin circle |L| is 1. Dots: where gain and phase margin are read.",
                short(radius)
            ),
            x: PlotAxis::new("real part of L", [-1.0, 1.0]),
            y: PlotAxis::new("imaginary part of L", [-1.0, 1.0]),
            marks: Vec::new(),
            legend: vec![
                (Ink::First, "L".into()),
                (Ink::Muted, "its mirror image".into()),
                (Ink::Second, "Ms circle".into()),
                (Ink::Accent, "−1".into()),
            ],
        };
        let leftmost = [1.0 / margins.gain_down, 1.0 / margins.gain];
        let leftmost = leftmost.into_iter().filter(|x| *x < FARTHEST).fold(1.0 + radius, f64::max);
        near_minus_one(&mut plot, leftmost, radius);
        let frame = [plot.x.range, plot.y.range];
        let curve: Vec<(f64, f64)> = self.open.iter().map(|l| (l.re, l.im)).collect();
        let mirrored: Vec<(f64, f64)> = curve.iter().map(|(re, im)| (*re, -im)).collect();
        let cut =
            |ink, points: &[(f64, f64)]| within(points, frame).into_iter().map(move |piece| line(ink, piece));
        let crossings: Vec<(f64, f64)> = [at.gain, at.gain_down, at.phase]
            .into_iter()
            .filter_map(|omega| {
                let place = self.of.omegas.iter().position(|at| at.total_cmp(&omega).is_eq())?;
                Some((self.open[place].re, self.open[place].im))
            })
            .filter(|(x, y)| frame[0][0] < *x && *x < frame[0][1] && y.abs() < frame[1][1])
            .collect();
        let hairs = within(&circle(0.0, 1.0), frame).into_iter().map(|piece| hair(Ink::Muted, piece));
        plot.marks = hairs
            .chain(cut(Ink::Muted, &mirrored))
            .chain(cut(Ink::Second, &circle(-1.0, radius)))
            .chain(cut(Ink::First, &curve))
            .chain([dots(Ink::First, crossings), dots(Ink::Accent, vec![(-1.0, 0.0)])])
            .collect();
        Chart { plot, series: vec![Series { along: Some("omega".into()), ..self.series("re", "im", "L") }] }
    }

    fn sensitivities(&self) -> Chart {
        let (margins, at) = (&self.of.margins, &self.of.at);
        let x = self.frequency();
        let drawn = self.s.iter().chain(&self.t).copied().filter(|size| *size >= SMALLEST);
        let y = PlotAxis::by_decades("|S| and |T|", drawn);
        let scaled = |points: Vec<(f64, f64)>, scale: fn(f64) -> f64| {
            points.into_iter().map(|(x, y)| (x, scale(y))).collect::<Vec<_>>()
        };
        let scales: [fn(f64) -> f64; 2] =
            if y.is_logarithmic { [libm::log10, libm::exp10] } else { [|y| y; 2] };
        let curve = |ink, values: &[f64]| {
            let points = scaled(self.over_frequency(values), scales[0]);
            let pieces = within(&points, [x.range, y.range.map(scales[0])]);
            pieces.into_iter().map(|piece| line(ink, scaled(piece, scales[1]))).collect::<Vec<_>>()
        };
        let mut marks: Vec<Mark> = [(Ink::Second, &self.t), (Ink::First, &self.s)]
            .into_iter()
            .flat_map(|(ink, values)| curve(ink, values))
            .collect();
        let peaks = [
            (Ink::First, at.sensitivity, margins.sensitivity),
            (Ink::Second, at.complementary, margins.complementary),
        ];
        let seen = peaks.into_iter().filter(|(_, omega, _)| *omega >= x.range[0] && *omega <= x.range[1]);
        marks.extend(seen.map(|(ink, omega, size)| dots(ink, vec![(omega, size)])));
        Chart {
            plot: Plot {
                name: format!("sensitivities{}", self.end),
                caption: format!(
                    "Sensitivity S = 1/(1 + L) and complementary sensitivity T = L/(1 + L): Ms = {} at {} rad/s, Mt = {} at {} rad/s.",
                    short(margins.sensitivity),
                    short(at.sensitivity),
                    short(margins.complementary),
                    short(at.complementary)
                ),
                marks,
                x,
                y,
                legend: vec![(Ink::First, "|S|".into()), (Ink::Second, "|T|".into())],
            },
            series: vec![self.series("omega", "s", "|S|"), self.series("omega", "t", "|T|")],
        }
    }
}

fn decibels(factor: f64) -> f64 {
    20.0 * libm::log10(factor)
}

/// A text for two places.
fn twice(text: String) -> [String; 2] {
    [text.clone(), text]
}

/// Four significant digits.
fn short(value: f64) -> String {
    let rounded = format!("{value:.3e}").parse::<f64>().unwrap_or(value);
    crate::parameter::Short(rounded).to_string()
}

fn line(ink: Ink, points: Vec<(f64, f64)>) -> Mark {
    Mark { shape: Shape::Line, ink, points }
}

fn hair(ink: Ink, points: Vec<(f64, f64)>) -> Mark {
    Mark { shape: Shape::Hair, ink, points }
}

fn dots(ink: Ink, points: Vec<(f64, f64)>) -> Mark {
    Mark { shape: Shape::Dots, ink, points }
}

/// Sets the axes so that a circle is one, with all of the Ms circle and what lies on the negative axis up to −`leftmost`.
fn near_minus_one(plot: &mut Plot, leftmost: f64, radius: f64) {
    const RIGHT: f64 = 1.3;
    let [left, top, right, bottom] = plot.frame().map(f64::from);
    let aspect = (right - left) / (bottom - top);
    let width = (2.0 * 1.2 * aspect * radius.max(1.05)).max(1.08 * leftmost + RIGHT);
    plot.x.range = [RIGHT - width, RIGHT];
    plot.y.range = [-0.5, 0.5].map(|half| half * width / aspect);
}

/// The angle of L in degrees, followed from its first frequency on.
fn phases(open: &[Complex]) -> Vec<f64> {
    let mut phases: Vec<f64> = Vec::new();
    for l in open {
        let angle = l.angle().to_degrees();
        phases.push(match phases.last() {
            None if angle > 90.0 => angle - 360.0,
            None => angle,
            Some(last) => {
                let turn = (angle - last + 180.0).rem_euclid(360.0) - 180.0;
                if turn.abs() < FOLLOWED && last + turn > LOWEST_PHASE { last + turn } else { f64::NAN }
            }
        });
    }
    phases
}

/// The loops, each with its plots and the largest of its gang of four; nothing where there are none.
pub(super) fn section(
    config: &Config,
    certificate: &Certificate,
    loops: &[LoopResponse],
    figures: &[Vec<Markup>],
) -> Markup {
    let several = loops.len() > 1;
    html! {
        @if let Some(first) = loops.first() {
            section #loop {
                h2 { "Loop over frequency" }
                p {
                    "The loop as it is sampled, broken at " (broken_at(loops)) ", up to half the sampling frequency, π/T = "
                    (short(std::f64::consts::PI / first.period)) " rad/s."
                    @if certificate.scope.worlds > 1 {
                        " Of the " (certificate.scope.worlds) " worlds of the study it is the one with the largest sensitivity."
                    }
                    @if config.responses.is_empty() { " With a [[response]] it also tells what becomes of disturbances and noise of its output." }
                }
                @for (of, figures) in loops.iter().zip(figures) {
                    @if several { h3 { "At " (of.input) } }
                    div.plots { @for figure in figures { (figure) } }
                    (gang(config, of))
                }
            }
        }
    }
}

fn broken_at(loops: &[LoopResponse]) -> String {
    match loops {
        [one] => format!("the law's output {}", one.input),
        _ => "one output of the law at a time with the others closed".into(),
    }
}

fn gang(config: &Config, of: &LoopResponse) -> Markup {
    let columns = config.columns();
    let unit = |name: &str| {
        columns.iter().find(|column| column.quantity.name == name).map(|column| column.quantity.unit)
    };
    let per = |peak: &Peak| {
        let [from, to] = peak.between.as_ref()?.each_ref().map(|name| unit(name));
        (from != to).then(|| format!("{} per {}", to.unwrap_or("1"), from.unwrap_or("1")))
    };
    let peaks = of.gang();
    let has_units = peaks.iter().any(|peak| per(peak).is_some());
    html! {
        table {
            thead {
                tr {
                    (heads(&["gang of four", ""])) (number_heads(&["largest", "at rad/s"]))
                    @if has_units { (heads(&["unit"])) }
                }
            }
            tbody {
                @for peak in &peaks {
                    tr data-peak=(peak.symbol) {
                        th scope="row" { (peak.symbol) }
                        td.meaning { (peak.meaning) }
                        td.number data-value=(peak.largest) { (number(peak.largest)) }
                        td.number { (number(peak.at)) }
                        @if has_units { td.figure { (per(peak).unwrap_or_default()) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_followed_over_turns_and_not_where_it_turns_too_fast() {
        let at = |degrees: f64| {
            let angle = degrees.to_radians();
            Complex { re: angle.cos(), im: angle.sin() }
        };
        let found = phases(&[90.0, 170.0, 220.0, 300.0, -20.0, -170.0].map(at));
        let expected = [90.0, 170.0, 220.0, 300.0, 340.0];
        assert!(
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9),
            "{found:?}"
        );
        assert!(found[5].is_nan(), "150° in a step: {found:?}");
        // A double integrator begins at −180°, on either side of it by rounding.
        for start in [-179.9, 179.9] {
            assert!((phases(&[at(start)])[0] + 180.0).abs() < 0.2, "{start}");
        }
        let lag: Vec<Complex> = (0..100).map(|k| at(-10.0 * f64::from(k))).collect();
        let found = phases(&lag);
        assert!(
            (found[50] + 500.0).abs() < 1e-6 && found[54..].iter().all(|phase| phase.is_nan()),
            "{found:?}"
        );
    }
}
