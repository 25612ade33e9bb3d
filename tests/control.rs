//! The classical law, the surface, the cost and the failure rule.

use fearless_simd::Simd;
use gainswarm::controllers::surface::{Layout, Surface};
use gainswarm::controllers::{
    Adaptive, Classical, Controller, HybridAdaptiveSuperTwisting, Saturation, Sliding, SuperTwisting,
    SurfaceKind,
};
use gainswarm::costs::CostKind;
use gainswarm::integrators::{Euler, Rk4};
use gainswarm::lanes::splat;
use gainswarm::parameter::Parameter;
use gainswarm::plants::DoubleInvertedPendulum;
use gainswarm::simulation::{Ending, Kernel, Record, Scenario, Settings, SimdLevel, Simulator, Trajectory};

use crate::support::law::{Force, Law};
use crate::support::{Coast, data, largest_difference, plant, record, reference, reference_gains, settings};

const STARTS: [[f64; 6]; 2] = [[0.0, 0.1, -0.05, 0.0, 0.0, 0.0], [0.0, 0.2, 0.25, 0.0, 0.0, 0.0]];

/// The run of a controller with its defaults, which are the gains of the reference runs, and its own switches.
fn default_run<C: Controller>(start: &[f64]) -> (Record, Trajectory) {
    let own = Settings {
        saturation: C::SATURATION,
        equivalent_control: C::EQUIVALENT_CONTROL,
        ..settings(1e-3, 8000)
    };
    record::<C, Rk4>(&plant(&[]), own, start, 10)
}

fn reproduces_its_references<C: Controller>() {
    for (case, start) in STARTS.iter().enumerate() {
        let (record, run) = default_run::<C>(start);
        assert_eq!(record.ending, Ending::Survived);
        let expected = reference(&format!("closed_loop_{}_{case}.csv", C::NAME));
        let difference = largest_difference(run.rows(), &expected);
        assert!(difference < 1e-8, "{} {case} differs by {difference}", C::NAME);

        let cost = reference_cost(C::NAME, case);
        assert!((record.cost - cost).abs() < 1e-8, "{} {case}: {} and {cost}", C::NAME, record.cost);
        let weighed = |kind: &CostKind| {
            let (weight, norm) = kind.defaults();
            weight / norm * record.values[*kind as usize]
        };
        let terms: f64 = CostKind::ALL.iter().map(weighed).sum();
        assert!((terms - record.cost).abs() < 1e-12, "the terms add up");
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
    reproduces_its_references::<Classical>();
}

#[test]
fn super_twisting_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references::<SuperTwisting>();
}

#[test]
fn adaptive_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references::<Adaptive>();
}

#[test]
fn hybrid_adaptive_super_twisting_reproduces_its_reference_runs_and_costs() {
    reproduces_its_references::<HybridAdaptiveSuperTwisting>();
}

#[test]
fn surface_is_the_formula_on_both_kinds_of_angle() {
    let values = reference_gains();
    let (k1, l1, k2, l2, kx, lx) = (29.41, 3.49, 31.33, 9.32, 11.53, 1.19);
    let (q, v) = ([0.3, -0.2, 0.7], [1.1, -0.4, 0.9]);
    let layout = Layout::of(Classical::PARAMETERS);
    for (kind, e2, e2_rate) in
        [(SurfaceKind::Relative, q[2] - q[1], v[2] - v[1]), (SurfaceKind::Absolute, q[2], v[2])]
    {
        let surface = Surface::<f64, 3>::new(kind, true, layout, &values);
        let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let sigma = dot(surface.on_rates, v) + dot(surface.on_positions, q);
        let expected = k1 * (v[1] + l1 * q[1]) + k2 * (e2_rate + l2 * e2) + kx * (v[0] + lx * q[0]);
        assert!((sigma - expected).abs() < 1e-12, "{kind:?}: {sigma} and {expected}");
    }
}

#[test]
fn force_stays_within_its_limit_and_uses_it() {
    let (_, run) =
        record::<Classical, Rk4>(&plant(&[]), settings(1e-3, 2000), &[0.0, 0.3, -0.3, 0.0, 0.0, 0.0], 1);
    let largest = run.rows().map(|row| row[7].abs()).fold(0.0, f64::max);
    assert!((largest - 150.0).abs() < 1e-12, "largest force {largest}");
}

/// The first force under the classical law, with some of its parameters changed.
fn first_force(settings: Settings, changes: &[(&str, f64)], start: [f64; 6]) -> f64 {
    let value = |parameter: &Parameter| {
        changes
            .iter()
            .find(|(name, _)| *name == parameter.name)
            .map_or(parameter.default, |(_, value)| *value)
    };
    let values: Vec<f64> = Classical::PARAMETERS.iter().map(value).collect();
    let kernel = Kernel::<DoubleInvertedPendulum, Classical, Rk4, 3>::new(Rk4, &plant(&[]), settings);
    let scenario = Scenario::nominal(start.to_vec());
    kernel.record(SimdLevel::widest(), &values, &scenario, 1).expect("memory").1.values[7]
}

