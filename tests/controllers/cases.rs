//! Laws with random gains, and what the engine makes of random inputs.

use std::sync::{Arc, OnceLock};

use gainswarm::config::{Config, names_of};
use gainswarm::model::Kind;
use gainswarm::parameter::Parameter;
use gainswarm::problem::law_runner;
use gainswarm::simulation::{Conditions, Scenario, SimdLevel, Simulator};

use crate::programs::Random;
use crate::support::study;

/// Control periods of each law as it stands, and of its other choices.
const PERIODS: [usize; 2] = [10_000, 1000];

/// A law with gains, and what it gives.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) values: Vec<f64>,
    /// How many values it measures.
    pub(super) measured: usize,
    /// A row a period.
    pub(super) inputs: Vec<f64>,
    pub(super) outputs: Vec<&'static str>,
    /// By the engine, a row a period.
    pub(super) expected: Vec<f64>,
}

/// Two tanks in a row, as far as a law can see.
const PLANT: &str = "[plant]\nequations = \"a' = u - a; b' = a - b\"\n[plant.states]\na = {}\nb = {}\n[plant.inputs]\nu = { default = 0.0 }\n";
const REST: &str =
    "[simulation]\ndt = 0.01\nduration = 1.0\n[cost.control_effort]\nweight = 1.0\n[[scenarios]]\n";
const REFERENCE: &str = "signals = { reference = 1.0 }\n";

/// The studies in which a law stands, each with what is said of it.
fn studies(law: &str) -> Vec<String> {
    let own = |said: &str, connect: &str, rest: &str| {
        format!("{PLANT}[controller]\ntype = \"{law}\"\n{said}\n[connect]\n{connect}\n{REST}{rest}")
    };
    let single = |said: &str| own(said, "measurement = \"b\"", REFERENCE);
    let on = |plant: &str, said: &str, rest: &str| {
        format!("[plant]\ntype = \"{plant}\"\n[controller]\ntype = \"{law}\"\n{said}\n{REST}{rest}")
    };
    match law {
        "adaptive" | "classical" | "hybrid_adaptive_super_twisting" | "super_twisting" => vec![
            on("double_inverted_pendulum", "", "initial_state = [0.0, 0.1, 0.0, 0.0, 0.0, 0.0]\n"),
            on(
                "cart_pole",
                "surface = \"absolute\"\nsaturation = \"tanh\"\nequivalent_control = true",
                "initial_state = [0.0, 0.1, 0.0, 0.0]\n",
            ),
            on(
                "double_inverted_pendulum",
                "saturation = \"linear\"\nequivalent_control = false",
                "initial_state = [0.0, 0.1, 0.0, 0.0, 0.0, 0.0]\n",
            ),
        ],
        "attitude_pd" => {
            vec![on(
                "quadrotor_attitude",
                "",
                "signals = { roll_reference = 0.1, pitch_reference = 0.2, yaw_reference = 0.3 }\n",
            )]
        }
        "joint_pd" => vec![on("two_link_arm", "", "signals = { q1_reference = 0.1, q2_reference = 0.2 }\n")],
        "swing_up" => vec![on("cart_pole", "", "initial_state = [0.0, 0.1, 0.0, 0.0]\n")],
        "cascade" => vec![own("", "measurement = \"b\"\ninner_measurement = \"a\"", REFERENCE)],
        "lqr" | "state_feedback" => vec![own("", "x1 = \"b\"\nx2 = \"a\"", REFERENCE)],
        "pid" | "pid_ideal" | "pid_series" => vec![
            single(""),
            single("limited = \"size_and_rate\"\nintegration = \"conditional_integration\"\nu_min = \"0\""),
            single("integration = \"none\""),
        ],
        "smith_predictor" => vec![single("model_dead_time = \"0.37\"")],
        _ => vec![single("")],
    }
}

