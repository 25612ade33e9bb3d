//! The shipped models, held against independent solutions, conservation laws and published figures.

use std::path::{Path, PathBuf};

use gainswarm::model::{Base, Kind, Model, Quantity};

use crate::support::open_loop::{Step, column, follows, law, numbers, plant, rates, run, slopes};
use crate::support::reference;

fn models() -> Vec<(PathBuf, Kind)> {
    let list = |directory: &str, kind: Kind| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(directory);
        let files = std::fs::read_dir(path).expect("models").map(|file| file.expect("a file").path());
        files.map(|path| (path, kind)).collect::<Vec<_>>()
    };
    [list("plants", Kind::Plant), list("controllers", Kind::Controller)].concat()
}

/// The start of a plant and its inputs, as they are declared.
fn declared(name: &str) -> (Vec<f64>, Vec<f64>) {
    let model = Model::load(&plant(name)).unwrap_or_else(|error| panic!("{error}"));
    let inputs = model.declared.inputs.iter().map(|input| input.default.expect("a default"));
    (model.declared.states.iter().map(|state| state.initial).collect(), inputs.collect())
}

#[test]
fn every_shipped_model_can_be_read_and_says_what_it_is() {
    for (path, kind) in models() {
        let text = std::fs::read_to_string(&path).expect("a model");
        let model = Model::load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(model.kind, kind, "{}", path.display());
        let document: toml::Table = text.parse().expect("TOML");
        for key in ["summary", "source"] {
            assert!(
                document[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key} of {}",
                path.display()
            );
        }
        let declared = &model.declared;
        let states = declared.states.iter().map(|state| &state.quantity);
        let inputs = declared.inputs.iter().map(|input| &input.quantity);
        let parameters = declared.parameters.iter().map(|parameter| &parameter.quantity);
        for Quantity { name, doc, .. } in states.chain(inputs).chain(parameters).chain(&declared.outputs) {
            assert!(!doc.is_empty(), "{} says nothing of `{name}`", path.display());
            let is_reserved = ["type", "file", "name", "kind", "equations"].contains(&name.as_str());
            assert!(!is_reserved && !name.contains("__"), "`{name}` of {}", path.display());
        }
        for parameter in &declared.parameters {
            let [low, high] = parameter.range;
            let name = &parameter.quantity.name;
            assert!(low > f64::MIN && high < f64::MAX, "`{name}` of {} has no range", path.display());
        }
    }
}

#[test]
fn the_motor_turns_as_its_transfer_function_says() {
    // A volt on 0.015/(0.00108 s² + 0.0061 s + 0.00163), the plant of benchmark problems of PID tuning.
    let (a, b, c) = (0.00108_f64, 0.0061, 0.00163);
    let root = (b * b - 4.0 * a * c).sqrt();
    let (p, q) = ((b - root) / (2.0 * a), (b + root) / (2.0 * a));
    let run = run(&plant("dc_motor"), &law("v = 1"), &[("voltage", "v")], (1e-3, 5000), &[0.0, 0.0], &[]);
    for row in run.rows() {
        let t = row[0];
        let expected = 0.015 / c * (1.0 - (q * (-p * t).exp() - p * (-q * t).exp()) / (q - p));
        assert!((row[1] - expected).abs() < 1e-11, "{} instead of {expected} at {t} s", row[1]);
    }
}

#[test]
fn the_motor_under_a_load_moves_as_the_matrix_exponential_says() {
    let law = law("v = 12\ntorque = 0.02");
    let connect = [("voltage", "v"), ("load", "torque")];
    let run = run(&plant("dc_motor"), &law, &connect, (1e-3, 2000), &[10.0, 0.5], &[]);
    follows(&run, "dc_motor", 1e-3, 1e-10);
}

#[test]
fn a_turn_of_the_motor_a_second_is_sixty_a_minute() {
    let states = [std::f64::consts::TAU, 0.0];
    let speed =
        numbers("dc_motor", &[], &states, &[0.0, 0.0], |_, lowered, _| vec![lowered.values["speed_rpm"]]);
    assert!((speed[0] - 60.0).abs() < 1e-12, "{speed:?}");
}

