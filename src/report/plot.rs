//! Plots: what stands on the axes and what is drawn, as SVG, as SVG in the colours of a page, or as PNG, all by one function.

use std::io;
use std::sync::Once;

use plotters::coord::CoordTranslate;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, DefaultFormatting, KeyPointHint, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

/// Width and height: three units are a pixel of a page.
pub(super) const SIZE: (u32, u32) = (1440, 900);
/// Above the frame, without a legend and with one.
const TOP: [u32; 2] = [45, 90];
const RIGHT: u32 = 45;
const BOTTOM: u32 = 150;
/// Left of the labels: half of the upper line of a turned label would be cut off at the edge.
const EDGE: u32 = 8;
const FONT: u32 = 36;

/// A plot.
pub(super) struct Plot {
    /// Its name as a file and in the page.
    pub(super) name: String,
    /// What it shows, in a sentence.
    pub(super) caption: String,
    pub(super) x: PlotAxis,
    pub(super) y: PlotAxis,
    pub(super) marks: Vec<Mark>,
    /// What colours mean, in a line above the frame; none where there is one colour.
    pub(super) legend: Vec<(Ink, String)>,
}

/// What stands along an axis.
pub(super) struct PlotAxis {
    label: String,
    pub(super) range: [f64; 2],
    pub(super) is_logarithmic: bool,
    /// Names at 0, 1, 2 … in place of numbers.
    names: Vec<String>,
    /// Numbers that are marked, where they are not left to the plot.
    ticks: Vec<f64>,
}

/// What is drawn: a line through points, a thin one or a hair of one, dots, or bars from 0 to x at y.
pub(super) struct Mark {
    pub(super) shape: Shape,
    pub(super) ink: Ink,
    pub(super) points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Line,
    Thin,
    Hair,
    Dots,
    Bars,
}

/// How a line goes around sharp turns: whole, or in pieces, since bitmaps would have spikes as long as the plot there.
#[derive(Clone, Copy, PartialEq)]
enum Turns {
    Whole,
    Split,
}

/// Colours by what they are for, and as they are on paper; a page has its own for light and dark.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ink {
    Paper,
    Text,
    Grid,
    Muted,
    Accent,
    First,
    Second,
}

impl Ink {
    const ALL: [(Self, &'static str, RGBColor); 7] = [
        (Self::Paper, "paper", RGBColor(0xff, 0xff, 0xff)),
        (Self::Text, "ink", RGBColor(0x1c, 0x23, 0x2b)),
        (Self::Grid, "grid", RGBColor(0xe6, 0xe9, 0xed)),
        (Self::Muted, "muted", RGBColor(0x93, 0xa0, 0xaf)),
        (Self::Accent, "accent", RGBColor(0xc2, 0x30, 0x2e)),
        (Self::First, "series1", RGBColor(0x0a, 0x68, 0xab)),
        (Self::Second, "series2", RGBColor(0xc5, 0x6a, 0x00)),
    ];

    /// Its name in a page's style sheet.
    pub(super) fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(ink, ..)| *ink == self);
        known.map_or("", |(_, name, _)| name)
    }

    fn colour(self) -> RGBColor {
        let known = Self::ALL.iter().find(|(ink, ..)| *ink == self);
        known.map_or(BLACK, |(_, _, colour)| *colour)
    }
}

impl PlotAxis {
    pub(super) fn new(label: impl Into<String>, range: [f64; 2]) -> Self {
        Self { label: label.into(), range, is_logarithmic: false, names: Vec::new(), ticks: Vec::new() }
    }

    /// An axis that has room for all that is finite in `values`.
    pub(super) fn over(label: impl Into<String>, values: impl Iterator<Item = f64>) -> Self {
        let [low, high] = extremes(values);
        let pad = if high > low { 0.06 * (high - low) } else { high.abs().max(1.0) };
        Self::new(label, [low - pad, high + pad])
    }

    /// The same, marked at multiples of the first of `steps` of which no more than eight fit.
    pub(super) fn in_steps(self, steps: &[f64]) -> Self {
        let [low, high] = self.range;
        let fits = |step: &&f64| high - low <= 8.0 * **step;
        let Some(step) = steps.iter().find(fits).or(steps.last()) else { return self };
        #[allow(clippy::cast_possible_truncation, reason = "a few multiples")]
        let [first, last] = [(low / step).ceil() as i32, (high / step).floor() as i32];
        Self { ticks: (first..=last).map(|k| f64::from(k) * step).collect(), ..self }
    }

