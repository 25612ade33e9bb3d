//! Cost terms: each against its definition, evaluated on a recorded trajectory.

use gainswarm::config::Config;
use gainswarm::costs::Term;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::simulation::{Ending, Record};

use crate::support::{SMALL_STUDY, Study, UNLIMITED, force, record, study, value};

const DT: f64 = 1e-3;
const STEPS: u64 = 8000;

/// The default classical law from a start, with every step kept: t, x, θ1, θ2, their rates, u, σ.
fn run(start: &[f64]) -> (Config, Record, Vec<Vec<f64>>) {
    let config = Study { steps: (DT, STEPS), start, ..Study::default() }.config();
    let (record, run) = record(&config, 1);
    let mut rows: Vec<Vec<f64>> = run.rows().map(<[f64]>::to_vec).collect();
    rows.pop(); // The last row is the state after the last step.
    assert!(record.ending == Ending::Survived && rows.len() == 8000);
    (config, record, rows)
}

fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{value} and {expected}");
}

#[test]
fn every_term_is_its_definition_on_the_trajectory() {
    let start = [0.0, 0.2, -0.1, 0.0, 0.0, 0.0];
    let (config, record, rows) = run(&start);
    let sum = |of: &dyn Fn(&[f64]) -> f64| rows.iter().map(|row| of(row)).sum::<f64>();
    let largest = |of: &dyn Fn(&[f64]) -> f64| rows.iter().map(|row| of(row)).fold(0.0, f64::max);
    let changes: Vec<f64> = rows.windows(2).map(|pair| pair[1][7] - pair[0][7]).collect();
    let states = |row: &[f64], part: fn(f64) -> f64| row[1..7].iter().map(|x| part(*x)).sum::<f64>();
    let square = |x: f64| x * x;
    let unsettled = |row: &&Vec<f64>| row[1].abs() > 0.05 || row[2].abs() > 0.01 || row[3].abs() > 0.01;
    let last_unsettled = rows.iter().rfind(unsettled).expect("it starts unsettled")[0];
    let tail: Vec<f64> = rows[7200..].iter().map(|row| row[1].abs() + row[2].abs() + row[3].abs()).collect();
    for term in &config.cost {
        let expected = match term.name {
            "ise" => DT * sum(&|row| states(row, square)),
            "iae" => DT * sum(&|row| states(row, f64::abs)),
            "itae" => DT * sum(&|row| row[0] * states(row, f64::abs)),
            "control_effort" => DT * sum(&|row| square(row[7])),
            "control_rate" => DT * changes.iter().map(|change| square(*change)).sum::<f64>(),
            "sliding_energy" => DT * sum(&|row| square(row[8])),
            // The first link starts to the right and the second to the left.
            "overshoot" => largest(&|row| (-row[2]).max(row[3])),
            "settling_time" => last_unsettled + DT,
            "steady_state_error" => tail.iter().sum::<f64>() / 800.0,
            "peak_force" => largest(&|row| row[7].abs()),
            "cart_travel" => largest(&|row| row[1].abs()),
            "chattering" => changes.iter().map(|change| change.abs()).sum::<f64>() / 8.0,
            "ripple" => continue, // Its own test is below.
            other => panic!("{other} has no definition here"),
        };
        close(value(&config, &record, term.name), expected);
    }
    assert_eq!(config.cost.len(), 13);
}

#[test]
fn a_link_that_starts_upright_overshoots_to_either_side() {
    let (config, record, rows) = run(&[0.0, 0.0, 0.1, 0.0, 0.0, 0.0]);
    let expected = rows.iter().map(|row| row[2].abs().max(-row[3])).fold(0.0, f64::max);
    close(value(&config, &record, "overshoot"), expected);
}

#[test]
fn what_never_settles_has_the_whole_duration() {
    let start = [0.0, 0.2, 0.1, 0.0, 0.0, 0.0];
    let config = Study { steps: (DT, 100), start: &start, ..Study::default() }.config();
    close(value(&config, &record(&config, 1).0, "settling_time"), 0.1);
}

#[test]
fn ripple_is_the_energy_that_a_butterworth_filter_at_10_hz_lets_pass() {
    // |H|² = Ω⁴/(1 + Ω⁴) with Ω = tan(πf dt)/tan(π·10·dt), once the transient has died out.
    let warped = |f: f64| (std::f64::consts::PI * f * DT).tan();
    let share = |hertz: f64| {
        let law = force(&format!("u = sin(2*pi*{hertz:?}*k*t)"));
        let shaken = |steps: u64| {
            let config = Study {
                controller: &law,
                steps: (DT, steps),
                simulation: UNLIMITED,
                start: &[0.0; 6],
                ..Study::default()
            }
            .config();
            let (record, _) = record(&config, 1);
            ["ripple", "control_effort"].map(|term| value(&config, &record, term))
        };
        let ([early, effort_early], [late, effort_late]) = (shaken(2000), shaken(6000));
        (late - early) / (effort_late - effort_early)
    };
    for hertz in [1.0, 5.0, 10.0, 20.0, 100.0] {
        let fourth = (warped(hertz) / warped(10.0)).powi(4);
        let (found, expected) = (share(hertz), fourth / (1.0 + fourth));
        assert!((found - expected).abs() < 1e-6, "{hertz} Hz: {found} and {expected}");
    }
}

/// Every term with a weight, so that the longer loop runs.
fn all_terms() -> String {
    let term = |term: &Term| format!("[cost.{}]\nweight = 0.5\n", term.name);
    SMALL_STUDY.replacen("duration = 0.2", "duration = 2.0", 1).replacen(
        "[swarm]",
        "[swarm]\nrule = \"spso2011\"",
        1,
    ) + &Config::usual().cost.iter().map(term).collect::<String>()
}

#[test]
fn a_cost_of_all_terms_is_their_weighed_sum_and_abandonment_does_not_change_the_search() {
    let tune = |text: &str| {
        engine::tune(&Problem::new(&study(text)), Resources::default(), &mut |_| {}).expect("a tuning")
    };
    let with = tune(&all_terms());
    let without = tune(&all_terms().replacen("[simulation]", "[simulation]\nearly_abandonment = false", 1));
    assert!(with.tally.abandoned > 0 && without.tally.abandoned == 0);
    assert_eq!((&with.values, with.best), (&without.values, without.best));
    let terms = study(&all_terms()).cost;
    let weighed = terms.iter().enumerate().map(|(k, term)| with.value(k)[0] * 0.5 / term.norm);
    close(weighed.sum(), with.best.cost);
}

#[test]
fn a_term_looks_at_the_states_that_the_config_chooses() {
    let text = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[simulation]\nduration = 1.0\n\
                [cost.ise]\nstates = [\"theta1\", \"x_dot\"]\n[cost.iae]\nstates = [\"theta2\"]\nweight = 1.0\n";
    let config = study(text);
    let problem = Problem::new(&config);
    let records = engine::assess(&problem, Resources::default(), &problem.values).expect("records");
    let simulator = &problem.simulator;
    let level = gainswarm::simulation::SimdLevel::widest();
    let (alone, run) = simulator.record(level, &problem.values, &problem.scenarios[0], 1).expect("a run");
    assert_eq!(alone, records[0]);
    let rows: Vec<&[f64]> = run.rows().take(1000).collect();
    let ise = rows.iter().map(|row| row[2] * row[2] + row[4] * row[4]).sum::<f64>() * DT;
    let iae = rows.iter().map(|row| row[3].abs()).sum::<f64>() * DT;
    close(value(&config, &records[0], "ise"), ise);
    close(value(&config, &records[0], "iae"), iae);
}