#[test]
fn a_mass_on_a_spring_swings_as_the_closed_form_says() {
    // 2 x'' + 0.8 x' + 50 x = 10 from x = 0.1, x' = −0.3.
    let (m, d, k, force) = (2.0_f64, 0.8, 50.0, 10.0);
    let parameters = [("mass", m), ("damping", d), ("stiffness", k)];
    let law = law(&format!("f = {force}"));
    let run = run(&plant("mass_spring_damper"), &law, &[("u", "f")], (1e-3, 5000), &[0.1, -0.3], &parameters);
    let decay = d / (2.0 * m);
    let turn = (k / m - decay * decay).sqrt();
    let (from, rate) = (0.1 - force / k, -0.3);
    for row in run.rows() {
        let t = row[0];
        let swing = from * (turn * t).cos() + (rate + decay * from) / turn * (turn * t).sin();
        let expected = force / k + (-decay * t).exp() * swing;
        assert!((row[1] - expected).abs() < 1e-11, "{} instead of {expected} at {t} s", row[1]);
    }
}

#[test]
fn two_masses_and_a_spring_move_as_their_modes_do() {
    // Their centre falls freely under the force; their distance swings with ω² = k (1/m1 + 1/m2) about force/(m1 ω²).
    let (m1, m2, k, force) = (2.0_f64, 0.5, 30.0, 4.0);
    let parameters = [("mass1", m1), ("mass2", m2), ("stiffness", k)];
    let law = law(&format!("f = {force}"));
    let start = [0.2, -0.1, 0.3, 0.4];
    let found = run(&plant("two_masses"), &law, &[("u", "f")], (1e-3, 5000), &start, &parameters);
    let natural = (k * (1.0 / m1 + 1.0 / m2)).sqrt();
    let middle = force / m1 / natural.powi(2);
    let [x1, x2, v1, v2] = start;
    let (centre, drift) = ((m1 * x1 + m2 * x2) / (m1 + m2), (m1 * v1 + m2 * v2) / (m1 + m2));
    for row in found.rows() {
        let t = row[0];
        let apart =
            (x1 - x2 - middle) * (natural * t).cos() + (v1 - v2) / natural * (natural * t).sin() + middle;
        let centre = centre + drift * t + force / (m1 + m2) * t * t / 2.0;
        let expected = [centre + m2 / (m1 + m2) * apart, centre - m1 / (m1 + m2) * apart];
        for (place, expected) in expected.into_iter().enumerate() {
            let found = row[1 + place];
            assert!((found - expected).abs() < 1e-9, "{found} instead of {expected} at {t} s");
        }
    }
}

#[test]
fn the_voltage_regulator_moves_as_the_matrix_exponential_says() {
    let law = law("control = 1 - sensor");
    let run = run(&plant("avr"), &law, &[("u", "control")], (1e-3, 4000), &[0.0; 4], &[]);
    // The sensor's pole of 100 1/s gives RK4 an error of (0.1)⁵/120 a step, forgotten within ten.
    follows(&run, "avr", 1e-3, 1e-8);
}

#[test]
fn the_voltage_regulator_without_a_controller_overshoots_as_published() {
    // Gaing 2004: 65.72 % overshoot, 0.2607 s of rise, 6.986 s to settle; sampled every 0.1 ms here.
    let law = law("control = 1 - sensor");
    let run = run(&plant("avr"), &law, &[("u", "control")], (1e-4, 100_000), &[0.0; 4], &[]);
    let voltage = column(&run, 3);
    let step = Step::of(&voltage, 1e-4, 10.0 / 11.0);
    assert!((step.overshoot - 65.72).abs() < 0.05, "{step:?}");
    assert!((step.rise - 0.2607).abs() < 0.0003, "{step:?}");
    assert!((step.settling - 6.986).abs() < 0.01, "{step:?}");
}

