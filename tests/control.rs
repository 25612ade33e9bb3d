//! The classical law, the surface, the cost and the failure rule.

use gainswarm::simulation::{Ending, Record};

use crate::support::{REFERENCE_COST, Study, data, force, keys, largest_difference, reference};

const STARTS: [[f64; 6]; 2] = [[0.0, 0.1, -0.05, 0.0, 0.0, 0.0], [0.0, 0.2, 0.25, 0.0, 0.0, 0.0]];

/// A controller with the gains of the reference runs: its defaults but for `gains`.
fn reproduces_its_references(name: &str, gains: &str) {
    for (case, start) in STARTS.iter().enumerate() {
        let controller = format!("type = \"{name}\"\n{gains}");
        let study = Study {
            controller: &controller,
            steps: (1e-3, 8000),
            start,
            rest: REFERENCE_COST,
            ..Study::default()
        };
        let (record, run) = study.record(10);
        assert_eq!(record.ending, Ending::Survived);
        let expected = reference(&format!("closed_loop_{name}_{case}.csv"));
        let difference = largest_difference(run.rows(), &expected);
        assert!(difference < 1e-8, "{name} {case} differs by {difference}");

        let cost = reference_cost(name, case);
        assert!((record.cost - cost).abs() < 1e-8, "{name} {case}: {} and {cost}", record.cost);
        let terms = study.config().cost;
        let weighed = terms.iter().zip(record.values).map(|(term, value)| term.weight / term.norm * value);
        assert!((weighed.sum::<f64>() - record.cost).abs() < 1e-12, "the terms add up");
    }
}

fn reference_cost(controller: &str, case: usize) -> f64 {
    let mut csv = csv::Reader::from_path(data("costs.csv")).expect("reference data");
    let mut rows = csv.records().map(|row| row.expect("a row"));
    let row = rows.find(|row| &row[0] == controller && row[1] == case.to_string()).expect("a cost");
    row[2].parse().expect("a number")
}

#[test]
fn classical_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references("classical", "kd = 60.0");
}

#[test]
fn super_twisting_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references("super_twisting", "K1 = 25.0");
}

#[test]
fn adaptive_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references("adaptive", "alpha = 20.0\nK_init = 10.0");
}

#[test]
fn hybrid_adaptive_super_twisting_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references("hybrid_adaptive_super_twisting", "");
}

#[test]
fn surface_is_the_formula_on_both_kinds_of_angle() {
    let (k1, l1, k2, l2, kx, lx) = (29.41, 3.49, 31.33, 9.32, 11.53, 1.19);
    let (q, v) = ([0.3, -0.2, 0.7], [1.1, -0.4, 0.9]);
    let start = [q, v].concat();
    for (surface, e2, e2_rate) in [("relative", q[2] - q[1], v[2] - v[1]), ("absolute", q[2], v[2])] {
        for law in ["classical", "super_twisting", "adaptive", "hybrid_adaptive_super_twisting"] {
            let controller = format!("type = \"{law}\"\nsurface = \"{surface}\"");
            let study =
                Study { controller: &controller, steps: (1e-3, 1), start: &start, ..Study::default() };
            let sigma = study.record(1).1.values[8];
            let expected = k1 * (v[1] + l1 * q[1]) + k2 * (e2_rate + l2 * e2) + kx * (v[0] + lx * q[0]);
            assert!((sigma - expected).abs() < 1e-12, "{law} {surface}: {sigma} and {expected}");
        }
    }
}

#[test]
fn force_stays_within_its_limit_and_uses_it() {
    let start = [0.0, 0.3, -0.3, 0.0, 0.0, 0.0];
    let (_, run) = Study { steps: (1e-3, 2000), start: &start, ..Study::default() }.record(1);
    let largest = run.rows().map(|row| row[7].abs()).fold(0.0, f64::max);
    assert!((largest - 150.0).abs() < 1e-12, "largest force {largest}");
}

/// The first force under the classical law, with some of its texts and gains changed.
fn first_force(texts: &str, changes: &[(&str, f64)], start: [f64; 6]) -> f64 {
    let controller = format!("{texts}\n{}", keys(changes));
    let study = Study { controller: &controller, steps: (1e-3, 1), start: &start, ..Study::default() };
    study.record(1).1.values[7]
}

