//! The double inverted pendulum as a text of equations, under the classical law as a text.

use std::collections::BTreeMap;
use std::path::Path;

use gainswarm::closed_loop::{Block, ClosedLoop, Parts};
use gainswarm::model::Model;

const STATES: [&str; 6] = ["x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot"];

fn model(path: &str) -> Model {
    Model::load(Path::new(path)).unwrap_or_else(|error| panic!("{error}"))
}

/// The cost of the reference runs; `sliding` is the weight of its last term.
fn judge(sliding: f64) -> Model {
    let inputs: Vec<String> =
        STATES.iter().chain(&["u", "sigma"]).map(|name| format!("{name} = {{}}")).collect();
    let inputs = inputs.join("\n");
    let text = format!(
        "kind = \"controller\"
equations = \"\"\"
ise'     = x^2 + theta1^2 + theta2^2 + x_dot^2 + theta1_dot^2 + theta2_dot^2
effort'  = u^2
rate'    = if started > 0.5 then (u - before)^2 else 0
sliding' = sigma^2
before+  = u
started+ = 1
cost     = ise/10 + 0.1*effort/100 + 0.01*rate/1000 + {sliding}*sliding
failed   = abs(theta1) > pi/2 or abs(theta2) > pi/2 or abs(x) > 10
\"\"\"
[states]
ise = {{}}
effort = {{}}
rate = {{}}
sliding = {{}}
before = {{}}
started = {{}}
[inputs]
{inputs}"
    );
    Model::parse(Path::new("judge.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
}

/// The double inverted pendulum in textbook form under the classical law, and the default gains.
pub(crate) fn pendulum(varies: bool, sliding: f64) -> (ClosedLoop, Vec<f64>) {
    let plant = model("models/plants/double_inverted_pendulum.toml");
    let law = model("models/controllers/classical.toml");
    let judge = judge(sliding);
    let defaults =
        |model: &Model| model.declared.parameters.iter().map(|parameter| parameter.default).collect();
    let (nominal, gains): (Vec<f64>, Vec<f64>) = (defaults(&plant), defaults(&law));
    let block = |model| Block { model, connect: BTreeMap::new() };
    let parts = Parts {
        plant: &plant,
        nominal: &nominal,
        varies,
        law: block(&law),
        drive: [("u".to_owned(), "u".to_owned())].into(),
        judge: block(&judge),
        dt: 1e-3,
        shown: STATES.iter().chain(&["u", "sigma"]).map(|name| (*name).to_owned()).collect(),
    };
    (ClosedLoop::new(&parts).unwrap_or_else(|error| panic!("{error:?}")), gains)
}
