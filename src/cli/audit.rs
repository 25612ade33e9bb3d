//! `gainswarm audit`: is the memory of every controller fit for long runs?

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::args::{duration, factor, whole};
use super::interrupt::Interrupt;
use super::json_progress::{Lines, per_second};
use super::table::table;
use super::{ControllerArgs, Exit, FollowArgs, MachineArgs, ShowArgs, load, note, print};
use crate::Error;
use crate::audit::{self, Audit, AuditPlan, ControllerAudit, Phase, Soak, Watcher};
use crate::config;
use crate::figures::{count, folded, wrapped};
use crate::report;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 if a check fails.\n\nExamples:\n  gainswarm audit --quick\n  \
    gainswarm audit configs/classical.toml --controllers classical --soak 1h")]
pub(super) struct Args {
    /// A study, a TOML file, whose plant and scenarios are used [default: one start of the double inverted pendulum]
    config: Option<PathBuf>,
    #[command(flatten)]
    controllers: ControllerArgs,
    /// How many times everything is created and freed again [default: 1000, or 100 with --quick]
    #[arg(long, value_name = "N", value_parser = whole(2..=1_000_000))]
    cycles: Option<u64>,
    /// Control steps of the longest simulation [default: 101000, or 21000 with --quick]
    #[arg(long, value_name = "N", value_parser = whole(2000..=config::STEPS_MAX))]
    steps: Option<u64>,
    /// Also tune each controller for this long and watch its memory, such as 90s, 10m or 1h
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = duration)]
    soak: Option<Duration>,
    /// Fail if memory grows by more than this many times the declared bytes of a simulation
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0, value_parser = factor)]
    alert_factor: f64,
    /// Use fewer cycles and steps
    #[arg(long)]
    quick: bool,
    /// Directory for audit.json, audit.csv and the plots [default: outputs/audit]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

/// Audits, writes what was found, and says whether everything is ready.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let plan = plan(args)?;
    let directory = args.output.clone().unwrap_or_else(|| Path::new("outputs").join("audit"));
    report::prepare_directory(&directory)?;
    let mut watcher = Follower {
        plan: &plan,
        directory: &directory,
        quiet: args.show.quiet,
        lines: args.follow.json_progress.then(|| Lines::new("audit")),
        interrupt: Interrupt::listen(),
    };
    let audit = audit::run(&plan, &mut watcher)?;
    let shown = if args.show.json {
        print(&format!("{}\n", report::audit_json(&plan, &audit)))
    } else if args.show.quiet {
        Ok(())
    } else {
        print(&show(&audit))
    };
    if !args.show.quiet && !args.show.json {
        note(&format!("written to {}", directory.display()));
    }
    for line in complaints(&audit) {
        note(&line);
    }
    if audit.open > 0 {
        let (done, all) = (audit.findings.len(), plan.controllers.len());
        note(&format!(
            "interrupted: {done} of {all} controllers are audited; nothing is known of the others"
        ));
    }
    // A signal after the last controller interrupts nothing.
    let cut = audit.open > 0 || audit.findings.iter().any(|finding| finding.interrupted);
    if let Some(code) = watcher.interrupt.exit_code().filter(|_| cut) {
        return Ok(Exit::Interrupted(code));
    }
    shown.map(|()| Exit::of(audit.is_ready()))
}

/// What is wrong, a line each.
fn complaints(audit: &Audit) -> Vec<String> {
    let broken = "error: the audit is broken: it does not find what it has planted itself, so its results cannot be trusted";
    let red = |finding: &ControllerAudit| {
        let name = finding.controller;
        let lines = finding.phases.iter().filter(|phase| !phase.green);
        let lines = lines.map(|phase| {
            format!("error: {name}: {} is not green: {}{}", phase.name, phase.finding, trace(phase))
        });
        lines.collect::<Vec<_>>()
    };
    let first = (!audit.works()).then(|| broken.to_owned());
    first.into_iter().chain(audit.findings.iter().flat_map(red)).collect()
}

/// The functions that a phase's first allocation came from, a line each.
fn trace(phase: &Phase) -> String {
    let head = if phase.allocated_in.is_empty() { "" } else { "\n  the first allocation was in" };
    let lines = phase.allocated_in.iter().map(|function| format!("\n    {function}"));
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// Tells what is going on, and writes what is known after every controller.
struct Follower<'a> {
    plan: &'a AuditPlan,
    directory: &'a Path,
    quiet: bool,
    /// What other programs are told.
    lines: Option<Lines>,
    interrupt: Interrupt,
}