#[test]
fn switching_term_follows_the_saturation_within_and_beyond_the_boundary_layer() {
    // With k2 = kx = 0 and the lower link alone, σ = k1 (θ1' + λ1 θ1) = k1 θ1'; the force opposes it on a cart below a link.
    let changes = [("k1", 1.0), ("k2", 0.0), ("kx", 0.0), ("kd", 0.0), ("K", 10.0), ("epsilon", 0.3)];
    for (rate, linear, tanh) in
        [(0.15, 5.0, 10.0 * 0.5_f64.tanh()), (-0.15, -5.0, -10.0 * 0.5_f64.tanh()), (30.0, 10.0, 10.0)]
    {
        for (saturation, expected) in [("linear", linear), ("tanh", tanh)] {
            let texts = format!("saturation = \"{saturation}\"\nequivalent_control = false");
            let force = first_force(&texts, &changes, [0.0, 0.0, 0.0, 0.0, rate, 0.0]);
            assert!((force - expected).abs() < 1e-12, "{saturation} at {rate} rad/s: {force} and {expected}");
        }
    }
}

#[test]
fn equivalent_control_is_limited_and_off_where_the_force_is_powerless() {
    let none = [("K", 0.0), ("kd", 0.0)];
    let tilted = [0.0, 0.3, -0.3, 0.0, 2.0, -2.0];
    let free = first_force("", &[&none[..], &[("u_max", 1e4)]].concat(), tilted);
    assert!(free.abs() > 30.0, "equivalent control {free}");
    let limited = first_force("", &[&none[..], &[("eq_limit", 0.1)]].concat(), tilted);
    assert!((limited - 15.0 * free.signum()).abs() < 1e-12, "0.1 · 150 N, not {limited}");
    assert!(first_force("equivalent_control = false", &none, tilted).abs() < 1e-300);
    // Without weights σ is 0 whatever happens, so β = 0.
    let weightless = [("k1", 0.0), ("k2", 0.0), ("kx", 0.0)];
    assert!(first_force("", &weightless, tilted).abs() < 1e-300);
}

/// A run without force, every step kept.
fn coasting(steps: u64, start: &[f64]) -> (Record, Vec<Vec<f64>>) {
    let controller = force("u = 0");
    let study = Study { controller: &controller, steps: (1e-3, steps), start, ..Study::default() };
    let (record, run) = study.record(1);
    (record, run.rows().map(<[f64]>::to_vec).collect())
}

#[test]
fn uncontrolled_plant_fails_and_costs_by_the_time_of_its_fall() {
    let (record, rows) = coasting(10_000, &STARTS[0]);
    assert_eq!(record.ending, Ending::Failed);
    // The reference run falls too: its first sample beyond π/2 brackets the fall.
    let fallen = reference("open_loop_free_fall.csv")
        .iter()
        .find(|row| row[2].abs().max(row[3].abs()) > std::f64::consts::FRAC_PI_2)
        .map(|row| row[0])
        .expect("it falls");
    #[allow(clippy::cast_precision_loss)]
    let (k, steps) = ((record.steps - 1) as f64, 10_000.0);
    assert!(
        k * 1e-3 <= fallen && fallen <= k * 1e-3 + 0.011,
        "failed at {k} steps, the reference at {fallen} s"
    );
    assert!((record.cost - 1e6 * (2.0 - k / steps)).abs() < 1e-6);
    assert_eq!(rows.len() as u64, record.steps, "a row for every step, t = 0 first");
}

#[test]
fn a_fall_in_the_first_step_costs_two_million() {
    let (record, _) = coasting(1000, &[0.0, 1.57, 0.0, 0.0, 50.0, 0.0]);
    assert_eq!((record.ending, record.steps), (Ending::Failed, 1));
    assert!((record.cost - 2e6).abs() < 1e-9);
}

#[test]
fn a_cart_beyond_its_track_has_failed() {
    let (record, rows) = coasting(5000, &[9.9, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(record.ending, Ending::Failed);
    // In the last step it leaves the track.
    let last = &rows[rows.len() - 1];
    assert!(last[1] <= 10.0 && last[1] + 1e-3 * last[4] > 10.0 && record.steps < 200, "{last:?}");
}

#[test]
fn rates_that_are_not_finite_have_failed_even_while_the_angles_are_within_their_limits() {
    // Explicit Euler moves the angles by the rates of before, which are 0, and the rates by an acceleration that is NaN.
    for force_text in ["u = sqrt(-k)", "u = log(k - 1)", "u = 1e300*exp(1000*k)*theta1"] {
        let controller = force(force_text);
        let (record, run) = Study {
            controller: &controller,
            steps: (1e-3, 100),
            simulation: "integrator = \"euler\"",
            start: &[0.0, 0.1, 0.0, 0.0, 0.0, 0.0],
            ..Study::default()
        }
        .record(1);
        assert_eq!((record.ending, record.steps), (Ending::Failed, 1), "{force_text}");
        assert!(run.rows().all(|row| row[2].abs() < 0.2), "the angles are within their limits");
        assert!((record.cost - 2e6).abs() < 1e-9, "a failure has a finite cost");
    }
}
