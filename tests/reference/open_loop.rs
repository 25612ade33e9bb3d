//! What the pages of the plants show of their open loop: an input that steps where that moves the plant, else the free motion from a start.

use std::fmt::Write;

use gainswarm::model::Model;
use gainswarm::report::plot_over_time;

use super::pages::place;
use crate::support::open_loop::{law, run};

/// A motion of a plant without a controller. What is not named is as the model has it.
pub(super) struct Motion {
    plant: &'static str,
    /// Inputs that have a value from t = 0 on.
    inputs: &'static [(&'static str, f64)],
    /// States that start elsewhere.
    start: &'static [(&'static str, f64)],
    /// How long, in s.
    seconds: f64,
    /// States that are plotted.
    shown: &'static [&'static str],
}

type Named = &'static [(&'static str, f64)];

const fn motion(
    plant: &'static str,
    inputs: Named,
    start: Named,
    seconds: f64,
    shown: &'static [&'static str],
) -> Motion {
    Motion { plant, inputs, start, seconds, shown }
}

/// One for each plant that ships.
const MOTIONS: [Motion; 25] = [
    motion("avr", &[("u", 1.0)], &[], 5.0, &["voltage"]),
    motion("ball_and_beam", &[], &[("position", 0.05)], 2.0, &["position", "angle"]),
    motion("buck_converter", &[("control", 5.0)], &[], 0.1, &["voltage", "current"]),
    motion("cart_pole", &[], &[("theta", 0.1)], 5.0, &["theta", "x"]),
    motion("cart_pole_gymnasium", &[], &[("theta", 0.1)], 5.0, &["theta", "x"]),
    motion("dc_motor", &[("voltage", 1.0)], &[], 20.0, &["omega", "current"]),
    motion("dc_motor_position", &[("voltage", 1.0)], &[], 0.2, &["angle"]),
    motion("double_inverted_pendulum", &[], &[("theta1", 0.1)], 5.0, &["theta1", "theta2", "x"]),
    motion("first_order_plus_dead_time", &[("u", 1.0)], &[], 6.0, &["x"]),
    motion("furuta_pendulum", &[], &[("alpha", 0.1)], 3.0, &["alpha", "arm"]),
    motion("integrating_plus_dead_time", &[("u", 1.0)], &[], 3.0, &["x"]),
    motion("inverted_pendulum", &[], &[("theta", 0.1)], 5.0, &["theta", "x"]),
    motion("inverted_pendulum_coulomb", &[], &[("theta", 0.1)], 5.0, &["theta", "x"]),
    motion("linear_double_inverted_pendulum", &[], &[("theta1", 0.01)], 1.0, &["theta1", "theta2"]),
    motion(
        "magnetic_levitation",
        &[("voltage", 6.264_183_905_346_33)],
        &[("position", 0.051)],
        0.2,
        &["position", "current"],
    ),
    motion("mass_spring_damper", &[("u", 1.0)], &[], 25.0, &["x"]),
    motion("quadrotor_altitude", &[("thrust", 7.0)], &[], 10.0, &["altitude", "altitude_dot"]),
    motion("quadrotor_attitude", &[], &[("p", 0.5), ("q", 0.05)], 5.0, &["roll", "pitch", "yaw"]),
    motion("second_order_plus_dead_time", &[("u", 1.0)], &[], 10.0, &["x"]),
    motion("simplified_double_inverted_pendulum", &[], &[("theta1", 0.1)], 2.0, &["theta1", "theta2"]),
    motion("stirred_tank", &[("coolant", 305.0)], &[], 600.0, &["temperature", "concentration"]),
    motion("two_heaters", &[("heater1", 50.0)], &[], 1200.0, &["rise1", "rise2"]),
    motion("two_link_arm", &[], &[], 3.0, &["q1", "q2"]),
    motion("two_masses", &[("u", 1.0)], &[], 15.0, &["x1", "x2"]),
    motion("two_tanks", &[("voltage", 6.0)], &[], 600.0, &["upper", "lower"]),
];

