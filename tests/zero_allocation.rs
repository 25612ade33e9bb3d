//! Nothing allocates on the hot path: counted over all threads by the binary's allocator.
//!
//! This is a binary of its own, since the counters are the whole process's; the cases run one after the other.

use std::sync::Mutex;

use gainswarm::config::{Config, controllers_as_they_stand, names_of};
use gainswarm::costs::Term;
use gainswarm::engine::{self, Declared, Resources, Tuning};
use gainswarm::memory::{Meter, OwnReading, Reading};
use gainswarm::model::Kind;
use gainswarm::problem::{self, Problem};
use gainswarm::swarm::pareto::{Costs, ParetoSettings, ParetoSwarm};
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::topologies::TopologyKind;
use gainswarm::swarm::{Axis, Plan, Scale, StopReason, Stopping};

#[path = "support/pendulum.rs"]
mod pendulum;
#[path = "support/planted.rs"]
mod planted;

use planted::Planted;

#[global_allocator]
static METER: Meter = Meter;

fn study(controller: &str, rule: RuleKind, topology: TopologyKind) -> Config {
    parsed(&format!(
        "[controller]\ntype = \"{controller}\"\n[simulation]\nduration = 0.2\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
         [[scenarios]]\ninitial_state = [0.0, -0.2, -0.15, 0.0, 0.0, 0.0]\n\
         [swarm]\nparticles = 50\nrule = \"{}\"\ntopology = \"{}\"\n[swarm.stopping]\ngenerations = 30\n",
        rule.name(),
        topology.name()
    ))
}

fn usual_study() -> Config {
    study("classical", RuleKind::Spso2011, TopologyKind::AdaptiveRandom)
}

