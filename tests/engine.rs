//! The engine: outcomes, abandonment, panics.

use std::sync::atomic::AtomicUsize;

use fearless_simd::{Simd, prelude::*};
use gainswarm::config::Config;
use gainswarm::controllers::{Classical, Controller, Saturation, Sliding};
use gainswarm::costs::{CostKind, TERMS, TermSet};
use gainswarm::engine::{self, Resources};
use gainswarm::integrators::Rk4;
use gainswarm::plants::DoubleInvertedPendulum;
use gainswarm::problem::Problem;
use gainswarm::simulation::{Batch, Ending, Kernel, Records, Scenario, SimdLevel, Simulator, Workspace};
use gainswarm::swarm::{Axis, Scale, Settings, Swarm};

use crate::support::law::{Force, Law};
use crate::support::{SMALL_STUDY, plant, reference_gains, settings};

fn problem(text: &str) -> Problem {
    Problem::new(&Config::parse("study.toml".as_ref(), text).expect("a valid study"))
}

fn tune(problem: &Problem, threads: usize) -> engine::Tuning {
    let resources = Resources { threads, ..Resources::default() };
    engine::tune(problem, resources, &mut |_| {}).expect("a tuning")
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
    let weighed = |kind: &CostKind| {
        let (weight, norm) = kind.defaults();
        weight / norm * tuning.value(*kind as usize)[0]
    };
    let terms: f64 = CostKind::ALL.iter().map(weighed).sum();
    assert!((terms - mean).abs() < 1e-12 * mean);
}

#[test]
fn a_later_fall_is_better_and_any_survivor_beats_every_fall() {
    let problem = problem(&study());
    let resources = Resources::default();
    let weak = |u_max: f64| {
        let mut values = reference_gains();
        let at = Classical::PARAMETERS.iter().position(|parameter| parameter.name == "u_max").expect("u_max");
        values[at] = u_max;
        engine::assess(&problem, resources, &values).expect("records")
    };
    let (fallen_soon, fallen_late, survived) = (weak(0.001), weak(4.0), weak(150.0));
    assert!(fallen_soon[1].ending == Ending::Failed && fallen_late[1].ending == Ending::Failed);
    assert!(fallen_soon[1].steps < fallen_late[1].steps && fallen_soon[1].cost > fallen_late[1].cost);
    assert!(survived[1].ending == Ending::Survived && survived[1].cost < fallen_late[1].cost);
}

/// The classical law, but panicking in the SIMD code of a lane whose K is above 50.
struct Fragile;

impl Force for Fragile {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        gains: &[S::f64s; 3],
        _: &mut S::f64s,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        assert!(gains[0].as_slice().iter().all(|k| *k <= 50.0), "K is above 50");
        Classical::force(simd, saturation, gains, &mut [], sliding)
    }
}

#[test]
fn a_panicking_simulation_is_scored_and_the_others_are_not_touched() {
    std::panic::set_hook(Box::new(|info| {
        // The expected panic is not worth a trace; any other is.
        let text = info.payload_as_str().unwrap_or_default();
        if !text.contains("K is above 50") {
            eprintln!("{info}");
        }
    }));
    let healthy = problem(SMALL_STUDY);
    let fragile = Problem {
        simulator: Box::new(Kernel::<DoubleInvertedPendulum, Law<Fragile>, Rk4, 3>::new(
            Rk4,
            &plant(&[]),
            settings(1e-3, 200),
        )),
        ..problem(SMALL_STUDY)
    };
    let mut values = reference_gains();
    let at = Classical::PARAMETERS.iter().position(|parameter| parameter.name == "K").expect("K");
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
    let kernel =
        Kernel::<DoubleInvertedPendulum, Classical, Rk4, 3>::new(Rk4, &plant(&[]), settings(1e-3, 50));
    let scenarios = [Scenario::nominal(vec![0.0, 0.1, -0.05, 0.0, 0.0, 0.0])];
    let values: Vec<f64> = (0..40).flat_map(|_| reference_gains()).collect();
    let mut bytes_a_lane = Vec::new();
    for level in SimdLevel::available() {
        let (bytes, lanes) = (kernel.workspace_bytes(level, TermSet::ALL), kernel.lanes(level));
        let mut workspace = Workspace::reserve(bytes, lanes).expect("memory");
        let capacity = workspace.capacity_bytes();
        for _ in 0..3 {
            let (queue, records) = (AtomicUsize::new(0), Records::new(40, TERMS).expect("memory"));
            let batch = Batch {
                values: &values,
                width: Classical::PARAMETERS.len(),
                scenarios: &scenarios,
                bounds: &[f64::INFINITY; 40],
                reaches: &[1.0; 8],
                terms: TermSet::ALL,
                queue: &queue,
                end: 40,
                records: &records,
            };
            kernel.run(level, &batch, &mut workspace);
            assert_eq!(workspace.used_bytes(), bytes);
            assert_eq!(workspace.capacity_bytes(), capacity);
            assert!((0..40).all(|job| records.get(job).ending == Ending::Survived));
        }
        bytes_a_lane.push(bytes / lanes);
    }
    assert!(
        bytes_a_lane.windows(2).all(|pair| pair[0] == pair[1]),
        "the same at every level: {bytes_a_lane:?}"
    );
}

#[test]
fn the_median_is_the_cost_of_the_particle_in_the_middle() {
    let mut seen = Vec::new();
    let problem = problem(&SMALL_STUDY.replacen("generations = 12", "generations = 1", 1));
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
    let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
    let error = Swarm::new(&[axis; 3], &settings, 1).err().expect("no machine has that much");
    assert!(error.to_string().contains("cannot reserve") && error.exit_code() == 1, "{error}");
    assert!(Records::new(usize::MAX / 1024, TERMS).is_err());
}