const BODY: [(&str, f64); 3] = [("Ix", 0.0075), ("Iy", 0.008), ("Iz", 0.013)];

#[test]
fn a_quadrotor_turns_as_its_quaternion_does() {
    let law = law("l = 0.004\nm = -0.003\nn = 0.002");
    let connect = [("roll_torque", "l"), ("pitch_torque", "m"), ("yaw_torque", "n")];
    let start = [0.1, -0.2, 0.3, 0.5, -0.4, 0.2];
    let run = run(&plant("quadrotor_attitude"), &law, &connect, (1e-3, 1000), &start, &BODY);
    follows(&run, "quadrotor_attitude", 1e-3, 1e-10);
}

#[test]
fn a_quadrotor_without_torques_keeps_its_angular_momentum_in_space() {
    let start = [0.4, 0.3, -0.2, 1.0, -0.7, 0.5];
    let run = run(&plant("quadrotor_attitude"), &law("none = 0"), &[], (1e-3, 2000), &start, &BODY);
    let momentum = |row: &[f64]| {
        let [(sr, cr), (sp, cp), (sy, cy)] = [row[1], row[2], row[3]].map(f64::sin_cos);
        let [h, k, l] = [row[4] * BODY[0].1, row[5] * BODY[1].1, row[6] * BODY[2].1];
        // Rotated by roll, then pitch, then yaw.
        let (k, l) = (cr * k - sr * l, sr * k + cr * l);
        let (h, l) = (cp * h + sp * l, cp * l - sp * h);
        [cy * h - sy * k, sy * h + cy * k, l]
    };
    let mut rows = run.rows();
    let first = momentum(rows.next().expect("a row"));
    for row in rows {
        for (now, then) in momentum(row).iter().zip(first) {
            assert!((now - then).abs() < 1e-14, "{now} instead of {then} at {} s", row[0]);
        }
    }
}

#[test]
fn a_ball_on_a_beam_rolls_as_hamiltons_equations_say() {
    let law = law("t1 = 0.05*9.81*position + 2*position + 2*position' - 6*angle - 1.2*angle'");
    let start = [0.3, 0.1, -0.2, 0.4];
    let run = run(&plant("ball_and_beam"), &law, &[("torque", "t1")], (1e-3, 2000), &start, &[]);
    follows(&run, "ball_and_beam", 1e-3, 1e-10);
}

#[test]
fn a_levitated_ball_moves_as_its_flux_linkage_says() {
    let equations =
        "i0 = 6.26418390534633\nv = i0 + 2000*(position - 0.05) + 120*position' - 10*(current - i0)";
    let start = [0.055, 6.5, 0.1];
    let run =
        run(&plant("magnetic_levitation"), &law(equations), &[("voltage", "v")], (1e-3, 1000), &start, &[]);
    // The coil forgets in 25 ms: RK4 errs by (1/25)⁵/120 a step.
    follows(&run, "magnetic_levitation", 1e-3, 1e-8);
    // A resistance of 1 ohm.
    let (rest, _) = declared("magnetic_levitation");
    let rates = rates("magnetic_levitation", &[], &rest, &[rest[1]]);
    assert!(rates.iter().all(|rate| rate.abs() < 1e-12), "it starts at rest: {rates:?}");
}

#[test]
fn two_tanks_fill_as_they_do_in_centimetres() {
    let law = law("v = 4\nleak = -2e-6");
    let connect = [("voltage", "v"), ("disturbance", "leak")];
    let run = run(&plant("two_tanks"), &law, &connect, (0.1, 2000), &[0.02, 0.15], &[]);
    follows(&run, "two_tanks", 0.1, 1e-10);
}

#[test]
fn a_tank_empties_by_torricellis_law() {
    // The root of the level falls at a constant rate; the pump does not run backwards.
    let run = run(&plant("two_tanks"), &law("v = -5"), &[("voltage", "v")], (0.05, 1000), &[0.1, 0.0], &[]);
    for row in run.rows() {
        let root = 0.1_f64.sqrt() - 0.071 / 28.0 * (9.81_f64 / 2.0).sqrt() * row[0];
        assert!(root > 0.0, "the tank is not yet empty");
        assert!(
            (row[1] - root * root).abs() < 1e-12,
            "{} instead of {} at {} s",
            row[1],
            root * root,
            row[0]
        );
    }
}