/// Everything that an expression may have.
const OF_ALL: &str = r#"
[plant]
equations = "a' = u - a; b' = a - b; sum = 3*a + b"
[plant.states]
a = {}
b = {}
[plant.inputs]
u = { default = 0.0 }
[plant.outputs]
sum = {}
[controller]
name = "everything"
equations = """
x  = measurement + dt*t
y  = reference
o1 = sin(x) + cos(y)
o2 = tan(0.4*x)
o3 = asin(sat(x)) + acos(sat(y))
o4 = atan2(x, y) + atan(p*x)
o5 = sinh(x) + cosh(9*y)
o6 = tanh(x) - exp(3*y)
o7 = log(abs(x)) + log10(abs(y) + 1e-3)
o8 = cbrt(x) + hypot(x, y)
o9 = abs(x)^p + x^3 - y^0.5 + y^(floor(x))
p1 = mod(x, 0.7) + floor(3*y) + round(2.5*x)
p2 = sign(x) + deadzone(y, 0.3) + max(x, y) - min(x, p)
p3 = delay(x, 0.05) + delay(y, 0.013) + delay(delay(x, 0.02), 0.1)
p4 = table(curve, x)
p5 = if x > y and not (x > 1) or y == 2 then (if x < -1 then 1 else x) else counter
p6 = (x > y) and (x < 2)
p7 = sin(x + 0.01*y)/y + p/x
p8 = lambda + class + in + double + self
u  = o1 + Kp*o2
counter+ = if counter > 6 then 0 else counter + 1
older+   = old
old+     = x
lambda'  = y - lambda
"""
[controller.inputs]
measurement = {}
reference = {}
[controller.gains]
Kp = { default = 1.0, range = [0.1, 3.0], search = [0.1, 3.0] }
KP = { default = 1.0, range = [0.1, 3.0] }
p = { default = 1.0, range = [0.5, 4.0] }
class = { default = 1.0, range = [0.5, 4.0] }
in = { default = 1.0, range = [0.5, 4.0] }
double = { default = 1.0, range = [0.5, 4.0] }
self = { default = 1.0, range = [0.5, 4.0] }
[controller.states]
counter = {}
old = {}
older = {}
lambda = {}
[controller.tables]
curve = { x = [-1.0, 0.0, 0.5, 2.0], y = [0.0, 1.0, -1.0, 4.0] }
[controller.outputs]
u = {}
o1 = {}
o2 = {}
o3 = {}
o4 = {}
o5 = {}
o6 = {}
o7 = {}
o8 = {}
o9 = {}
p1 = {}
p2 = {}
p3 = {}
p4 = {}
p5 = {}
p6 = {}
p7 = {}
p8 = {}
older = {}
KP = {}
[connect]
measurement = "sum"
"#;

/// A number of a parameter: within where it is searched, or about where it is by default, within its range.
fn drawn(parameter: &Parameter, random: &mut Random) -> f64 {
    let share = 0.5 + 0.25 * random.number();
    if !parameter.choices.is_empty() {
        return parameter.default;
    }
    let [low, high] = parameter.search.unwrap_or([0.1 * parameter.default, 3.0 * parameter.default]);
    let (low, high) = (low.clamp(parameter.min, parameter.max), high.clamp(parameter.min, parameter.max));
    low + share * (high - low)
}

/// An input: most are small, some large, some 0.
fn input(random: &mut Random) -> f64 {
    match random.below(20) {
        0 => 0.0,
        1 => 20.0 * random.number(),
        _ => random.number() + 1e-6 * random.number(),
    }
}

fn case(name: String, text: &str, periods: usize, random: &mut Random) -> Case {
    let config = study(&format!("study = \"{name}\"\n{text}"));
    let values: Vec<f64> =
        config.controller.parameters().iter().map(|parameter| drawn(parameter, random)).collect();
    let (runner, measured) = law_runner(&config, &values, periods as u64).expect("a law by itself");
    let inputs: Vec<f64> = (0..periods * measured.len()).map(|_| input(random)).collect();
    let piece = |place: usize| -> Arc<[(u64, f64)]> {
        let rows = inputs.chunks_exact(measured.len()).enumerate();
        rows.map(|(period, row)| (period as u64, row[place])).collect()
    };
    let signals = (0..measured.len()).map(piece).collect();
    let scenario =
        Scenario { conditions: Conditions { signals, ..Conditions::default() }, ..Scenario::default() };
    let (_, trajectory) =
        runner.record(SimdLevel::widest(), &values, &scenario, 1).expect("memory for a trajectory");
    let rows = trajectory.rows().take(periods);
    let expected: Vec<f64> = rows.flat_map(|row| row[1..].to_vec()).collect();
    let outputs: Vec<&'static str> =
        config.law_outputs().into_iter().map(|name| &*String::leak(name.to_owned())).collect();
    assert_eq!(expected.len(), periods * outputs.len(), "{name}");
    // What always gives the same proves nothing.
    let differs = |output: usize| {
        let mut column = expected.iter().skip(output).step_by(outputs.len());
        let first = column.next();
        column.any(|value| Some(value) != first)
    };
    assert!(differs(0), "{name} gives {:?} alone", expected[0]);
    Case { name, config, values, measured: measured.len(), inputs, outputs, expected }
}

/// Every law that ships, and one with all that there is.
pub(super) fn every_case() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut random = Random(0x0bad_cafe_1dea_5eed);
        let mut cases = Vec::new();
        for law in names_of(Kind::Controller) {
            for (place, text) in studies(law).iter().enumerate() {
                cases.push(case(format!("{law}_{place}"), text, PERIODS[place.min(1)], &mut random));
            }
        }
        let everything = format!("{OF_ALL}{REST}{REFERENCE}");
        cases.push(case("everything".into(), &everything, PERIODS[1], &mut random));
        cases
    })
}
