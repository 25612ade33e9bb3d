//! Tuning problems whose best gains are known, found by a tuning: from theory, or from `data/known_answers.py`, which searches by other means.
//! docs/known-answers.md is their table.

use std::path::{Path, PathBuf};

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources, Tuning};
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{Record, SimdLevel};
use gainswarm::stability::{PERIOD_FACTOR_WANTED, Verdict};

use crate::support::{record, study, value};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/known/{name}.toml"))
}

/// A study of configs/known with some of its text changed.
pub(crate) fn changed(name: &str, changes: &[(&str, &str)]) -> Config {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{name} has no {from}");
        text.replace(from, to)
    });
    Config::parse(&path, &text).unwrap_or_else(|error| panic!("{error}"))
}

/// A tuning by so many evaluations, which are fewer than the study has.
pub(crate) fn tuned(mut config: Config, evaluations: u64) -> (Config, Tuning) {
    config.swarm.stopping.evaluations = evaluations;
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    assert!(tuning.best.is_feasible());
    (config, tuning)
}

/// The records of these gains, a scenario each.
fn judged(config: &Config, gains: &[f64]) -> Vec<Record> {
    let problem = Problem::new(config);
    let one =
        |scenario| problem.simulator.record(SimdLevel::widest(), gains, scenario, 1000).expect("memory").0;
    problem.scenarios.iter().map(one).collect()
}

#[track_caller]
pub(crate) fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let off = (found / expected - 1.0).abs();
    assert!(off < tolerance, "{what}: {found} instead of {expected}, off by {off:.1e}");
}

/// What a tuning has to find: within so many evaluations, gains and J, each to a share of itself.
#[track_caller]
fn assert_found(
    config: Config,
    evaluations: u64,
    [of_gains, of_cost]: [f64; 2],
    gains: &[f64],
    cost: f64,
) -> (Config, Tuning) {
    let name = config.study.clone();
    let (config, tuning) = tuned(config, evaluations);
    assert_near(&name, tuning.cost(), cost, of_cost);
    for (value, expected) in tuning.values.iter().zip(gains) {
        assert_near(&name, *value, *expected, of_gains);
    }
    (config, tuning)
}

/// The same of a study as it is, whose loop has to be stable as it is stepped.
fn assert_known(name: &str, evaluations: u64, within: [f64; 2], gains: &[f64], cost: f64) {
    let (config, tuning) = assert_found(changed(name, &[]), evaluations, within, gains, cost);
    let certificate = certifier(&config)(&tuning.values);
    assert_eq!(certificate.verdict, Verdict::Stable, "{name}: {certificate:?}");
    assert!(certificate.period_factor >= PERIOD_FACTOR_WANTED, "{name}: {certificate:?}");
}

#[test]
fn every_study_of_a_known_problem_stands_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/known-answers.md")).expect("the table");
    let mut rows = 0;
    for entry in std::fs::read_dir(root.join("configs/known")).expect("the studies") {
        let file = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&file).expect("a text");
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        if text.contains("[swarm.stopping]") && !name.starts_with("dead_time_ratio") {
            assert!(table.contains(&format!("| `{name}` |")), "docs/known-answers.md has no {name}");
            rows += 1;
        }
    }
    assert_eq!(table.matches("\n| `").count() - 1, rows, "a row of a study that is not there");
}

#[test]
fn the_pid_of_the_motor_whose_zeros_cancel_its_poles_is_found() {
    // Half of the swarms settle at a cost of 0.00636 first.
    let (config, tuning) = tuned(changed("dc_motor_pid", &[]), 1200);
    for (value, expected) in tuning.values.iter().zip([20.0, 5.344_262, 3.540_984]) {
        assert_near("a gain", *value, expected, 1e-3);
    }
    // The loop is 1/(1 + τs): ITAE = τ², no overshoot, 10 to 90 % in τ log 9, within 2 % after τ log 50.
    let tau = 0.020_333_3_f64;
    let term = |name: &str| value(&config, &tuning.records[0], name);
    assert_near("ITAE", term("itae"), 4.134_44e-4, 1e-4);
    assert_near("rise", term("rise_time"), tau * 9_f64.ln(), 1e-3);
    assert_near("settling", term("settling_time"), tau * 50_f64.ln(), 1e-3);
    assert!(term("overshoot") < 1e-3, "{}", term("overshoot"));
    // IAE = τ and ISE = τ/2.
    for (criterion, cost) in [("abs(error)", tau), ("error^2", 0.5 * tau)] {
        let integral = format!("[cost.J]\nintegrate = \"{criterion}*(if t > 0 then 1 else 0.5)\"");
        let config = changed("dc_motor_pid", &[("[cost.itae]\nsignals = [\"error\"]", &integral)]);
        assert_near(criterion, judged(&config, &tuning.values)[0].cost, cost, 1e-3);
    }
}

