//! A quantity over time as a plot of its own.

use std::io;

use super::plot::{Ink, Mark, Plot, PlotAxis, Shape};

/// A line through points of time in s and value as SVG: `of` and `caption` are its title, `label` is what stands along the upright axis.
///
/// # Errors
///
/// When it cannot be drawn.
pub fn plot_over_time([of, caption, label]: [&str; 3], points: Vec<(f64, f64)>) -> io::Result<String> {
    let end = points.last().map_or(1.0, |point| point.0);
    let plot = Plot {
        name: String::new(),
        caption: caption.into(),
        x: PlotAxis::new("t in s", [0.0, end]),
        y: PlotAxis::over(label, points.iter().map(|point| point.1)),
        marks: vec![Mark { shape: Shape::Line, ink: Ink::First, points }],
        legend: Vec::new(),
    };
    plot.svg(of)
}