/// Steps of a simulation, and about how many of them are plotted.
const STEPS: u64 = 10_000;
const PLOTTED: usize = 250;

pub(super) fn of(plant: &str) -> &'static Motion {
    MOTIONS.iter().find(|motion| motion.plant == plant).unwrap_or_else(|| {
        panic!("tests/reference/open_loop.rs says nothing of {plant}: how it moves without a controller")
    })
}

/// The units of states by name, as they are shown.
fn unit<'a>(model: &'a Model, name: &str) -> &'a str {
    let declared = &model.declared;
    let mut all =
        declared.states.iter().map(|of| &of.quantity).chain(declared.inputs.iter().map(|of| &of.quantity));
    let unit = all.find(|of| of.name == name).unwrap_or_else(|| panic!("{name}")).unit_shown();
    if unit == "1" { "" } else { unit }
}

/// A number with the unit of what has it.
fn measured(model: &Model, (name, value): (&str, f64)) -> String {
    format!("`{name}` = {value} {}", unit(model, name)).trim_end().to_owned()
}

impl Motion {
    /// What moves it, in a sentence.
    pub(super) fn told(&self, model: &Model) -> String {
        let list = |of: Named| of.iter().map(|one| measured(model, *one)).collect::<Vec<_>>().join(", ");
        let inputs = match self.inputs {
            [] => "All inputs have their defaults".to_owned(),
            inputs => {
                format!("The input is {} from t = 0 on; other inputs have their defaults", list(inputs))
            }
        };
        let start = match self.start {
            [] => "The states start at the values in the table below".to_owned(),
            start => format!(
                "The simulation starts at {}, and other states at the values in the table below",
                list(start)
            ),
        };
        format!("{inputs}. {start}. Parameters have their defaults, and no failure ends the simulation.")
    }

    /// Plots by the names of states.
    pub(super) fn plots(&self, model: &Model) -> Vec<(String, String)> {
        #[allow(clippy::cast_precision_loss, reason = "a few steps")]
        let dt = self.seconds / STEPS as f64;
        let driven: Vec<(String, String)> =
            self.inputs.iter().map(|(name, _)| ((*name).to_owned(), format!("driven_{name}"))).collect();
        let mut equations = String::new();
        for (name, value) in self.inputs {
            let _ = writeln!(equations, "driven_{name} = {value:?}");
        }
        equations.push_str("idle = 0");
        let connect: Vec<(&str, &str)> = driven.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let states = &model.declared.states;
        let begin = |state: &gainswarm::model::State| {
            let own = self.start.iter().find(|(name, _)| *name == state.quantity.name);
            own.map_or(state.initial, |(_, value)| *value)
        };
        let start: Vec<f64> = states.iter().map(begin).collect();
        let path = place(&format!("models/plants/{}.toml", self.plant));
        let trajectory = run(&path, &law(&equations), &connect, (dt, STEPS), &start, &[]);
        let rows: Vec<&[f64]> = trajectory.rows().collect();
        let stride = rows.len().div_ceil(PLOTTED);
        let plot = |name: &&str| {
            let column = states.iter().position(|state| state.quantity.name == **name).expect("a state");
            let mut points: Vec<(f64, f64)> =
                rows.iter().step_by(stride).map(|row| (row[0], row[1 + column])).collect();
            let last = rows[rows.len() - 1];
            points.push((last[0], last[1 + column]));
            let unit = unit(model, name);
            let label = if unit.is_empty() { (**name).to_owned() } else { format!("{name} in {unit}") };
            let doc = model.declared.doc(name).unwrap_or(name);
            let svg = plot_over_time([self.plant, doc, &label], points).expect("a plot");
            ((**name).to_owned(), svg)
        };
        self.shown.iter().map(plot).collect()
    }
}