/// Gains, and settling time and rise in s and overshoot in % as published (Sci. Rep. 2025, doi:10.1038/s41598-025-24760-8, table 2), of SCA, GWO, PSO, IWO,
/// mJS, PSO-ACO, OBL-HG, CMA-ES, ASSA and MEASSA; then ITAE over 2 s and IAE by `data/known_answers.py`. The overshoot of ASSA is left out: 0.2226 there,
/// 0.728 by both programs here, which count it from the set point.
const PUBLISHED: [([f64; 3], [f64; 5]); 10] = [
    ([4.938, 0.166, 0.17], [1.0819, 0.1842, 16.806, 0.064_560, 0.194_528]),
    ([11.283, 0.178, 0.326], [0.6588, 0.107, 25.762, 0.036_501, 0.137_969]),
    ([17.895, 8.389, 1.561], [0.3353, 0.0688, 8.1559, 0.008_443, 0.052_243]),
    ([8.628, 3.856, 0.17], [1.0172, 0.1224, 32.804, 0.047_027, 0.181_139]),
    ([15.316, 7.578, 2.024], [0.2869, 0.0677, 2.8625, 0.009_160, 0.043_826]),
    ([18.924, 5.037, 17.577], [0.0252, 0.0096, 0.0, 0.012_879, 0.021_797]),
    ([16.602, 1.393, 1.04], [0.3248, 0.079, 12.948, 0.013_560, 0.069_344]),
    ([14.202, 15.261, 1.728], [0.5311, 0.0739, 5.2494, 0.016_912, 0.060_800]),
    ([19.583, 16.951, 5.115], [0.0886, 0.0335, f64::NAN, 0.010_831, 0.026_342]),
    ([17.151, 0.347, 2.11], [0.2211, 0.0636, 2.6982, 0.012_182, 0.042_052]),
];

#[test]
fn gains_published_for_the_motor_do_as_published_and_cost_twenty_times_the_least() {
    let config = changed("dc_motor_pid", &[]);
    for (gains, figures) in PUBLISHED {
        let record = &judged(&config, &gains)[0];
        let terms = ["settling_time", "rise_time", "overshoot", "itae"];
        for ((term, figure), within) in terms.iter().zip(figures).zip([1e-3, 5e-3, 2e-3, 3e-4]) {
            let found = value(&config, record, term);
            assert!(
                figure.is_nan() || (found - figure).abs() <= within * figure,
                "{gains:?}: {term} {found} instead of {figure}"
            );
        }
        assert!(record.cost > 20.0 * 4.134_44e-4, "{}", record.cost);
    }
}

#[test]
fn a_tuning_of_the_motor_by_iae_beats_the_gains_published_for_it_too() {
    let iae = "[cost.J]\nintegrate = \"abs(error)*(if t > 0 then 1 else 0.5)\"";
    let changes = [("[cost.itae]\nsignals = [\"error\"]", iae), ("dt = 0.0005", "dt = 0.0002")];
    // Of the optimum, Kp and Kd are at their bound; Ki hardly matters.
    let (config, _) =
        assert_found(changed("dc_motor_pid", &changes), 400, [1e-3, 1e-3], &[20.0], 0.014_941_1);
    for (gains, [.., cost]) in PUBLISHED {
        assert_near("IAE", judged(&config, &gains)[0].cost, cost, 2e-3);
        assert!(cost > 1.45 * 0.014_941_1);
    }
}

#[test]
fn the_gain_of_the_motor_scales_its_best_loop() {
    // In half the box the same zeros cancel the same poles, and the loop is half as fast: ITAE = (2τ)², but for what is left after 2 s.
    let half = changed("dc_motor_pid", &[("[0.001, 20]", "[0.001, 10]")]);
    assert_found(half, 900, [1e-3, 1e-3], &[10.0, 2.672_131, 1.770_492], 4.0 * 4.134_44e-4);
}