#[test]
fn switching_term_follows_the_saturation_within_and_beyond_the_boundary_layer() {
    // With k2 = kx = 0 and the lower link alone, σ = k1 (θ1' + λ1 θ1) = k1 θ1'; the force opposes it on a cart below a link.
    let changes = [("k1", 1.0), ("k2", 0.0), ("kx", 0.0), ("kd", 0.0), ("K", 10.0), ("epsilon", 0.3)];
    for (rate, linear, tanh) in
        [(0.15, 5.0, 10.0 * 0.5_f64.tanh()), (-0.15, -5.0, -10.0 * 0.5_f64.tanh()), (30.0, 10.0, 10.0)]
    {
        for (saturation, expected) in [(Saturation::Linear, linear), (Saturation::Tanh, tanh)] {
            let settings = Settings { saturation, equivalent_control: false, ..settings(1e-3, 1) };
            let force = first_force(settings, &changes, [0.0, 0.0, 0.0, 0.0, rate, 0.0]);
            assert!(
                (force - expected).abs() < 1e-12,
                "{saturation:?} at {rate} rad/s: {force} and {expected}"
            );
        }
    }
}

#[test]
fn equivalent_control_is_limited_and_off_where_the_force_is_powerless() {
    let none = [("K", 0.0), ("kd", 0.0)];
    let tilted = [0.0, 0.3, -0.3, 0.0, 2.0, -2.0];
    let free = first_force(settings(1e-3, 1), &[&none[..], &[("u_max", 1e4)]].concat(), tilted);
    assert!(free.abs() > 30.0, "equivalent control {free}");
    let limited = first_force(settings(1e-3, 1), &[&none[..], &[("eq_limit", 0.1)]].concat(), tilted);
    assert!((limited - 15.0 * free.signum()).abs() < 1e-12, "0.1 · 150 N, not {limited}");
    let off = Settings { equivalent_control: false, ..settings(1e-3, 1) };
    assert!(first_force(off, &none, tilted).abs() < 1e-300);
    // Without weights σ is 0 whatever happens, so β = 0.
    let weightless = [("k1", 0.0), ("k2", 0.0), ("kx", 0.0)];
    assert!(first_force(settings(1e-3, 1), &weightless, tilted).abs() < 1e-300);
}

#[test]
fn uncontrolled_plant_fails_and_costs_by_the_time_of_its_fall() {
    let settings = settings(1e-3, 10_000);
    let (record, run) = record::<Coast, Rk4>(&plant(&[]), settings, &STARTS[0], 1);
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
    assert_eq!(run.rows().count() as u64, record.steps, "a row for every step, t = 0 first");
}

#[test]
fn a_fall_in_the_first_step_costs_two_million() {
    let start = [0.0, 1.57, 0.0, 0.0, 50.0, 0.0];
    let (record, _) = record::<Coast, Rk4>(&plant(&[]), settings(1e-3, 1000), &start, 1);
    assert_eq!((record.ending, record.steps), (Ending::Failed, 1));
    assert!((record.cost - 2e6).abs() < 1e-9);
}

#[test]
fn a_cart_beyond_its_track_has_failed() {
    let (record, _) =
        record::<Coast, Rk4>(&plant(&[]), settings(1e-3, 5000), &[9.9, 0.0, 0.0, 1.0, 0.0, 0.0], 1);
    assert_eq!(record.ending, Ending::Failed);
    assert!(record.final_positions[0] > 10.0 && record.steps < 200);
}

#[test]
fn rates_that_are_not_finite_have_failed_even_while_the_angles_are_within_their_limits() {
    // Explicit Euler moves the angles by the rates of before, which are 0, and the rates by an acceleration that is NaN.
    let values: Vec<f64> = Coast::PARAMETERS.iter().map(|parameter| parameter.default).collect();
    let kernel = Kernel::<DoubleInvertedPendulum, Law<NotANumber>, Euler, 3>::new(
        Euler,
        &plant(&[]),
        settings(1e-3, 100),
    );
    let scenario = Scenario::nominal(vec![0.0, 0.1, 0.0, 0.0, 0.0, 0.0]);
    let (record, _) = kernel.record(SimdLevel::widest(), &values, &scenario, 1).expect("memory");
    assert_eq!((record.ending, record.steps), (Ending::Failed, 1));
    assert!(record.final_positions[1] < 0.2, "the angles are within their limits");
    assert!((record.cost - 2e6).abs() < 1e-9, "a failure has a finite cost");
}

/// A force that no clamp may hide.
struct NotANumber;

impl Force for NotANumber {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        _: &[S::f64s; 3],
        _: &mut S::f64s,
        _: &Sliding<S::f64s>,
    ) -> S::f64s {
        splat(simd, f64::NAN)
    }
}