#[test]
fn a_stirred_tank_ignites_as_it_does_in_si_units() {
    let run = run(
        &plant("stirred_tank"),
        &law("tc = 305"),
        &[("coolant", "tc")],
        (0.05, 12_000),
        &[0.5, 350.0],
        &[],
    );
    follows(&run, "stirred_tank", 0.05, 1e-8);
    // The published equilibrium, whose rate constant is that of 350 K: 0.99993 1/min.
    let (rest, inputs) = declared("stirred_tank");
    assert_eq!(rest, [0.5, 350.0]);
    let rates = rates("stirred_tank", &[], &rest, &inputs);
    assert!(rates[0].abs() < 1e-6 && rates[1].abs() < 2e-4, "{rates:?}");
}

#[test]
fn an_inverted_pendulum_is_that_of_the_control_tutorials() {
    // A and B as published, to six digits: x, theta, x', theta'.
    for (by, expected) in [
        (Base::State(0), [0.0, 0.0, 0.0, 0.0]),
        (Base::State(1), [0.0, 0.0, 2.672_727, 31.181_818]),
        (Base::State(2), [1.0, 0.0, -0.181_818, -0.454_545]),
        (Base::State(3), [0.0, 1.0, 0.0, 0.0]),
        (Base::Input(0), [0.0, 0.0, 1.818_182, 4.545_455]),
    ] {
        let found = slopes("inverted_pendulum", &[], &[0.0; 4], &[0.0], by);
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} instead of {expected} by {by:?}");
        }
    }
}

#[test]
fn an_inverted_pendulum_moves_as_the_forces_in_its_joint_say() {
    let law = law("f = 70.7107*x + 37.8345*x' - 105.5298*theta - 20.9238*theta'");
    let start = [0.1, 0.3, 0.0, -0.5];
    let friction = [("joint_friction", 0.02)];
    let run = run(&plant("inverted_pendulum"), &law, &[("u", "f")], (1e-3, 2000), &start, &friction);
    follows(&run, "inverted_pendulum", 1e-3, 1e-9);
}

#[test]
fn the_cart_and_pole_of_gymnasium_takes_gymnasiums_step() {
    let rows = reference("plants/cart_pole_gymnasium.csv");
    assert_eq!(rows.len(), 100);
    for row in rows {
        let [x, x_dot, theta, theta_dot, force] = [0, 1, 2, 3, 4].map(|place| row[place]);
        let rates = rates("cart_pole_gymnasium", &[], &[x, theta, x_dot, theta_dot], &[force]);
        for (place, state, expected) in
            [(0, x, row[5]), (2, x_dot, row[6]), (1, theta, row[7]), (3, theta_dot, row[8])]
        {
            let found = state + 0.02 * rates[place];
            assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
        }
    }
}

#[test]
fn a_lag_with_dead_time_answers_as_the_closed_form_says() {
    // 3 e^(−0.5 s)/(1 + 2 s) on a step of 2, with a load of 0.4 from x = 1; nothing comes out of the dead time before its end.
    let parameters = [("gain", 3.0), ("time_constant", 2.0), ("dead_time", 0.5)];
    let law = law("step = 2\nside = 0.4");
    let connect = [("u", "step"), ("load", "side")];
    let run = run(&plant("first_order_plus_dead_time"), &law, &connect, (0.01, 1000), &[1.0], &parameters);
    for row in run.rows() {
        let answered = (row[0] - 0.5).max(0.0);
        let expected = 0.4 + 0.6 * (-row[0] / 2.0).exp() + 6.0 * (1.0 - (-answered / 2.0).exp());
        assert!((row[1] - expected).abs() < 1e-10, "{} instead of {expected} at {} s", row[1], row[0]);
    }
}
