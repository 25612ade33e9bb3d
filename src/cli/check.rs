//! `gainswarm check`: what a study asks for, before anything runs.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{MachineArgs, load, print};
use crate::Error;
use crate::config::{Config, GENERATIONS_MAX};
use crate::engine::{Declared, Resources};
use crate::figures::{count, counted, wrapped};
use crate::parameter::Short;
use crate::problem::Problem;
use crate::registry::Member;
use crate::scaling::{self, Scaling};
use crate::simulation::SimdLevel;
use crate::swarm::Restarts;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm check configs/classical.toml
  gainswarm check configs/classical.toml > resolved.toml    # the same study, with every default
  gainswarm check configs/classical.toml --json --threads 2")]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// Print JSON instead of TOML with comments
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: MachineArgs,
}

/// Prints the resolved config and what it takes; refuses what would not run here.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let resources = args.machine.resources()?;
    let config = load(&args.config)?;
    let problem = Problem::new(&config);
    let declared = Declared::of(&problem, resources).with_checkpoints();
    declared.fit(config.memory_limit)?;
    let extent = Extent::of(&config);
    let scaling = scaling::measured(&config, resources)?;
    if args.json {
        let Extent { evaluations, simulations, scenarios, steps } = extent;
        let json = json!({
            "simulations_max": simulations,
            "evaluations_max": evaluations,
            "scenarios": scenarios,
            "steps": steps,
            "memory_bytes": declared.total(),
            "threads": resources.threads,
            "scaling": scaling_json(&scaling),
            "config": config,
        });
        return print(&format!("{json}\n"));
    }
    let facts = facts(&args.config, &config, &extent, &declared, resources, &scaling);
    print(&format!("{facts}\n{}", config.to_toml()))
}

/// How much a search simulates, at most.
pub(super) struct Extent {
    pub(super) evaluations: u64,
    pub(super) simulations: u64,
    pub(super) scenarios: u64,
    /// Of each simulation.
    pub(super) steps: u64,
}

impl Extent {
    pub(super) fn of(config: &Config) -> Self {
        let evaluations = config.swarm.evaluations_max(config.tune.len());
        let scenarios = config.scenario_count() as u64;
        let simulations = evaluations.saturating_mul(scenarios);
        Self { evaluations, simulations, scenarios, steps: config.simulation.steps() }
    }
}

/// What the study asks for, as comments of TOML.
fn facts(
    path: &Path,
    config: &Config,
    extent: &Extent,
    declared: &Declared,
    Resources { threads, level }: Resources,
    scaling: &Scaling,
) -> String {
    let parameters = config.controller.parameters();
    let gains: Vec<&str> = config.tune.iter().map(|gain| parameters[gain.index].name).collect();
    let Extent { evaluations, simulations, scenarios, steps } = *extent;
    let rows = [
        ("config", format!("{}: valid, resolved below with every default", one_line(path))),
        (
            "tunes",
            format!(
                "{} of {} on {}: {}",
                counted(gains.len() as u64, "gain"),
                config.controller.name(),
                config.plant.name(),
                gains.join(", ")
            ),
        ),
        (
            "at most",
            format!(
                "{} × {} = {} of {}",
                counted(evaluations, "gain vector"),
                counted(scenarios, "scenario"),
                counted(simulations, "simulation"),
                counted(steps, "step")
            ),
        ),
        ("trades", trades(config)),
        ("ends", ends(config).join(", or ")),
        ("memory", memory(declared, config.memory_limit, threads, level)),
        ("scales", scales(scaling)),
    ];
    let applies = |(_, value): &&(&str, String)| !value.is_empty();
    let rows: String = rows
        .iter()
        .filter(applies)
        .map(|(name, value)| wrapped(&format!("# {name:<9}"), "#", value))
        .collect();
    rows + &super::models::facts(config)
}

/// What is traded off; nothing where the cost is one.
fn trades(config: &Config) -> String {
    let names: Vec<&str> = config.objectives.iter().map(|objective| objective.name.as_str()).collect();
    let kept =
        config.swarm.trade_offs.map(|of| format!("; up to {} trade-offs are kept", count(of.kept as u64)));
    names.join(" against ") + &kept.unwrap_or_default()
}