fn parsed(text: &str) -> Config {
    Config::parse("study.toml".as_ref(), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn problem(text: &str) -> Problem {
    Problem::new(&parsed(text))
}

/// At least 1,000 simulations on 4 threads.
fn tune(problem: &Problem) -> Tuning {
    let resources = Resources { threads: 4, ..Resources::default() };
    let tuning = engine::tune(problem, resources, &mut |_| {}).expect("a tuning");
    assert!(tuning.tally.simulations >= 1000);
    tuning
}

/// Each start of a simulation allocates.
fn allocate(values: &[f64]) {
    std::hint::black_box(values.to_vec());
}

/// What is kept: a leak, but one that a sanitizer does not take for its own.
static KEPT: Mutex<Vec<Vec<f64>>> = Mutex::new(Vec::new());

/// Each start of a simulation allocates and keeps it for ever.
fn leak(values: &[f64]) {
    KEPT.lock().expect("no panic").push(std::hint::black_box(values.to_vec()));
}

/// A study of a simulator with a fault.
fn planted(before: fn(&[f64])) -> Problem {
    let config = usual_study();
    Problem {
        simulator: Box::new(Planted { inner: problem::runner(&config), before }),
        ..Problem::new(&config)
    }
}

/// What each simulation leaks is what a run grows by.
fn a_leak_shows_as_growth_and_stops_a_run_that_may_not_grow() {
    KEPT.lock().expect("no panic").reserve(200_000);
    let leaking = tune(&planted(leak));
    // Eleven parameters of eight bytes a simulation.
    assert_eq!(leaking.growth_bytes.cast_unsigned(), 88 * leaking.tally.simulations);
    assert_eq!(leaking.convergence.last().map(|row| row.growth_bytes), Some(leaking.growth_bytes));
    // A run that may not grow stops where it does.
    let limited = Problem { memory_limit: Some(4_000_000), ..planted(leak) };
    let limited = Problem {
        search: Plan::new(limited.search.settings.clone(), Stopping::after_generations(100_000)),
        ..limited
    };
    let stopped = tune(&limited);
    assert_eq!(stopped.reason, StopReason::Memory);
    assert!(stopped.growth_bytes > 1_000_000 && stopped.growth_bytes < 4_100_000, "{}", stopped.growth_bytes);
}

/// Whatever number of threads a run had, it leaves as much as the one before: nothing of the threads that are gone is left for later.
fn threads_that_are_gone_leave_nothing_behind() {
    let problem = Problem::new(&usual_study());
    let live_after = |threads: usize| {
        let resources = Resources { threads, ..Resources::default() };
        let tuning = engine::tune(&problem, resources, &mut |_| {}).expect("a tuning");
        assert_eq!((tuning.hot_path_allocations, tuning.growth_bytes), (Some(0), 0), "{threads} threads");
        drop(tuning);
        Reading::now().expect("a meter").live_bytes
    };
    let first = live_after(3);
    for threads in [3, 3, 2, 40, 2, 1, 4, 70, 3] {
        assert_eq!(live_after(threads), first, "{threads} threads");
    }
}

/// What a run declares, which is what it takes, or a little more.
fn declared_and_taken(problem: &Problem, resources: Resources) -> u64 {
    let before = Reading::now().expect("a meter").live_bytes;
    let mut taken = 0;
    engine::tune(problem, resources, &mut |_| {
        taken = Reading::now().expect("a meter").live_bytes - before;
    })
    .expect("a tuning");
    let declared = Declared::of(problem, resources).total();
    // The arenas of the last simulation are not there yet.
    assert!(taken < declared, "{taken} taken, {declared} declared");
    assert!(declared < taken + taken / 2 + 100_000, "{taken} taken, {declared} declared");
    declared
}

/// The most that a run has, seen after its first generation, against what it has declared.
fn the_declared_bytes_are_those_that_a_run_takes() {
    for particles in [2000, 20_000] {
        let text = format!(
            "[simulation]\nduration = 0.002\n[[scenarios]]\ncount = 4\nranges = {{ theta1 = 0.1 }}\n\
             [swarm]\nparticles = {particles}\n[swarm.restarts]\n[swarm.polish]\n[swarm.stopping]\ngenerations = 1\n"
        );
        let problem = problem(&text);
        let resources = Resources { threads: 2, ..Resources::default() };
        let declared = declared_and_taken(&problem, resources);
        let enough = Problem { memory_limit: Some(declared), ..problem };
        let tuning = engine::tune(&enough, resources, &mut |_| {}).expect("a tuning");
        assert_eq!(tuning.reason, StopReason::Generations);
        let limited = Problem { memory_limit: Some(declared - 1), ..enough };
        let refused = engine::tune(&limited, resources, &mut |_| {}).expect_err("more than it may");
        assert!(refused.exit_code() == 2 && refused.to_string().contains("reduce particles"), "{refused}");
    }
}

fn a_refused_allocation_is_not_counted() {
    let mut kept: Vec<u8> = Vec::with_capacity(100);
    let (before, own) = (Reading::now().expect("a meter"), OwnReading::now().expect("a meter"));
    // No process has so many addresses: neither a first block nor a larger one in its place is given.
    assert!(Vec::<u8>::new().try_reserve_exact(1 << 60).is_err());
    assert!(kept.try_reserve_exact(1 << 60).is_err());
    assert_eq!(Reading::now().expect("a meter"), before);
    assert_eq!(OwnReading::now().expect("a meter"), own);
    kept.reserve_exact(1000);
    assert_eq!(OwnReading::now().expect("a meter").live_bytes - own.live_bytes, 900);
}

fn asking_and_telling_for_several_objectives_does_not_allocate() {
    let axes = [Axis::new(0.0, 1.0, Scale::Linear); 3];
    for objectives in 2..=4 {
        let settings = ParetoSettings { kept: 20, ..ParetoSettings::default() };
        let mut swarm = ParetoSwarm::new(&axes, objectives, &settings, 1).expect("memory");
        let mut outcomes = vec![Costs::WORST; settings.particles];
        let before = OwnReading::now().expect("a meter");
        for _ in 0..100 {
            for (outcome, x) in outcomes.iter_mut().zip(swarm.ask().chunks_exact(3)) {
                let costs = [x[0], x[1], x[2], 3.0 - x[0] - x[1] - x[2]];
                *outcome = Costs::feasible(&costs[4 - objectives..]);
            }
            swarm.tell(&outcomes);
        }
        assert_eq!(swarm.front().len(), 20, "{objectives} objectives: points come and go");
        assert_eq!(OwnReading::now().expect("a meter"), before, "{objectives} objectives");
    }
}

/// A tuning for trade-offs, whose last generation is cut short, and what it has declared.
fn trade_offs_do_not_allocate_and_take_what_they_declare() {
    let text = include_str!("../configs/dc_motor_trade_off.toml").replace("duration = 2.0", "duration = 0.7");
    let problem = problem(&text.replace("evaluations = 12000", "evaluations = 1010"));
    let tuning = tune(&problem);
    assert_eq!((tuning.hot_path_allocations, tuning.growth_bytes), (Some(0), 0), "trade-offs");
    assert_eq!(tuning.convergence.last().map(|row| row.judged), Some(20));
    let text = text.replace("evaluations = 12000", "generations = 1\n[swarm]\nparticles = 2000\nkept = 1000");
    declared_and_taken(&self::problem(&text), Resources { threads: 2, ..Resources::default() });
}

fn programs_do_not_allocate() {
    let textual = pendulum::pendulum(false, 0.1, 200);
    let tuning = tune(&Problem::new(&textual));
    assert_eq!(tuning.hot_path_allocations, Some(0), "a program");
    assert!(tuning.tally.failed < tuning.tally.simulations);
    let everything = "require_certificate = true\n[plant]\ntype = \"mass_spring_damper\"\n[controller]\ntype = \"pid\"\nKp = 5.0\nKi = 1.0\n\
         [connect]\nmeasurement = \"x\"\n[limits]\nmax_sensitivity = 1000.0\nmin_period_factor = 0.01\n[simulation]\nduration = 0.2\n[history]\ncapacity = 10\n[cost.itae]\n[[response]]\noutput = \"x\"\n\
         [[scenarios]]\ncount = 5\nsignals = { reference = { type = \"noise\", amplitude = 1.0, frequency = 3.0 } }\nnoise = { x = 0.01 }\n\
         uncertainty = { mass = 20.0 }\ndead_time = 7\ncontrol_period = 2\nactuator_lag = 0.01\n[swarm.stopping]\nevaluations = 500\n\
         [[tune]]\nparameter = \"Kp\"\n";
    let tuning = tune(&problem(everything));
    assert!(tuning.tally.simulations > 0 && tuning.tally.rejected < tuning.evaluations);
    assert_eq!(tuning.hot_path_allocations, Some(0), "a program with all that the world does");
}

/// Every disturbance, sensor and actuator, every cost term, limits and an aggregate that sorts, on every plant of the usual law.
fn everything_on_does_not_allocate() {
    let mut plants = 0;
    for plant in names_of(Kind::Plant) {
        let of_plant = format!("[plant]\ntype = \"{plant}\"\n[[scenarios]]\nranges = {{}}\n");
        let Ok(bare) = Config::parse("plant.toml".as_ref(), &of_plant) else { continue };
        let is_disturbed = bare.signals().iter().any(|signal| signal.name == "disturbance");
        if !is_disturbed {
            continue;
        }
        plants += 1;
        let angle = bare.plant.states()[1].name;
        let mass = bare.plant.parameters()[0].name;
        let term = |term: &Term| format!("[cost.{}]\nweight = 0.1\n", term.name);
        let terms: String = bare.cost.iter().map(term).collect();
        let rough = format!(
            "[plant]\ntype = \"{plant}\"\n[simulation]\nduration = 0.2\n{terms}[aggregate]\ntype = \"cvar\"\n\
             [limits]\nmax_cart_travel = 5.0\n[[scenarios]]\ncount = 4\nranges = {{ {angle} = 0.1 }}\n\
             uncertainty = {{ {mass} = 20.0 }}\nnoise = {{ {angle} = 1e-3 }}\nquantisation = {{ x = 1e-3 }}\n\
             disturbances = [{{ type = \"step\", amplitude = 2.0 }}, {{ type = \"noise\", amplitude = 1.0 }}]\n\
             actuator_lag = 1e-3\nrate_limit = 1e5\ndead_time = 2\ncontrol_period = 2\n\
             [swarm]\nparticles = 25\n[swarm.stopping]\ngenerations = 30\n"
        );
        let tuning = tune(&problem(&rough));
        assert_eq!(tuning.hot_path_allocations, Some(0), "everything on, on {plant}");
    }
    assert!(plants >= 4, "{plants} plants");
}

#[test]
fn nothing_allocates_on_the_hot_path_and_a_planted_allocation_is_caught() {
    for rule in RuleKind::ALL {
        for topology in TopologyKind::ALL {
            let tuning = tune(&Problem::new(&study("classical", *rule, *topology)));
            assert_eq!(tuning.hot_path_allocations, Some(0), "{} {}", rule.name(), topology.name());
        }
    }

    let controllers = controllers_as_they_stand();
    assert!(controllers.len() >= 4);
    for controller in controllers {
        let config = study(controller, RuleKind::Spso2011, TopologyKind::AdaptiveRandom);
        let tuning = tune(&Problem::new(&config));
        assert_eq!(tuning.hot_path_allocations, Some(0), "{controller}");
    }
    asking_and_telling_for_several_objectives_does_not_allocate();
    trade_offs_do_not_allocate_and_take_what_they_declare();
    programs_do_not_allocate();

    let whole = problem(
        "[simulation]\nduration = 0.2\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
         [swarm]\ninitial = \"latin_hypercube\"\n[swarm.restarts]\npatience = 3\n[swarm.polish]\nafter = 5\n\
         [swarm.stopping]\ngenerations = 400\n",
    );
    let tuning = tune(&whole);
    assert!(tuning.restarts > 0);
    assert_eq!(tuning.hot_path_allocations, Some(0), "restarts and polish");

    let two = problem(
        "[simulation]\nduration = 0.2\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
         [swarm.restarts]\nslow_gain = 0.1\npatience = 8\n[swarm.stopping]\ngenerations = 400\n",
    );
    let tuning = tune(&two);
    assert!(tuning.restarts > 1);
    assert_eq!(tuning.hot_path_allocations, Some(0), "swarms that shrink, and one that is kept");

    for policy in ["decimate", "ring"] {
        let kept = problem(&format!(
            "[history]\ncapacity = 10\npolicy = \"{policy}\"\n[simulation]\nduration = 0.2\n[[scenarios]]\n\
             initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[swarm.stopping]\nevaluations = 1000\n"
        ));
        assert_eq!(tune(&kept).hot_path_allocations, Some(0), "a history with the policy {policy}");
    }

    let constrained = problem(
        "constraints = [\"k2 > k1\"]\nrequire_certificate = true\n[simulation]\nduration = 0.2\n[[scenarios]]\n\
         initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[swarm]\nparticles = 100\n[swarm.stopping]\ngenerations = 100\n",
    );
    let tuning = tune(&constrained);
    assert!(tuning.tally.rejected > 0);
    assert_eq!(tuning.hot_path_allocations, Some(0), "constraints and certificates");

    everything_on_does_not_allocate();
    a_refused_allocation_is_not_counted();
    threads_that_are_gone_leave_nothing_behind();
    a_leak_shows_as_growth_and_stops_a_run_that_may_not_grow();
    the_declared_bytes_are_those_that_a_run_takes();
    let tuning = tune(&planted(allocate));
    assert_eq!(tuning.growth_bytes, 0, "what is freed again is no growth");
    assert_eq!(tuning.hot_path_allocations, Some(tuning.tally.simulations), "one a simulation, all caught");
}