    /// A logarithmic axis from a positive number to a larger one.
    pub(super) fn logarithmic(label: impl Into<String>, range: [f64; 2]) -> Self {
        Self { is_logarithmic: true, ..Self::new(label, range) }
    }

    /// A logarithmic axis where positive `values` differ by more than a factor of 30; whole decades.
    pub(super) fn by_decades(label: impl Into<String>, values: impl Iterator<Item = f64> + Clone) -> Self {
        let [low, high] = extremes(values.clone());
        if low <= 0.0 || high < 30.0 * low {
            return Self::over(label, values);
        }
        let range = [10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil())];
        Self::logarithmic(label, range)
    }

    /// A place for each name, from the top.
    pub(super) fn named(names: Vec<String>) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a number of names")]
        let last = names.len() as f64 - 0.5;
        Self { names, ..Self::new("", [-0.5, last]) }
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// What stands at a place.
    fn tick(&self, value: f64) -> String {
        if !self.names.is_empty() {
            let is_whole = (value - value.round()).abs() < 1e-6;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
            let name = self.names.get(value.round() as usize).filter(|_| is_whole && value > -0.4);
            return name.cloned().unwrap_or_default();
        }
        if !self.ticks.is_empty() {
            return format!("{value}");
        }
        let magnitude = value.abs();
        // Ticks are round numbers up to the rounding of their sum.
        let round = self.rounded(value);
        // Decades have short names alone.
        let small = if self.is_logarithmic { 1e-2 } else { 1e-3 };
        if round != 0.0 && !(small..1e4).contains(&magnitude) {
            format!("{round:e}")
        } else {
            format!("{round}")
        }
    }

    /// A number with the digits in which neighbouring ticks differ, and no zero with a sign.
    fn rounded(&self, value: f64) -> f64 {
        let decade = |value: f64| value.abs().log10().floor();
        // Of seven ticks at most; those of a logarithmic axis begin with one digit.
        let last =
            if self.is_logarithmic { decade(value) } else { decade((self.range[1] - self.range[0]) / 7.0) };
        let digits = decade(value) - last;
        if digits < -1.0 || value == 0.0 {
            return 0.0;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 15")]
        let digits = digits.clamp(0.0, 15.0) as usize;
        format!("{value:.digits$e}").parse().unwrap_or(value)
    }
}

/// A linear axis that is marked at given numbers.
struct Marked {
    of: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for Marked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.of.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.of.range()
    }
}

fn extremes(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let finite = values.filter(|value| value.is_finite());
    let [low, high] =
        finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    if low <= high { [low, high] } else { [0.0, 1.0] }
}

impl Plot {
    /// The plotting area: left, top, right, bottom.
    pub(super) fn frame(&self) -> [u32; 4] {
        [self.left(), self.top(), SIZE.0 - RIGHT, SIZE.1 - BOTTOM]
    }

    fn top(&self) -> u32 {
        TOP[usize::from(!self.legend.is_empty())]
    }

    fn left(&self) -> u32 {
        let longest = self.y.names.iter().map(|name| name.chars().count()).max();
        longest.map_or(180, |characters| (22 * u32::try_from(characters).unwrap_or(0) + 60).clamp(180, 620))
    }

    /// The SVG as a file, whose title says what study it is of and what it shows.
    pub(super) fn svg(&self, study: &str) -> io::Result<String> {
        let title = maud::html! { title { (self.title(study)) } }.into_string();
        Ok(self.drawing(&self.marks)?.replacen('>', &format!(">\n{title}"), 1))
    }

    fn title(&self, study: &str) -> String {
        format!("{study}: {}", self.caption)
    }

