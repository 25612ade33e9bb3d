//! The shipped models, held against independent solutions, conservation laws and published figures.

use std::path::{Path, PathBuf};

use gainswarm::model::{Base, Kind, Model, Quantity};

use crate::support::open_loop::{Step, column, follows, law, numbers, plant, rates, run, slopes};

mod mechanisms;

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

/// A step response of τ² x'' + 2 ζ τ x' + x = 1 from rest.
fn second_order(t: f64, tau: f64, zeta: f64) -> f64 {
    let (t, decay) = (t.max(0.0) / tau, (zeta * zeta - 1.0).abs().sqrt());
    let swing = if zeta < 1.0 {
        (decay * t).cos() + zeta / decay * (decay * t).sin()
    } else {
        (decay * t).cosh() + zeta / decay * (decay * t).sinh()
    };
    1.0 - (-zeta * t).exp() * swing
}

#[test]
fn a_second_order_with_dead_time_answers_as_the_closed_form_says() {
    // A step of 2 behind a dead time of 0.3 s, a load of −0.5 without one; swinging and damped.
    for zeta in [0.2, 3.0] {
        let parameters = [("gain", 1.5), ("time_constant", 0.8), ("damping", zeta), ("dead_time", 0.3)];
        let law = law("step = 2\nside = -0.5");
        let connect = [("u", "step"), ("load", "side")];
        let plant = plant("second_order_plus_dead_time");
        let run = run(&plant, &law, &connect, (0.01, 1000), &[0.0, 0.0], &parameters);
        for row in run.rows() {
            let answered = 3.0 * second_order(row[0] - 0.3, 0.8, zeta);
            let expected = answered - 0.5 * second_order(row[0], 0.8, zeta);
            assert!((row[1] - expected).abs() < 1e-8, "{} instead of {expected} at {} s", row[1], row[0]);
        }
    }
}

#[test]
fn a_second_order_overshoots_as_its_damping_says() {
    // Seborg, Edgar & Mellichamp, section 5.4: exp(−π ζ/√(1 − ζ²)), at π τ/√(1 − ζ²) behind the dead time.
    for zeta in [0.2_f64, 0.5, 0.8] {
        let parameters = [("damping", zeta), ("dead_time", 0.5)];
        let plant = plant("second_order_plus_dead_time");
        let run = run(&plant, &law("step = 1"), &[("u", "step")], (1e-3, 8000), &[0.0, 0.0], &parameters);
        let highest = run.rows().max_by(|a, b| a[1].total_cmp(&b[1])).expect("rows");
        let turn = (1.0 - zeta * zeta).sqrt();
        let expected = 1.0 + (-std::f64::consts::PI * zeta / turn).exp();
        assert!((highest[1] - expected).abs() < 1e-6, "{} instead of {expected}", highest[1]);
        assert!((highest[0] - 0.5 - std::f64::consts::PI / turn).abs() < 1e-3, "at {} s", highest[0]);
    }
}

#[test]
fn an_integrator_with_dead_time_is_a_ramp() {
    let parameters = [("gain", -0.4), ("dead_time", 0.3)];
    let law = law("step = 2\nside = 0.1");
    let connect = [("u", "step"), ("load", "side")];
    let run = run(&plant("integrating_plus_dead_time"), &law, &connect, (0.01, 500), &[1.0], &parameters);
    for row in run.rows() {
        let expected = 1.0 + 0.1 * row[0] - 0.8 * (row[0] - 0.3).max(0.0);
        assert!((row[1] - expected).abs() < 1e-12, "{} instead of {expected} at {} s", row[1], row[0]);
    }
}

#[test]
fn an_integrator_with_dead_time_swings_at_its_ultimate_gain() {
    // Skogestad 2003: Ku = (π/2)/(k θ), Pu = 4 θ. The law is sampled: half a period of 1 ms is dead time too.
    let (gain, dead_time, dt) = (0.4, 0.5, 1e-3);
    let ultimate = std::f64::consts::FRAC_PI_2 / (gain * (dead_time + dt / 2.0));
    let parameters = [("gain", gain), ("dead_time", dead_time)];
    let peaks = |share: f64| {
        let law = law(&format!("push = {:?}*(0 - x)", share * ultimate));
        let plant = plant("integrating_plus_dead_time");
        let run = run(&plant, &law, &[("u", "push")], (dt, 40_000), &[1.0], &parameters);
        let x = column(&run, 1);
        let is_peak = |at: &usize| x[*at - 1] < x[*at] && x[*at] >= x[*at + 1];
        (1..x.len() - 1).filter(is_peak).map(|at| (at, x[at])).collect::<Vec<_>>()
    };
    let found = peaks(1.0);
    let [(second, before), .., (last, after)] = found[1..] else { panic!("{found:?}") };
    assert!((after / before - 1.0).abs() < 1e-3, "{found:?}");
    #[allow(clippy::cast_precision_loss, reason = "few samples")]
    let period = (last - second) as f64 * dt / (found.len() - 2) as f64;
    assert!((period - 4.0 * (dead_time + dt / 2.0)).abs() < 1e-3, "{period}");
    for (share, is_growing) in [(0.98, false), (1.02, true)] {
        let found = peaks(share);
        assert_eq!(found[found.len() - 1].1 > found[1].1, is_growing, "{share}: {found:?}");
    }
}

