//! What the memory audit leaves: `audit.json`, `audit.csv` with every sample, and a plot a controller as SVG and PNG.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::file::Staged;
use super::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use super::{io_error, prepare_directory, pretty, stage_plot};
use crate::Error;
use crate::audit::{Audit, AuditPlan, ControllerAudit, Phase};

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
pub fn write_audit(directory: &Path, plan: &AuditPlan, audit: &Audit) -> Result<(), Error> {
    prepare_directory(directory)?;
    let mut staged = vec![
        Staged::new(&directory.join("audit.json"), |file| pretty(file, &audit_json(plan, audit)))?,
        Staged::new(&directory.join("audit.csv"), |file| write_samples(file, audit))?,
    ];
    for finding in &audit.findings {
        staged.extend(stage_plot(directory, "memory audit", &plot(finding))?);
    }
    staged.into_iter().try_for_each(Staged::publish)
}

/// The audit as `audit.json` has it.
#[must_use]
pub fn audit_json(plan: &AuditPlan, audit: &Audit) -> Value {
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "cycles": plan.cycles,
        "steps": plan.steps,
        "threads": plan.resources.threads,
        "self_test": audit.self_test.iter().map(|(caught, line)| json!({ "caught": caught, "finding": line })).collect::<Vec<_>>(),
        "ready": audit.is_ready(),
        "open_controllers": audit.open,
        "controllers": audit.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &ControllerAudit) -> Value {
    json!({
        "controller": finding.controller,
        "score": finding.score(),
        "ready": finding.is_ready(),
        "interrupted": finding.interrupted,
        "declared_bytes": finding.declared_bytes[0],
        "declared_bytes_with_history": finding.declared_bytes[1],
        "bytes_per_simulation": finding.bytes_per_simulation,
        "one_time_bytes": finding.one_time_bytes,
        "bytes_per_step": finding.bytes_per_step,
        "worker_allocations": finding.worker_allocations,
        "phases": finding.phases.iter().map(phase).collect::<Vec<_>>(),
    })
}

fn phase(phase: &Phase) -> Value {
    json!({
        "name": phase.name,
        "points": phase.points,
        "green": phase.green,
        "finding": phase.finding,
        "allocated_in": phase.allocated_in,
    })
}

fn write_samples(file: &mut dyn Write, audit: &Audit) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    for finding in &audit.findings {
        for phase in &finding.phases {
            for sample in &phase.samples {
                csv.serialize(Row {
                    controller: finding.controller,
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

/// Live bytes over the steps of the stress phase, on an axis that begins at 0.
fn plot(finding: &ControllerAudit) -> Plot {
    let stress = |phase: &&Phase| phase.name == "stress";
    let samples = finding.phases.iter().find(stress).map_or(&[][..], |phase| &phase.samples);
    #[allow(clippy::cast_precision_loss, reason = "bytes of a plot")]
    let points: Vec<(f64, f64)> =
        samples.iter().map(|sample| (sample.at / 1e3, sample.live_bytes as f64 / 1024.0)).collect();
    let right = points.last().map_or(1.0, |point| point.0);
    let top = points.iter().fold(1.0_f64, |top, point| top.max(point.1));
    Plot {
        name: finding.controller.into(),
        caption: format!("{}: {} bytes a step", finding.controller, finding.bytes_per_step),
        x: PlotAxis::new("control steps of a simulation, in thousands", [0.0, right]),
        y: PlotAxis::new("live bytes, in KiB", [0.0, 1.2 * top]),
        marks: [Shape::Line, Shape::Dots]
            .map(|shape| Mark { shape, ink: Ink::First, points: points.clone() })
            .into(),
        legend: Vec::new(),
    }
}