/// What ends the search; the first that applies.
fn ends(config: &Config) -> Vec<String> {
    let stopping = &config.swarm.stopping;
    let mut ends = Vec::new();
    if stopping.evaluations < u64::MAX {
        ends.push(format!("after {}", counted(stopping.evaluations, "gain vector")));
    }
    if let Some(target) = stopping.target {
        ends.push(format!("at a cost of {}", Short(target)));
    }
    if let Some(generations) = stopping.stall_generations {
        let share = Short(stopping.stall_gain);
        ends.push(format!(
            "after {} without a gain of more than {share} of the cost",
            counted(generations, "generation")
        ));
    }
    if let Some(seconds) = stopping.wall_time {
        ends.push(format!("after {} s", Short(seconds)));
    }
    let Restarts { times, .. } = config.swarm.restarts;
    // More restarts than fit into any budget say nothing.
    if times < Restarts::USUAL.times && (config.swarm.polish.is_some() || times > 0) {
        ends.push(format!("when it has settled after {}", counted(times, "restart")));
    }
    // Next to another rule, the largest allowed number is only the default and not shown.
    if stopping.generations < GENERATIONS_MAX || ends.is_empty() {
        ends.insert(0, format!("after {}", counted(stopping.generations, "generation")));
    }
    if let Some(limit) = config.memory_limit {
        ends.push(format!("beyond a memory of {} bytes", count(limit)));
    }
    ends
}

fn memory(declared: &Declared, limit: Option<u64>, threads: usize, level: SimdLevel) -> String {
    let Declared { arenas, generation, swarms, surrogates, log, checkpoints } = *declared;
    let parts = [
        (arenas, "the workers' arenas"),
        (generation, "a generation"),
        (swarms + surrogates, "the swarms"),
        (log, "the log"),
        (checkpoints, "checkpoints"),
    ];
    let parts: Vec<String> =
        parts.iter().map(|(bytes, what)| format!("{} for {what}", count(*bytes))).collect();
    let limit = limit.map_or(String::new(), |limit| format!(" of the {} that it may use", count(limit)));
    format!(
        "{} bytes{limit} on {} with {}: {}",
        count(declared.total()),
        counted(threads as u64, "thread"),
        level.name(),
        parts.join(", ")
    )
}

/// On how many cores the study is worth it, and why.
fn scales(scaling: &Scaling) -> String {
    // Two digits are what a measurement is worth.
    let milliseconds = |seconds: f64| match 1e3 * seconds {
        long if long >= 10.0 => format!("{long:.0}"),
        short if short >= 1.0 => format!("{short:.1}"),
        shorter => format!("{shorter:.2}"),
    };
    format!(
        "fills {}: a generation is {} in {} of {} lanes, {} ms each, beside {} ms on one core; beyond that use --shard over seeds",
        counted(scaling.cores() as u64, "core"),
        counted(scaling.simulations as u64, "simulation"),
        counted(scaling.blocks() as u64, "block"),
        scaling.lanes,
        milliseconds(scaling.block_s),
        milliseconds(scaling.serial_s() + scaling.exchange_s)
    )
}

/// What a generation costs.
fn scaling_json(scaling: &Scaling) -> serde_json::Value {
    let Scaling { simulations, lanes, block_s, search_s, constraints_s, reduction_s, exchange_s } = *scaling;
    json!({
        "cores": scaling.cores(),
        "speedup": scaling.speedup(scaling.cores()),
        "simulations": simulations,
        "lanes": lanes,
        "blocks": scaling.blocks(),
        "block_s": block_s,
        "search_s": search_s,
        "constraints_s": constraints_s,
        "reduction_s": reduction_s,
        "exchange_s": exchange_s,
    })
}

/// A path that cannot break out of a comment.
fn one_line(path: &Path) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.display().to_string().chars().map(shown).collect()
}
