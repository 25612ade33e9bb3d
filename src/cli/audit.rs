//! `gainswarm audit`: is the memory of every controller fit for long runs?

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::table::{count, table};
use super::{AuditArgs, Exit, controllers, load, note, print, resources};
use crate::Error;
use crate::audit::{self, Audit, Finding, Phase, Plan};
use crate::registry::Member;
use crate::report;

/// Audits, writes what was found, and says whether everything is ready.
pub(super) fn run(args: &AuditArgs) -> Result<Exit, Error> {
    let plan = plan(args)?;
    let directory = args.output.clone().unwrap_or_else(|| Path::new("outputs").join("audit"));
    report::prepare_directory(&directory)?;
    let audit = audit::run(&plan, &mut |phase| {
        if !args.quiet {
            note(phase);
        }
    })?;
    let json = to_json(&plan, &audit);
    let written = report::write_audit(&directory, &audit, &json);
    if args.json {
        print(&format!("{json}\n"))?;
    } else if !args.quiet {
        print(&show(&audit))?;
    }
    written?;
    if !args.quiet {
        note(&format!("written to {}", directory.display()));
    }
    if !audit.works() {
        note(
            "error: the audit is broken: it does not see what is planted, so nothing that it says can be believed",
        );
    }
    for finding in &audit.findings {
        for phase in finding.phases.iter().filter(|phase| !phase.green) {
            note(&format!(
                "error: {}: {} is not green: {}",
                finding.controller.name(),
                phase.name,
                phase.finding
            ));
        }
    }
    Ok(Exit::of(audit.is_ready()))
}

fn plan(args: &AuditArgs) -> Result<Plan, Error> {
    let base = args.config.as_deref().map(load).transpose()?;
    let planted = |name: &String| audit::Plant::ALL.iter().copied().find(|plant| plant.name() == name);
    Ok(Plan {
        base,
        controllers: controllers(&args.controllers),
        cycles: args.cycles.unwrap_or(if args.quick { 100 } else { 1000 }),
        steps: args.steps.unwrap_or(if args.quick { 21_000 } else { 101_000 }),
        soak: args.soak,
        alert_factor: args.alert_factor,
        resources: resources(&args.machine)?,
        plant: args.plant.as_ref().and_then(planted),
    })
}

/// A duration such as `90s`, `10m` or `1h`; seconds without a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.char_indices().last() {
        Some((end, 's')) => (&text[..end], 1.0),
        Some((end, 'm')) => (&text[..end], 60.0),
        Some((end, 'h')) => (&text[..end], 3600.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * factor);
    let allowed = seconds.filter(|seconds| (1.0..=1e7).contains(seconds));
    allowed.map(Duration::from_secs_f64).ok_or_else(|| "allowed: 1s to 1e7s, such as 90s, 10m or 1h".into())
}

fn show(audit: &Audit) -> String {
    let verdict = |ready: bool| if ready { "ready" } else { "NOT READY" };
    let rows = audit.findings.iter().map(|finding| {
        let bytes = |bytes: u64| format!("{} B", count(bytes));
        vec![
            finding.controller.name().into(),
            bytes(finding.bytes_per_simulation),
            bytes(finding.declared_bytes[1]),
            finding.one_time_bytes.to_string(),
            finding.bytes_per_step.to_string(),
            finding.worker_allocations.iter().sum::<u64>().to_string(),
            finding.score().to_string(),
            verdict(finding.is_ready()).into(),
        ]
    });
    let head = ["controller", "simulation", "with history", "once B", "B/step", "allocs", "score", ""];
    let overview = table(&head, &[1, 2, 3, 4, 5, 6], rows);
    let tests = audit.self_test.iter().map(|(caught, line)| mark(*caught, "self-test", line));
    let phases = audit.findings.iter().flat_map(|finding| {
        let lines = finding.phases.iter().map(|phase| mark(phase.green, phase.name, &phase.finding));
        std::iter::once(format!("\n{}\n", finding.controller.name())).chain(lines)
    });
    let details: String = tests.chain(phases).collect();
    format!("{details}\n{overview}")
}

fn mark(green: bool, name: &str, line: &str) -> String {
    format!("  {}  {name:<16} {line}\n", if green { "ok  " } else { "FAIL" })
}

fn to_json(plan: &Plan, audit: &Audit) -> Value {
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "cycles": plan.cycles,
        "steps": plan.steps,
        "threads": plan.resources.threads,
        "self_test": audit.self_test.iter().map(|(caught, line)| json!({ "caught": caught, "finding": line })).collect::<Vec<_>>(),
        "ready": audit.is_ready(),
        "controllers": audit.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "controller": finding.controller.name(),
        "score": finding.score(),
        "ready": finding.is_ready(),
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
    json!({ "name": phase.name, "points": phase.points, "green": phase.green, "finding": phase.finding })
}
