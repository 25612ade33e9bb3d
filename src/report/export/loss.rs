//! What a controller in `float` loses: the study's scenarios simulated with the law in numbers of 32 bits, and once more in numbers of 64, in the same loop. The
//! plant, the world and the judge stay in 64 bits.

use super::Export;
use crate::Error;
use crate::closed_loop::Law;
use crate::figures::number;
use crate::graph::{Id, Symbol};
use crate::problem::{self, Problem};
use crate::program::{Finished, Tape};
use crate::simulation::{Outcome, Past, Scenario};

/// Most scenarios that are looked at.
const SCENARIOS_MAX: usize = 16;

/// A law that acts period by period.
struct Acting {
    law: Law,
    /// Gains, carried values → outputs, then the next carried values.
    tape: Tape,
    start: Tape,
    gains: Vec<f64>,
    /// How many of its outputs drive the plant.
    driving: usize,
}

/// What it remembers.
struct Memory {
    carried: Vec<f64>,
    past: Past,
    period: usize,
    room: Vec<f64>,
    is_single: bool,
}

impl Acting {
    fn new(mut law: Law, values: &[f64], driving: usize) -> Self {
        let finished = Finished::new(&mut law.graph, &law.sections);
        let symbols = law.sections.carried.iter().map(|carried| carried.symbol);
        let known: Vec<Symbol> = law.sections.inputs.iter().copied().chain(symbols).collect();
        let firsts: Vec<Id> = law.sections.carried.iter().map(|carried| carried.first).collect();
        let inputs = law.sections.inputs.len();
        let gains = values.iter().copied().chain(std::iter::repeat(0.0)).take(inputs).collect();
        let start = Tape::new(&law.graph, &law.sections.inputs, &firsts);
        Self { tape: Tape::new(&law.graph, &known, &finished.roots), start, gains, law, driving }
    }

    fn begin(&self, is_single: bool) -> Memory {
        let mut room = vec![0.0; self.tape.room().max(self.start.room())];
        let carried = self.start.run(self.gains.iter().copied(), &mut room).collect();
        Memory { carried, past: Past::new(&self.law.layout.delays), period: 0, room, is_single }
    }

    /// A control period.
    fn act(&self, memory: &mut Memory, measured: &[f64], said: &mut [f64]) {
        let Memory { carried, past, period, room, is_single } = memory;
        carried[..measured.len()].copy_from_slice(measured);
        let inputs = self.gains.iter().chain(carried.iter()).copied().collect::<Vec<f64>>();
        let results: Vec<f64> = if *is_single {
            self.tape.run_in_single(inputs, room).collect()
        } else {
            self.tape.run(inputs, room).collect()
        };
        let shown = self.law.sections.shown.len();
        said.copy_from_slice(&results[..self.driving]);
        let count = carried.len();
        carried.copy_from_slice(&results[shown..][..count]);
        past.remember(&self.law.layout.delays, carried, *period);
        *period += 1;
    }
}

/// What is said of the loss, a line each.
pub(super) fn lines(export: &Export) -> Result<Vec<String>, Error> {
    let unknown = || Ok(vec!["What float loses is not known: this law cannot be computed by itself.".into()]);
    let Export { config, values, .. } = export;
    let Ok(law) = config.law_alone(values) else { return unknown() };
    let Ok(outside) = config.loop_around(law.measured.clone()) else { return unknown() };
    let (runner, problem) = (problem::runner(config), Problem::new(config));
    let names = config.law_outputs();
    let drives: std::collections::BTreeSet<&String> = config.wiring.drive.values().collect();
    let acting = Acting::new(law, values, drives.len());
    let of_period =
        |scenario: &&(&Scenario, &f64)| scenario.0.conditions.control_period.max(1) == config.control_steps();
    let all: Vec<(&Scenario, &f64)> = problem.scenarios.iter().zip(&problem.weights).collect();
    let fitting: Vec<&(&Scenario, &f64)> = all.iter().filter(of_period).collect();
    let count = fitting.len().min(SCENARIOS_MAX);
    let chosen: Vec<(&Scenario, f64)> = (0..count)
        .map(|k| fitting[k * fitting.len() / count])
        .map(|(scenario, weight)| (*scenario, **weight))
        .collect();
    let mut off = vec![0.0_f64; acting.driving];
    let mut costs = [Vec::new(), Vec::new()];
    for (scenario, weight) in &chosen {
        // In double, with float beside it, which measures the same and drives nothing.
        let (mut double, mut beside) = (acting.begin(false), acting.begin(true));
        let mut other = vec![0.0; acting.driving];
        let in_double = runner.with_law_outside(&outside, values, scenario, &mut |measured, said| {
            acting.act(&mut double, measured, said);
            acting.act(&mut beside, measured, &mut other);
            for ((off, one), other) in off.iter_mut().zip(said.iter()).zip(&other) {
                *off = off.max((one - other).abs());
            }
        });
        let mut single = acting.begin(true);
        let in_single = runner.with_law_outside(&outside, values, scenario, &mut |measured, said| {
            acting.act(&mut single, measured, said);
        });
        costs[0].push((in_double, *weight));
        costs[1].push((in_single, *weight));
    }
    let of =
        if count == all.len() { String::new() } else { format!(" ({count} of {} scenarios)", all.len()) };
    let differences: Vec<String> =
        names.iter().zip(&off).map(|(name, off)| format!("{name} by at most {}", number(*off))).collect();
    let [double, single] = costs.map(|costs| cost(&problem, &costs));
    Ok(vec![
        format!("What float loses in the scenarios of the study{of}:"),
        format!("told the same, it differs from double in {}.", differences.join(", ")),
        format!("The cost with double is {double}, with float {single}."),
    ])
}

/// The cost in several scenarios in words.
fn cost(problem: &Problem, outcomes: &[(Outcome, f64)]) -> String {
    let failed = outcomes.iter().filter(|(outcome, _)| outcome.failed).count();
    if failed > 0 {
        return format!("none (it fails in {failed})");
    }
    let all: f64 = outcomes.iter().map(|(_, weight)| weight).sum();
    let mut costs: Vec<(f64, f64)> =
        outcomes.iter().map(|(outcome, weight)| (outcome.cost, weight / all)).collect();
    format!("{:?}", problem.aggregate.of(&mut costs))
}
