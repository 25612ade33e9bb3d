//! The swing-up of both links in `configs/double_pendulum_swing_up.toml`, held against an independent simulation.

use std::f64::consts::PI;

use gainswarm::config::Config;
use gainswarm::problem::Problem;
use gainswarm::simulation::SimdLevel;

/// From `data/make_swing_up.py`: time in s, then x, theta1, theta2 and their rates.
const MOTION: [[f64; 7]; 5] = [
    [0.5, -0.932_148_8, 2.072_003_3, 1.230_981_3, -2.541_694_1, 0.249_196_6, -5.665_121_5],
    [1.0, -1.631_841_8, 3.607_385, 5.061_179_9, -0.732_787_1, 2.566_443_9, 12.806_609_2],
    [1.4, -1.125_596_3, 4.754_759_4, 3.789_868_1, 3.096_028_4, -2.417_815_5, -5.017_472_8],
    [2.0, -0.087_749_4, 0.635_414_1, 0.959_371_8, 0.442_020_4, -3.724_035_8, -3.261_665_5],
    [8.0, -0.000_219_8, -0.000_022_4, -0.000_021_2, 0.000_306_1, -0.000_011_2, -0.000_013_9],
];

#[test]
fn both_links_swing_up_from_hanging_and_are_caught_as_by_an_independent_simulation() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/double_pendulum_swing_up.toml");
    let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let problem = Problem::new(&config);
    // As tuned, rounded; in the order of the gains, the first six of them the plan.
    let plan = [1.4973, 4.3236, -6.0006, -0.2903, -6.4989, -3.6655];
    let values = [&plan, &config.controller.values[6..]].concat();
    let recorded = problem.simulator.record(SimdLevel::widest(), &values, &problem.scenarios[0], 1);
    let (_, run) = recorded.expect("memory");
    let rows: Vec<&[f64]> = run.rows().collect();
    assert_eq!(rows[0][2..4], [PI, PI], "they hang");
    for expected in MOTION {
        let at = rows.iter().find(|row| (row[0] - expected[0]).abs() < 1e-9).expect("a row of that time");
        for (value, expected) in at.iter().zip(expected) {
            // What is between RK4 at 2 ms and an exact motion.
            assert!((value - expected).abs() < 2e-6, "{at:?} instead of {expected}");
        }
    }
}