impl Watcher for Follower<'_> {
    fn phase(&mut self, line: &str) {
        match &self.lines {
            Some(lines) => lines.tell("phase", json!({ "phase": line })),
            None if self.quiet => {}
            None => note(line),
        }
    }

    fn soak(&mut self, soak: &Soak) {
        let Some(lines) = &self.lines else { return self.phase(&soak.to_string()) };
        let [seconds, of] = soak.seconds;
        lines.tell(
            "progress",
            json!({
                "controller": soak.controller,
                "unit": "second",
                "done": seconds,
                "of": of,
                "evaluations": soak.evaluations,
                "simulations": soak.simulations,
                "live_bytes": soak.live_bytes,
                "steps_per_s": per_second(soak.control_steps, seconds),
                "seconds": seconds,
                "remaining_s": (of - seconds).max(0.0),
                "ended": false,
            }),
        );
    }

    fn found(&mut self, audit: &Audit) -> Result<(), Error> {
        report::write_audit(self.directory, self.plan, audit)
    }

    fn interrupted(&self) -> bool {
        self.interrupt.exit_code().is_some()
    }
}

fn plan(args: &Args) -> Result<AuditPlan, Error> {
    let base = args.config.as_deref().map(load).transpose()?;
    let controllers = match &base {
        Some(base) if args.controllers.is_empty() => vec![base.controller.name()],
        Some(base) => {
            return Err(Error::Option {
                option: "--controllers",
                found: format!("does not fit a study of {}", base.controller.name()),
                remedy: "leave it out: the controller of the study is audited".into(),
            });
        }
        None => args.controllers.chosen()?,
    };
    Ok(AuditPlan {
        base,
        controllers,
        cycles: args.cycles.unwrap_or(if args.quick { 100 } else { 1000 }),
        steps: args.steps.unwrap_or(if args.quick { 21_000 } else { 101_000 }),
        soak: args.soak,
        alert_factor: args.alert_factor,
        resources: args.machine.resources()?,
        alter: std::convert::identity,
    })
}

fn show(audit: &Audit) -> String {
    let verdict = |finding: &ControllerAudit| match finding {
        finding if finding.is_ready() => "ready",
        finding if finding.is_green() => "cut short",
        _ => "NOT READY",
    };
    let rows = audit.findings.iter().map(|finding| {
        let bytes = |bytes: u64| format!("{} B", count(bytes));
        vec![
            folded(finding.controller, 14),
            bytes(finding.bytes_per_simulation),
            bytes(finding.declared_bytes[1]),
            bytes(u64::try_from(finding.one_time_bytes).unwrap_or(0)),
            finding.bytes_per_step.to_string(),
            finding.worker_allocations.iter().sum::<u64>().to_string(),
            finding.score().to_string(),
            verdict(finding).into(),
        ]
    });
    let head = ["controller", "simulation", "with\nhistory", "made once", "B/step", "allocs", "score", ""];
    let overview = table(&head, &[1, 2, 3, 4, 5, 6], rows);
    let tests = audit.self_test.iter().map(|(caught, line)| mark(*caught, "self-test", line));
    let phases = audit.findings.iter().flat_map(|finding| {
        let lines = finding.phases.iter().map(|phase| mark(phase.green, phase.name, &phase.finding));
        std::iter::once(format!("\n{}\n", finding.controller)).chain(lines)
    });
    let details: String = tests.chain(phases).collect();
    format!("{details}\n{overview}")
}

fn mark(green: bool, name: &str, line: &str) -> String {
    wrapped(&format!("  {}  {name:<16} ", if green { "ok  " } else { "FAIL" }), "", line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_that_misses_what_is_planted_says_that_it_is_broken_and_fails() {
        let caught = || std::array::from_fn(|_| (true, String::new()));
        let works = Audit { self_test: caught(), findings: Vec::new(), open: 0 };
        assert!(works.works() && works.is_ready() && complaints(&works).is_empty());
        for missed in 0..works.self_test.len() {
            let mut audit = works.clone();
            audit.self_test[missed].0 = false;
            assert!(!audit.works() && !audit.is_ready());
            let lines = complaints(&audit);
            assert!(lines.len() == 1 && lines[0].contains("the audit is broken"), "{lines:?}");
            assert_eq!(Exit::of(audit.is_ready()), Exit::Failure);
        }
    }
}
