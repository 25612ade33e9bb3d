//! The double inverted pendulum under the classical law, judged as the reference runs are.

use std::path::Path;

use gainswarm::config::Config;

/// A study of so many steps of 1 ms from upright on the plant of the reference runs; `sliding` is the weight of their last term. Where the
/// plant `varies`, a job may give its parameters.
pub(crate) fn pendulum(varies: bool, sliding: f64, steps: u64) -> Config {
    #[allow(clippy::cast_precision_loss, reason = "few steps")]
    let duration = steps as f64 * 1e-3;
    let uncertainty = if varies { "uncertainty = { gravity = 1.0 }" } else { "" };
    let text = format!(
        "[plant]\nlink1_inertia = 0.0081\nlink2_inertia = 0.0034\n[controller]\nkd = 60.0\n[simulation]\nduration = {duration:?}\n\
         [cost]\nise = {{ norm = 10.0 }}\ncontrol_effort = {{ weight = 0.1, norm = 100.0 }}\n\
         control_rate = {{ weight = 0.01, norm = 1000.0 }}\nsliding_energy = {{ weight = {sliding:?} }}\n\
         [[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n{uncertainty}\n"
    );
    Config::parse(Path::new("pendulum.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
}