    fn drawing(&self, marks: &[Mark]) -> io::Result<String> {
        let mut text = String::new();
        self.draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area(), marks, Turns::Whole)?;
        Ok(text)
    }

    /// The SVG as part of a page, whose style sheet has the colours; what is drawn in the frame is the group `marks`.
    pub(super) fn svg_of_a_page(&self) -> io::Result<String> {
        let open = |svg: String| svg.trim_end().trim_end_matches("</svg>").to_owned();
        let (frame, whole) = (open(self.drawing(&[])?), open(self.drawing(&self.marks)?));
        let marks = whole.strip_prefix(&frame).unwrap_or_default();
        let mut text = format!("{frame}<g class=\"marks\">\n{marks}</g>\n</svg>\n");
        for (_, name, RGBColor(r, g, b)) in Ink::ALL {
            text = text.replace(&format!("\"#{r:02X}{g:02X}{b:02X}\""), &format!("\"var(--{name})\""));
        }
        let size = format!("width=\"{}\" height=\"{}\" ", SIZE.0, SIZE.1);
        Ok(text.replacen(&size, "role=\"img\" ", 1))
    }

    pub(super) fn png(&self, study: &str) -> io::Result<Vec<u8>> {
        let mut pixels = vec![0_u8; (SIZE.0 * SIZE.1 * 3) as usize];
        let area = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
        self.draw(&area, &self.marks, Turns::Split)?;
        drop(area);
        encode(&pixels, self.title(study))
    }

    fn draw<B>(&self, area: &DrawingArea<B, Shift>, marks: &[Mark], turns: Turns) -> io::Result<()>
    where
        B: DrawingBackend,
    {
        with_font();
        let [x, y] = [&self.x, &self.y].map(|axis| axis.range[0]..axis.range[1]);
        let ticks = self.y.ticks.clone();
        match (self.x.is_logarithmic, self.y.is_logarithmic) {
            (true, false) if !ticks.is_empty() => {
                self.draw_on(area, x.log_scale(), Marked { of: y.into(), ticks }, marks, turns)
            }
            (false, false) => self.draw_on(area, x, y, marks, turns),
            (false, true) => self.draw_on(area, x, y.log_scale(), marks, turns),
            (true, false) => self.draw_on(area, x.log_scale(), y, marks, turns),
            (true, true) => self.draw_on(area, x.log_scale(), y.log_scale(), marks, turns),
        }
    }

    fn draw_on<B, X, Y>(
        &self,
        area: &DrawingArea<B, Shift>,
        x: X,
        y: Y,
        marks: &[Mark],
        turns: Turns,
    ) -> io::Result<()>
    where
        B: DrawingBackend,
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let failed = |error: DrawingAreaErrorKind<B::ErrorType>| io::Error::other(error.to_string());
        area.fill(&Ink::Paper.colour()).map_err(failed)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(self.top())
            .margin_right(RIGHT)
            .x_label_area_size(BOTTOM)
            .margin_left(EDGE)
            .y_label_area_size(self.left() - EDGE)
            .build_cartesian_2d(x, y)
            .map_err(failed)?;
        let font = ("sans-serif", FONT).into_font().color(&Ink::Text.colour());
        chart
            .configure_mesh()
            .x_desc(self.x.label())
            .y_desc(self.y.label())
            .x_labels(6)
            .y_labels(if self.y.names.is_empty() { 6 } else { 2 * self.y.names.len() })
            .x_label_formatter(&|value| self.x.tick(*value))
            .y_label_formatter(&|value| self.y.tick(*value))
            .label_style(font.clone())
            .axis_desc_style(font)
            .axis_style(Ink::Text.colour().stroke_width(3))
            .bold_line_style(Ink::Grid.colour().stroke_width(3))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(12)
            .draw()
            .map_err(failed)?;
        self.draw_legend(area).map_err(failed)?;
        marks.iter().try_for_each(|mark| mark.draw(&mut chart, turns)).map_err(failed)?;
        area.present().map_err(failed)
    }

    /// A swatch and a text for each colour, from the left of the frame on.
    fn draw_legend<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let to_the_middle = Pos::new(HPos::Left, VPos::Center);
        let style = ("sans-serif", FONT).into_font().color(&Ink::Text.colour()).pos(to_the_middle);
        let [mut x, y] = [self.left(), self.top() / 2].map(u32::cast_signed);
        for (ink, text) in &self.legend {
            let swatch = Rectangle::new([(x, y - 5), (x + 48, y + 5)], ink.colour().filled());
            area.draw(&swatch)?;
            area.draw(&Text::new(text.clone(), (x + 64, y), style.clone()))?;
            // Wide enough for any font of a page.
            x += 110 + 23 * i32::try_from(text.chars().count()).unwrap_or(0);
        }
        Ok(())
    }
}

/// A chart with numbers along both axes.
type Chart<'a, B, X, Y> = ChartContext<'a, B, Cartesian2d<X, Y>>;

