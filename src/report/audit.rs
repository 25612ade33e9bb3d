//! What the memory audit leaves: `audit.json`, `audit.csv` with every sample, and a plot a controller as SVG and PNG.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use serde::Serialize;
use serde_json::Value;

use super::file::Staged;
use super::{io_error, prepare_directory};
use crate::Error;
use crate::audit::{Audit, Finding, Phase};

/// Width and height of a plot.
const SIZE: (u32, u32) = (900, 500);

#[derive(Serialize)]
struct Row {
    controller: &'static str,
    phase: &'static str,
    at: f64,
    live_bytes: i64,
    rss_bytes: u64,
}

/// Writes `audit.json`, `audit.csv` and the plots into a directory.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_audit(directory: &Path, audit: &Audit, json: &Value) -> Result<(), Error> {
    prepare_directory(directory)?;
    let mut staged = vec![
        Staged::new(&directory.join("audit.json"), |file| {
            serde_json::to_writer_pretty(&mut *file, json)?;
            file.write_all(b"\n")
        })?,
        Staged::new(&directory.join("audit.csv"), |file| write_samples(file, audit))?,
    ];
    for finding in &audit.findings {
        let path = |extension: &str| directory.join(format!("{}.{extension}", finding.controller.name()));
        staged.push(Staged::new(&path("svg"), |file| file.write_all(svg(finding)?.as_bytes()))?);
        staged.push(Staged::new(&path("png"), |file| file.write_all(&png(finding)?))?);
    }
    staged.into_iter().try_for_each(Staged::publish)
}

fn write_samples(file: &mut dyn Write, audit: &Audit) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    for finding in &audit.findings {
        for phase in &finding.phases {
            for sample in &phase.samples {
                csv.serialize(Row {
                    controller: finding.controller.name(),
                    phase: phase.name,
                    at: sample.at,
                    live_bytes: sample.live_bytes,
                    rss_bytes: sample.rss_bytes,
                })
                .map_err(io_error)?;
            }
        }
    }
    csv.flush()
}

fn svg(finding: &Finding) -> io::Result<String> {
    let mut text = String::new();
    draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area(), finding)?;
    Ok(text)
}

fn png(finding: &Finding) -> io::Result<Vec<u8>> {
    let mut pixels = vec![0_u8; (SIZE.0 * SIZE.1 * 3) as usize];
    draw(&BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(), finding)?;
    encode(&pixels)
}

/// Lets plots have text: no font of the system is looked for, ours goes with the program.
fn with_font() {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        let known = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
        debug_assert!(known.is_ok(), "a font that is a font");
    });
}

/// Live bytes over the steps of the stress, with the level at which they began.
fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, finding: &Finding) -> io::Result<()> {
    with_font();
    let failed = |error: DrawingAreaErrorKind<B::ErrorType>| io::Error::other(error.to_string());
    let empty = Vec::new();
    let stress = |phase: &&Phase| phase.name == "stress";
    let samples = finding.phases.iter().find(stress).map_or(&empty, |phase| &phase.samples);
    #[allow(clippy::cast_precision_loss, reason = "bytes of a plot")]
    let points: Vec<(f64, f64)> =
        samples.iter().map(|sample| (sample.at / 1e3, sample.live_bytes as f64 / 1024.0)).collect();
    let right = points.last().map_or(1.0, |point| point.0);
    let top = points.iter().fold(1.0_f64, |top, point| top.max(point.1));

    area.fill(&WHITE).map_err(failed)?;
    let title = format!("{}: {} bytes a step", finding.controller.name(), finding.bytes_per_step);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..right, 0.0..top * 1.2)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("control steps of a simulation, in thousands")
        .y_desc("live bytes, in KiB")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    chart.draw_series(LineSeries::new(points.iter().copied(), BLUE.stroke_width(2))).map_err(failed)?;
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, BLUE.filled()))).map_err(failed)?;
    area.present().map_err(failed)
}

/// RGB pixels as a PNG.
fn encode(pixels: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(pixels).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(bytes)
}