#[test]
fn published_gains_of_the_voltage_regulator_do_as_published() {
    // Gaing 2004, doi:10.1109/TEC.2003.821821.
    let config = changed("avr_gaing", &[]);
    let record = &judged(&config, &[0.6570, 0.5389, 0.2458])[0];
    for (term, figure, within) in [
        ("overshoot", 1.1602, 1e-3),
        ("settling_time", 0.4109, 1e-3),
        ("rise_time", 0.2719, 1e-3),
        ("W", 0.058_471_4, 1e-3),
    ] {
        assert_near(term, value(&config, record, term), figure, within);
    }
    // Without a controller it comes to 10/11.
    let alone = changed("avr_gaing", &[("reference = \"reference\"", "reference = 0.9090909090909091")]);
    let record = &judged(&alone, &[1.0, 0.0, 0.0])[0];
    for (term, figure) in [("overshoot", 65.72), ("settling_time", 6.986), ("rise_time", 0.2607)] {
        assert_near(term, value(&alone, record, term), figure, 1e-3);
    }
}

#[test]
fn the_pid_of_the_voltage_regulator_is_found_by_three_criteria() {
    // W and ITAE are flat about their optimum: what counts is the cost.
    assert_known("avr_gaing", 1000, [0.02, 1e-3], &[0.678, 0.611, 0.2666], 0.057_803_8);
    assert_known("avr_itae", 400, [0.02, 1e-3], &[1.266_77, 0.871_61, 0.405_99], 0.032_804_5);
    assert_known("avr_iae", 400, [0.01, 1e-3], &[1.4873, 1.0, 0.628_74], 0.159_754_1);
}

#[test]
fn a_voltage_that_never_settles_is_infeasible_whatever_gaings_cost_says() {
    let slow = [
        ("search = [0.0, 1.5]", "search = [0.0, 0.1]"),
        ("search = [0.0, 1.0]", "search = [0.0, 0.01]"),
        ("evaluations = 1500", "evaluations = 60"),
    ];
    let config = changed("avr_gaing", &slow);
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    assert!(!tuning.best.is_feasible());
    let term = |name: &str| value(&config, &tuning.records[0], name);
    assert!(term("unsettled") > 0.5);
    assert!((term("settling_time") - term("rise_time")).abs() < 0.01);
}

#[test]
fn closed_forms_of_second_and_third_order_are_found() {
    let rows: [(&str, [f64; 2], f64, f64); 4] = [
        ("second_order_ise", [1e-4, 1e-5], 0.5, 1.0),
        ("second_order_itse", [1e-4, 1e-5], 8_f64.powf(-0.25), 0.5_f64.sqrt()),
        ("second_order_iae", [2e-3, 1e-5], 0.662_54, 1.605_144),
        ("second_order_itae", [2e-3, 1e-5], 0.752_44, 1.951_85),
    ];
    for (name, within, damping, cost) in rows {
        assert_known(name, 140, within, &[damping], cost);
    }
    assert_known("three_integrators_itae", 300, [2e-3, 1e-4], &[2.1715, 1.7828], 3.138_243);
    // The published table is close to it, and not the best.
    let config = changed("three_integrators_itae", &[]);
    assert_near("Graham & Lathrop", judged(&config, &[2.15, 1.75])[0].cost, 3.143_22, 1e-4);
}

/// Shares of gains and J, those of the studies with dead time: gains are less sharp than J, and J converges with the square of the step. Certificates of long delay
/// lines take too long here.
const DEAD_TIME: [f64; 2] = [1e-2, 1e-3];

#[test]
fn the_pi_of_first_order_plus_dead_time_is_found_by_three_criteria() {
    let known = |name: &str, gains: &[f64], cost: f64| {
        assert_found(changed(&format!("dead_time_{name}"), &[]), 300, DEAD_TIME, gains, cost);
    };
    known("0_2_pi_itae_set_point", &[2.629_83, 1.000_04], 0.114_219);
    known("1_0_pi_itae_set_point", &[0.653_93, 1.2136], 2.351_654);
    known("0_2_pi_itae_load", &[3.906_29, 0.554_04], 0.079_003);
    known("0_2_pi_iae_set_point", &[2.9935, 1.017_64], 0.420_186);
    known("1_0_pi_iae_set_point", &[0.792_16, 1.392_71], 1.906_195);
    known("0_2_pi_ise_set_point", &[4.013_13, 1.513_24], 0.299_860);
}