impl Mark {
    fn draw<B, X, Y>(
        &self,
        chart: &mut Chart<B, X, Y>,
        turns: Turns,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>>
    where
        B: DrawingBackend,
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let colour = self.ink.colour();
        let points = self.points.iter().copied();
        match self.shape {
            Shape::Line | Shape::Thin | Shape::Hair => {
                let width = match self.shape {
                    Shape::Hair => 2,
                    Shape::Thin => 4,
                    _ => 6,
                };
                let width = if self.ink == Ink::Muted { width.min(3) } else { width };
                for piece in self.pieces(chart, turns) {
                    let line = LineSeries::new(piece.iter().copied(), colour.stroke_width(width));
                    chart.draw_series(line)?;
                }
            }
            Shape::Dots => {
                chart.draw_series(points.map(|point| Circle::new(point, 12, colour.filled())))?;
            }
            Shape::Bars => {
                let bar = |(x, y)| Rectangle::new([(0.0, y - 0.35), (x, y + 0.35)], colour.filled());
                chart.draw_series(points.map(bar))?;
            }
        }
        Ok(())
    }

    /// The points of a line, split where it turns by more than a right angle if it must not be drawn around such turns.
    fn pieces<B, X, Y>(&self, chart: &Chart<B, X, Y>, turns: Turns) -> Vec<&[(f64, f64)]>
    where
        B: DrawingBackend,
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let mut pieces = Vec::new();
        let (mut from, mut before) = (0, (0, 0));
        let place = |point| chart.as_coord_spec().translate(point);
        for (k, window) in self.points.windows(2).enumerate() {
            let [a, b] = [place(&window[0]), place(&window[1])];
            let step = (b.0 - a.0, b.1 - a.1);
            if turns == Turns::Split && step.0 * before.0 + step.1 * before.1 < 0 {
                pieces.push(&self.points[from..=k]);
                from = k;
            }
            // Points on the same pixel are no turn.
            before = if step == (0, 0) { before } else { step };
        }
        pieces.push(&self.points[from..]);
        pieces
    }
}

/// Registers the font of the plots, which is part of the program, so that no system font is needed.
fn with_font() {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        let known = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
        debug_assert!(known.is_ok(), "a font that is a font");
    });
}

/// RGB pixels as a PNG with a title.
fn encode(pixels: &[u8], title: String) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_itxt_chunk("Title".into(), title).map_err(io::Error::other)?;
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(pixels).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_logarithmic_where_its_range_asks_for_it() {
        let axis = |values: [f64; 2]| PlotAxis::by_decades("cost", values.into_iter());
        assert!(!axis([2.0, 50.0]).is_logarithmic && !axis([-1.0, 500.0]).is_logarithmic);
        let wide = axis([2.0, 70.0]);
        assert!(wide.is_logarithmic && wide.range.map(f64::to_bits) == [1.0, 100.0].map(f64::to_bits));
    }

    #[test]
    fn an_axis_in_steps_is_marked_at_their_multiples_with_all_digits() {
        let marked = |range, steps: &[f64]| {
            let axis = PlotAxis::new("phase", range).in_steps(steps);
            axis.ticks.iter().map(|tick| axis.tick(*tick)).collect::<Vec<_>>()
        };
        assert_eq!(
            marked([-214.0, -116.0], &[15.0, 30.0]),
            ["-210", "-195", "-180", "-165", "-150", "-135", "-120"]
        );
        assert_eq!(marked([-190.0, 190.0], &[15.0, 30.0, 90.0]), ["-180", "-90", "0", "90", "180"]);
    }

    #[test]
    fn what_is_drawn_is_a_group_of_its_own_and_colours_have_a_legend() {
        let mark = Mark { shape: Shape::Line, ink: Ink::First, points: vec![(1.0, 1.0), (90.0, 2.0)] };
        let plot = Plot {
            name: "plot".into(),
            caption: "A & B.".into(),
            x: PlotAxis::by_decades("cost", [1.0, 100.0].into_iter()),
            y: PlotAxis::new("y", [0.0, 3.0]),
            marks: vec![mark],
            legend: vec![(Ink::First, "best".into())],
        };
        let svg = plot.svg_of_a_page().expect("an SVG");
        let (frame, marks) = svg.split_once("<g class=\"marks\">").expect("a group");
        assert!(frame.contains("\nbest\n") && frame.contains("fill=\"var(--series1)\""), "{frame}");
        assert_eq!(marks.matches("<polyline").count(), 1, "{marks}");
        assert!(marks.trim_end().ends_with("</g>\n</svg>"));
        assert!(plot.svg("study").expect("an SVG").contains("<title>study: A &amp; B.</title>"));
    }
}
