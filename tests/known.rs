//! Tuning problems whose best gains are known from theory, found by a tuning.

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;

fn tuned(study: &str) -> (Config, engine::Tuning) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/known/{study}.toml"));
    let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    (config, tuning)
}

#[test]
fn the_pid_of_the_motor_whose_zeros_cancel_its_poles_is_found() {
    let (config, tuning) = tuned("dc_motor_pid");
    for (value, expected) in tuning.values.iter().zip([20.0, 5.344_262, 3.540_984]) {
        assert!((value / expected - 1.0).abs() < 1e-3, "{value} instead of {expected}");
    }
    // The loop is 1/(1 + τs): ITAE = τ², no overshoot, 10 to 90 % in τ log 9, within 2 % after τ log 50.
    let tau = 0.020_333_3_f64;
    let term = |name: &str| tuning.records[0].values[config.term(name).expect("a term")];
    assert!((term("itae") / 4.134_44e-4 - 1.0).abs() < 1e-4, "{}", term("itae"));
    assert!((term("rise_time") / (tau * 9_f64.ln()) - 1.0).abs() < 1e-3, "{}", term("rise_time"));
    assert!((term("settling_time") / (tau * 50_f64.ln()) - 1.0).abs() < 1e-3, "{}", term("settling_time"));
    assert!(term("overshoot") < 1e-3, "{}", term("overshoot"));
}