#[test]
fn the_pid_of_first_order_plus_dead_time_is_found() {
    let known = |name: &str, gains: &[f64], cost: f64| {
        assert_found(changed(&format!("dead_time_{name}"), &[]), 600, DEAD_TIME, gains, cost);
    };
    known("0_2_pid_itae_set_point", &[4.1863, 1.367_65, 0.075_87], 0.062_671);
    known("0_2_pid_itae_load", &[6.344_78, 0.376_93, 0.080_51], 0.021_082);
    known("1_0_pid_ise_load", &[1.548_32, 0.886_54, 0.545_56], 0.338_458);
}

#[test]
fn a_sampled_loop_with_dead_time_converges_to_the_exact_one_with_the_step() {
    // The shipped plant and law: a held output is half a step late.
    let off = |dt: f64| {
        let config = study(&format!(
            "[plant]\ntype = \"first_order_plus_dead_time\"\n[controller]\ntype = \"pid\"\nKp = 2.62983\nKi = {:?}\n\
             [connect]\nmeasurement = \"x\"\n[simulation]\ndt = {dt:?}\nduration = 10.0\n[cost.itae]\nsignals = [\"error\"]\n\
             [[scenarios]]\nsignals = {{ reference = 1.0 }}\n",
            2.629_83 / 1.000_04
        ));
        record(&config, 1000).0.cost / 0.114_219 - 1.0
    };
    let [coarse, middle, fine] = [0.004, 0.002, 0.001].map(off);
    assert!(fine.abs() < 0.01, "{fine}");
    assert!(
        (1.8..2.2).contains(&(coarse / middle)) && (1.8..2.2).contains(&(middle / fine)),
        "{coarse} {middle} {fine}"
    );
}

#[test]
fn state_feedback_is_that_of_the_riccati_equation() {
    assert_known("lqr_double_integrator", 250, [1e-3, 1e-4], &[1.0, 3_f64.sqrt()], 12_f64.sqrt());
    assert_known("lqr_double_integrator_position", 250, [1e-3, 1e-4], &[1.0, 2_f64.sqrt()], 8_f64.sqrt());
    let pendulum = [-70.7107, -37.8345, 105.5298, 20.9238];
    assert_known("lqr_inverted_pendulum", 600, [2e-3, 1e-4], &pendulum, 4027.4324);
    // Dearer position, or dearer control: K = [√(q/r), √(2√(q/r))], J = tr P with P = [[√2 q^¾ r^¼, √(qr)], [√(qr), √2 q^¼ r^¾]].
    for (q, r) in [(16.0_f64, 1.0_f64), (1.0, 16.0)] {
        let config =
            changed("lqr_double_integrator_position", &[("x^2 + u^2", &format!("{q:?}*x^2 + {r:?}*u^2"))]);
        let ratio = (q / r).sqrt();
        let trace = 2_f64.sqrt() * (q.powf(0.75) * r.powf(0.25) + q.powf(0.25) * r.powf(0.75));
        assert_found(config, 250, [2e-3, 1e-3], &[ratio, (2.0 * ratio).sqrt()], trace);
    }
}

#[test]
fn output_feedback_has_the_least_h2_norm() {
    assert_known("h2_he1", 300, [2e-2, 1e-3], &[0.129_85, 5.948_67], 0.095_364_0_f64.powi(2));
}