const BUCK_LAW: &str = "v = 5 - 0.1*(voltage - 20) - 0.2*(current - 2)\namps = 0.5";

#[test]
fn an_averaged_buck_converter_moves_as_the_matrix_exponential_says_and_as_its_switch_makes_it() {
    let connect = [("control", "v"), ("load", "amps")];
    let start = [10.0, 3.0];
    let run = run(&plant("buck_converter"), &law(BUCK_LAW), &connect, (2.5e-4, 400), &start, &[]);
    // RK4 errs by (0.05)⁵/120 a step.
    follows(&run, "buck_converter", 2.5e-4, 5e-7);
    // 20 kHz.
    follows(&run, "buck_converter_switched", 2.5e-4, 2e-5);
}

#[test]
fn a_buck_converter_has_its_published_resonance() {
    // Erickson & Maksimović (2001), section 9.5.4: 28 V, 50 µH, 500 µF, 3 Ω, ramp of 4 V: Gd0 = 28 V, f0 = 1 kHz, Q0 = 9.5.
    let parameters = [("supply", 28.0), ("ramp", 4.0), ("L", 50e-6), ("C", 500e-6), ("R_L", 0.0), ("R", 3.0)];
    let by = |base| slopes("buck_converter", &parameters, &[15.0, 5.0], &[2.1, 0.0], base);
    let (a, b, u) = (by(Base::State(0)), by(Base::State(1)), by(Base::Input(0)));
    let (determinant, trace) = (a[0] * b[1] - a[1] * b[0], a[0] + b[1]);
    let natural = determinant.sqrt();
    assert!((natural / std::f64::consts::TAU - 1000.0).abs() < 10.0, "{natural}");
    assert!((natural / -trace - 9.5).abs() < 0.05, "{}", natural / -trace);
    // At rest, of the voltage by the duty cycle.
    let gain = 4.0 * (b[0] * u[1] - b[1] * u[0]) / determinant;
    assert!((gain - 28.0).abs() < 1e-9, "{gain}");
}

#[test]
fn two_heaters_warm_as_their_heat_content_says() {
    let law = law("p1 = 80\np2 = 20");
    let connect = [("heater1", "p1"), ("heater2", "p2")];
    let run = run(&plant("two_heaters"), &law, &connect, (0.5, 1200), &[13.85, 0.0], &[]);
    follows(&run, "two_heaters", 0.5, 1e-9);
}

#[test]
fn a_heater_without_radiation_warms_by_newtons_law_of_cooling() {
    // No more than 100 % of 1 W onto 10 mW/K and 2 J/K, without a neighbour.
    let parameters = [("emissivity", 0.0), ("area_between", 0.0)];
    let law = law("p1 = 150");
    let run = run(&plant("two_heaters"), &law, &[("heater1", "p1")], (0.5, 1000), &[0.0; 2], &parameters);
    for row in run.rows() {
        let expected = 100.0 * (1.0 - (-row[0] / 200.0).exp());
        assert!((row[1] - expected).abs() < 1e-9, "{} instead of {expected} at {} s", row[1], row[0]);
    }
}

#[test]
fn a_motor_turns_to_an_angle_as_one_with_its_small_inductance_does() {
    let law = law("v = 6\ntorque = 0.002");
    let connect = [("voltage", "v"), ("load", "torque")];
    let run = run(&plant("dc_motor_position"), &law, &connect, (1e-3, 500), &[0.1, 2.0], &[]);
    // What the inductance delays: 0.7 µs, relative to numbers above 1.
    follows(&run, "dc_motor_position", 1e-3, 1e-4);
    // The pole of the Control Tutorials, −59.226 1/s with the inductance.
    let pole = slopes("dc_motor_position", &[], &[0.0; 2], &[0.0; 2], Base::State(1))[1];
    assert!((pole + 59.226).abs() < 0.005, "{pole}");
}
