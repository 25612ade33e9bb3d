//! The engine: outcomes, abandonment, panics.

use std::sync::atomic::Ordering::Relaxed;

use gainswarm::Error;
use gainswarm::config::Config;
use gainswarm::costs::TERMS_MAX;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{self, Problem};
use gainswarm::simulation::{
    Batch, Ending, Extent, Record, Records, Runner, Scenario, SimdLevel, Simulator, Terms, Trajectory,
    Workspace,
};
use gainswarm::swarm::{Axis, Scale, Settings, Swarm};

use crate::support::{SMALL_STUDY, Study};

fn problem(text: &str) -> Problem {
    Problem::new(&crate::support::study(text))
}

fn tune(problem: &Problem, threads: usize) -> engine::Tuning {
    let resources = Resources { threads, ..Resources::default() };
    engine::tune(problem, resources, &mut |_| {}).expect("a tuning")
}

/// The place of a gain.
fn place(problem: &Problem, name: &str) -> usize {
    problem.parameters.iter().position(|parameter| parameter.name == name).expect(name)
}

/// Longer runs of a rule that looks at personal bests alone, so that the swarm finds gains that hold and others are worth abandoning.
fn study() -> String {
    SMALL_STUDY.replacen("duration = 0.2", "duration = 2.0", 1).replacen(
        "particles = 24",
        "particles = 48\nrule = \"spso2011\"",
        1,
    )
}