#[test]
fn two_masses_and_a_spring_decay_as_fast_as_they_can() {
    // Six equal roots at −√(0.6 k): an error of the shift goes into the gains, and one of the gains by its sixth root into the shift.
    let by = |stiffness: &str| {
        let stiffness = format!("stiffness = {{ default = {stiffness}");
        let changes = [
            ("stiffness = { default = 1.0", stiffness.as_str()),
            ("0.0001", "0.0002"),
            ("particles = 60", "particles = 40"),
        ];
        tuned(changed("two_masses_decay", &changes), 12_000)
    };
    let (config, tuning) = by("1.0");
    assert_near("abscissa", tuning.cost(), -0.6_f64.sqrt(), 2e-3);
    for (value, expected) in tuning.values.iter().zip([4.647_580, 7.0, -8.6, 1.673_129, 0.216]) {
        assert_near("a gain", *value, expected, 1e-2);
    }
    // The certificate finds the same by eigenvalues of the loop.
    let certificate = certifier(&config)(&tuning.values);
    assert_eq!(certificate.verdict, Verdict::Stable, "{certificate:?}");
    assert!((certificate.max_real_part - tuning.cost()).abs() < 2e-3, "{certificate:?}");
    // The scan finds the abscissa of simple roots to a step: 1/(s² (s² + 2)) under 0 has roots on the axis.
    assert!(judged(&config, &[1.0, 0.0, 0.0, 0.0, 0.0])[0].cost.abs() < 3e-4);
    assert_near("abscissa, half the stiffness", by("0.5").1.cost(), -0.3_f64.sqrt(), 5e-3);
}

/// Four integrators, as the three of `three_integrators_itae`.
const FOUR_INTEGRATORS: [(&str, &str); 6] = [
    (
        "curvature' = error - slope1*rate - slope2*curvature",
        "curvature' = jerk\njerk' = error - slope1*rate - slope2*curvature - slope3*jerk",
    ),
    ("[plant.inputs]", "jerk = { unit = \"1/s³\" }\n[plant.inputs]\nslope3 = {}"),
    ("slope2 = a2", "slope2 = a2\nslope3 = a3"),
    ("[controller.gains]", "[controller.gains]\na3 = { default = 2.0, search = [0.5, 5.0] }"),
    ("[controller.outputs]", "[controller.outputs]\nslope3 = {}"),
    ("search = [0.5, 5.0]", "search = [0.5, 6.0]"),
];

#[test]
fn problems_of_the_same_kinds_come_out_as_by_other_means() {
    // From data/known_answers.py.
    let trapezoid = |e: &str| format!("[cost.J]\nintegrate = \"{e}*(if t > 0 then 1 else 0.5)\"");
    let itae = |of: &str| format!("[cost.itae]\nsignals = [\"{of}\"]");
    let by = |name: &str, of: &str, cost: &str| changed(name, &[(&itae(of), cost)]);
    let near = |config: Config, evaluations: u64, gains: &[f64], cost: f64| {
        assert_found(config, evaluations, [1e-2, 1e-3], gains, cost);
    };
    let motor = [(itae("error"), trapezoid("error^2")), ("dt = 0.0005".into(), "dt = 0.0001".into())];
    let motor = motor.each_ref().map(|(from, to): &(String, String)| (from.as_str(), to.as_str()));
    near(changed("dc_motor_pid", &motor), 300, &[20.0, 20.0, 20.0], 0.001_938_53);
    near(by("avr_itae", "off", &trapezoid("off^2")), 400, &[1.231_15, 1.0, 1.0], 0.068_840_7);
    near(
        by("avr_itae", "off", "[cost.itse]\nsignals = [\"off\"]"),
        400,
        &[1.341_82, 1.0, 0.674_205],
        0.005_609_44,
    );
    near(changed("three_integrators_itae", &FOUR_INTEGRATORS), 600, &[1.952_03, 2.6473, 3.345_76], 4.591_27);
    let half = ("dead_time = 0.2", "dead_time = 0.5");
    let iae = (itae("error"), "[cost.iae]\nsignals = [\"error\"]");
    let load = changed("dead_time_0_2_pi_itae_load", &[half, (&iae.0, iae.1)]);
    near(load, 300, &[1.896_75, 1.073_39], 0.608_654);
    let ise = changed("dead_time_1_0_pi_iae_set_point", &[("abs(error)", "error^2")]);
    near(ise, 300, &[1.081_67, 1.8602], 1.403_242);
    let iae = (itae("error"), trapezoid("abs(error)"));
    let step = ("dt = 0.005", "dt = 0.0125");
    let iae = changed("dead_time_0_2_pid_itae_set_point", &[half, step, (&iae.0, &iae.1)]);
    near(iae, 600, &[1.946_22, 1.513_04, 0.191_132], 0.815_630);
    let weights = [("5000*x^2 + 100*phi^2", "500*x^2 + 1000*phi^2"), ("-100.0, 0.0", "-60.0, 0.0")];
    near(changed("lqr_inverted_pendulum", &weights), 600, &[-22.3607, -16.7594, 67.6758, 11.7474], 843.706);
}
