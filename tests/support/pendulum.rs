//! The double inverted pendulum as a text of equations, under the classical law as a text.

use std::path::Path;

use gainswarm::config::Config;

/// A study of the double inverted pendulum in textbook form under the classical law, over so many steps of 1 ms from upright, judged as the
/// reference runs are; `sliding` is the weight of their last term. Where the plant `varies`, a job may give its parameters.
pub(crate) fn pendulum(varies: bool, sliding: f64, steps: u64) -> Config {
    #[allow(clippy::cast_precision_loss, reason = "few steps")]
    let duration = steps as f64 * 1e-3;
    let uncertainty = if varies { "uncertainty = { gravity = 1.0 }" } else { "" };
    let text = format!(
        "[plant]\nfile = \"models/plants/double_inverted_pendulum.toml\"\n[controller]\nfile = \"models/controllers/classical.toml\"\n\
         [simulation]\nduration = {duration:?}\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n{uncertainty}\n\
         [cost.ise]\nsignals = [\"x\", \"theta1\", \"theta2\", \"x_dot\", \"theta1_dot\", \"theta2_dot\"]\nnorm = 10.0\n\
         [cost.control_effort]\nweight = 0.1\nnorm = 100.0\n[cost.control_rate]\nweight = 0.01\nnorm = 1000.0\n\
         [cost.sliding_energy]\nweight = {sliding:?}\n"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Config::parse(&root.join("pendulum.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
}