#[test]
fn abandonment_saves_steps_and_changes_nothing_else() {
    let with = tune(&problem(&study()), 2);
    let without =
        tune(&problem(&study().replacen("[simulation]", "[simulation]\nearly_abandonment = false", 1)), 2);
    assert!(with.tally.abandoned > 0 && without.tally.abandoned == 0);
    assert!(with.tally.control_steps < without.tally.control_steps);
    assert_eq!(with.values, without.values);
    assert_eq!(with.best, without.best);
    let path = |tuning: &engine::Tuning| {
        let row = |row: &engine::Generation| (row.best.cost.to_bits(), row.swarm.map(|s| s.median.to_bits()));
        tuning.convergence.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(path(&with), path(&without));
}

#[test]
fn the_cost_is_the_mean_of_simulations_that_ran() {
    let tuning = tune(&problem(&study()), 2);
    assert!(tuning.best.cost > 0.0);
    assert!(tuning.records.iter().all(|record| record.ending == Ending::Survived && record.steps == 2000));
    let mean = tuning.records.iter().map(|record| record.cost).sum::<f64>() / 2.0;
    assert_eq!(mean.to_bits(), tuning.best.cost.to_bits());
    let terms = Config::usual().cost;
    let weighed = terms.iter().enumerate().map(|(k, term)| term.weight / term.norm * tuning.value(k)[0]);
    let terms: f64 = weighed.sum();
    assert!((terms - mean).abs() < 1e-12 * mean);
}

#[test]
fn a_later_fall_is_better_and_any_survivor_beats_every_fall() {
    let problem = problem(&study());
    let resources = Resources::default();
    let weak = |u_max: f64| {
        let mut values = problem.values.clone();
        values[place(&problem, "u_max")] = u_max;
        engine::assess(&problem, resources, &values).expect("records")
    };
    let (fallen_soon, fallen_late, survived) = (weak(0.001), weak(4.0), weak(150.0));
    assert!(fallen_soon[1].ending == Ending::Failed && fallen_late[1].ending == Ending::Failed);
    assert!(fallen_soon[1].steps < fallen_late[1].steps && fallen_soon[1].cost > fallen_late[1].cost);
    assert!(survived[1].ending == Ending::Survived && survived[1].cost < fallen_late[1].cost);
}

/// A runner that panics in the midst of a bundle, as soon as a lane takes a simulation whose K is above 50.
struct Fragile {
    inner: Runner,
    /// The place of K.
    at: usize,
}

impl Simulator for Fragile {
    fn lanes(&self, level: SimdLevel) -> usize {
        self.inner.lanes(level)
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize {
        self.inner.workspace_bytes(level, terms)
    }

    fn flops_a_step(&self) -> f64 {
        self.inner.flops_a_step()
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        let all = batch.end.div_ceil(batch.scenarios.len());
        let next = batch.queue.load(Relaxed).min(batch.end) / batch.scenarios.len();
        let is_fragile = |vector: &usize| batch.values[vector * batch.width + self.at] > 50.0;
        // There is no bound for it, nor for what comes behind it.
        let known = (next..all).find(is_fragile).unwrap_or(batch.bounds.len());
        self.inner.run(level, &Batch { bounds: &batch.bounds[..known], ..*batch }, workspace);
    }

    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        self.inner.record(level, values, scenario, stride)
    }
}

#[test]
fn a_panicking_simulation_is_scored_and_the_others_are_not_touched() {
    std::panic::set_hook(Box::new(|info| {
        // The expected panic is not worth a trace; any other is.
        let is_expected = info.location().is_some_and(|place| place.file().ends_with("simulation/batch.rs"));
        if !is_expected {
            eprintln!("{info}");
        }
    }));
    let config = crate::support::study(&SMALL_STUDY.replacen(
        "[swarm]",
        "[swarm]\ncoarse_first = false\nshrinks = false",
        1,
    ));
    let healthy = Problem::new(&config);
    let at = place(&healthy, "K");
    let simulator = Box::new(Fragile { inner: problem::runner(&config), at });
    let fragile = Problem { simulator, ..Problem::new(&config) };
    let mut values = healthy.values.clone();
    let healthy_records = engine::assess(&healthy, Resources::default(), &values).expect("records");
    assert_eq!(engine::assess(&fragile, Resources::default(), &values).expect("records"), healthy_records);
    values[at] = 60.0;
    let records = engine::assess(&fragile, Resources::default(), &values).expect("records");
    assert!(records.iter().all(|record| record.ending == Ending::Panicked && record.cost >= 2e6));

    let tuning = tune(&fragile, 3);
    assert!(tuning.tally.panicked > 0, "the swarm searches K up to 100");
    assert_eq!(tuning.tally.simulations, 24 * 2 * 12, "every simulation is accounted for");
    assert!(tuning.best.cost < 2e6 && tuning.values[at] <= 50.0);
}

#[test]
fn an_arena_never_grows_and_uses_what_it_declares() {
    let problem = Problem::new(&Study { steps: (1e-3, 50), ..Study::default() }.config());
    let vectors = vec![problem.values.clone(); 40];
    let simulator = &problem.simulator;
    let mut sizes = Vec::new();
    for level in SimdLevel::available() {
        let (bytes, lanes) = (simulator.workspace_bytes(level, Terms::All), simulator.lanes(level));
        let mut workspace = Workspace::reserve(bytes, lanes).expect("memory");
        let capacity = workspace.capacity_bytes();
        for _ in 0..3 {
            let (queue, records) = (0.into(), Records::new(40, TERMS_MAX).expect("memory"));
            let batch = Batch {
                values: &vectors.concat(),
                width: problem.values.len(),
                scenarios: &problem.scenarios,
                chosen: None,
                bounds: &[f64::INFINITY; 40],
                reaches: &[1.0],
                terms: Terms::All,
                extent: Extent::Whole,
                queue: &queue,
                end: 40,
                records: &records,
            };
            simulator.run(level, &batch, &mut workspace);
            assert_eq!(workspace.used_bytes(), bytes);
            assert_eq!(workspace.capacity_bytes(), capacity);
            assert!((0..40).all(|job| records.get(job).ending == Ending::Survived));
        }
        sizes.push((bytes, lanes));
    }
    // A lane takes as much at every level; beside them stands what they share.
    let a_lane = |pair: &[(usize, usize)]| {
        let ((bytes, lanes), (fewer, less)) = (pair[0], pair[1]);
        assert_eq!((bytes - fewer) % (lanes - less), 0);
        (bytes - fewer) / (lanes - less)
    };
    sizes.dedup_by_key(|(_, lanes)| *lanes);
    let found: Vec<usize> = sizes.windows(2).map(a_lane).collect();
    assert!(found.iter().all(|bytes| *bytes == found[0]), "{sizes:?}");
}

#[test]
fn the_median_is_the_cost_of_the_particle_in_the_middle() {
    let mut seen = Vec::new();
    let text = SMALL_STUDY.replacen("generations = 12", "generations = 1", 1);
    let problem = problem(&text.replacen("[swarm]", "[swarm]\ncoarse_first = false", 1));
    let tuning =
        engine::tune(&problem, Resources::default(), &mut |progress| seen.push(*progress)).expect("a tuning");
    // In the first generation the personal bests are the costs of the initial positions.
    let mut swarm = Swarm::new(&problem.axes(), &problem.search.settings, problem.seed).expect("memory");
    let mut costs: Vec<f64> = swarm
        .ask()
        .chunks_exact(problem.tuned.len())
        .map(|position| {
            let mut values = problem.values.clone();
            problem.decode(position, &mut values);
            let records = engine::assess(&problem, Resources::default(), &values).expect("records");
            records.iter().map(|record| record.cost).sum::<f64>() / 2.0
        })
        .collect();
    costs.sort_by(f64::total_cmp);
    assert_eq!(seen.len(), 1);
    let standing = seen[0].row.swarm.expect("a swarm");
    let middle = costs.len() / 2;
    let median = if costs.len() % 2 == 1 { costs[middle] } else { 0.5 * (costs[middle - 1] + costs[middle]) };
    assert!((standing.median - median).abs() <= 1e-12 * median, "{} is not {median}", standing.median);
    assert_eq!(tuning.best.cost.to_bits(), costs[0].to_bits());
}

#[test]
fn the_log_of_a_long_run_is_bounded_and_loses_no_simulation() {
    let text = "[simulation]\nduration = 0.002\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
                [swarm]\nparticles = 2\ninformants = 1\n[swarm.stopping]\ngenerations = 10001\n";
    let tuning = tune(&problem(text), 1);
    let rows = &tuning.convergence;
    // 10,001 generations at 4 a row: 2,500 whole rows and one of a single generation.
    assert_eq!((rows.len(), tuning.generations), (2501, 10_001));
    assert!(rows.windows(2).all(|pair| pair[0].generation < pair[1].generation));
    assert_eq!((rows[0].generation, rows[2499].generation, rows[2500].generation), (4, 10_000, 10_001));
    assert!(rows[..2500].iter().all(|row| row.judged == 8 && row.tally.simulations == 8));
    assert_eq!(rows.iter().map(|row| row.tally.control_steps).sum::<u64>(), tuning.tally.control_steps);
    assert_eq!(rows[2500].evaluations, 20_002);
}

#[test]
fn memory_that_the_machine_refuses_is_an_error() {
    let settings = Settings { particles: usize::MAX / 1024, ..Settings::default() };
    let axis = Axis::new(0.0, 1.0, Scale::Linear);
    let error = Swarm::new(&[axis; 3], &settings, 1).err().expect("no machine has that much");
    assert!(error.to_string().contains("cannot reserve") && error.exit_code() == 1, "{error}");
    assert!(Records::new(usize::MAX / 1024, TERMS_MAX).is_err());
}
