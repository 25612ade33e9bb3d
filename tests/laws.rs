//! The shipped laws on shipped plants, held against theory, a textbook's program and published figures.

use crate::support::open_loop::{Step, column, follows, plant, run, towards};

/// A set of PID gains on the motor, the derivative a plain difference.
fn motor_step(gains: [f64; 3], dt: f64, steps: u64) -> Vec<f64> {
    let parameters = [("Kp", gains[0]), ("Ki", gains[1]), ("Kd", gains[2]), ("N", 1e12)];
    let connect = [("voltage", "u"), ("measurement", "omega")];
    let pid = towards(1.0, "pid");
    column(&run(&plant("dc_motor"), &pid, &connect, (dt, steps), &[0.0, 0.0], &parameters), 1)
}

#[test]
fn the_best_pid_of_the_motor_makes_it_a_first_order_lag() {
    // The zeros cancel the poles: 1/(1 + τ s) with τ = 0.0203333 s; a sampled law comes near it with the first order of dt.
    let tau = 0.020_333_3;
    let worst = |dt: f64, steps: u64| {
        let values = motor_step([20.0, 5.344_262, 3.540_984], dt, steps);
        let mut time = -dt;
        let mut worst = 0.0_f64;
        for value in values {
            time += dt;
            worst = worst.max((value - (1.0 - (-time / tau).exp())).abs());
        }
        worst
    };
    let (rough, fine) = (worst(2e-4, 1000), worst(1e-4, 2000));
    assert!(fine < 0.005, "{fine}");
    assert!((rough / fine - 2.0).abs() < 0.1, "{rough} and {fine}");
}

#[test]
fn published_pid_gains_of_the_motor_give_their_published_step_responses() {
    // Table 2 of doi:10.1038/s41598-025-24760-8, recomputed: settling and rise in s, overshoot in %.
    for (gains, settling, rise, overshoot) in [
        ([17.895, 8.389, 1.561], 0.3354, 0.0690, 8.158),
        ([11.283, 0.178, 0.326], 0.6588, 0.1070, 25.794),
        ([15.316, 7.578, 2.024], 0.2870, 0.0676, 2.863),
        ([16.602, 1.393, 1.04], 0.3248, 0.0790, 12.948),
        ([17.151, 0.347, 2.11], 0.2212, 0.0636, 2.699),
    ] {
        let step = Step::of(&motor_step(gains, 1e-4, 20_000), 1e-4, 1.0);
        assert!((step.overshoot - overshoot).abs() < 0.2, "{gains:?}: {step:?}");
        assert!((step.rise - rise).abs() < 0.0005, "{gains:?}: {step:?}");
        assert!((step.settling - settling).abs() < 0.002, "{gains:?}: {step:?}");
    }
}

#[test]
fn a_limited_pid_with_weights_is_the_textbooks_program() {
    let gains = [
        ("Kp", 8.0),
        ("Ki", 30.0),
        ("Kd", 0.5),
        ("N", 200.0),
        ("b", 0.7),
        ("c", 0.3),
        ("u_max", 24.0),
        ("Tt", 0.2),
    ];
    let connect = [("voltage", "u"), ("measurement", "omega")];
    let run = run(&plant("dc_motor"), &towards(5.0, "pid"), &connect, (1e-3, 2000), &[0.0, 0.0], &gains);
    assert!(column(&run, 3).iter().filter(|u| **u >= 24.0).count() > 10, "the limit is felt");
    follows(&run, "pid", 1e-3, 1e-9);
}

#[test]
fn on_off_control_switches_at_the_edges_of_its_band() {
    let gains = [("high", 6.0), ("low", 0.0), ("hysteresis", 0.01)];
    let connect = [("voltage", "u"), ("measurement", "upper")];
    let run = run(&plant("two_tanks"), &towards(0.1, "on_off"), &connect, (0.1, 3000), &[0.0, 0.0], &gains);
    let rows: Vec<&[f64]> = run.rows().collect();
    let mut switches = 0;
    for pair in rows.windows(2) {
        let (before, now) = (pair[0][3], pair[1][3]);
        let error = 0.1 - pair[1][1];
        let expected = if error > 0.01 {
            6.0
        } else if error < -0.01 {
            0.0
        } else {
            before
        };
        assert!((now - expected).abs() < 1e-15, "{now} at an error of {error}");
        switches += u32::from((now - before).abs() > 1.0);
    }
    assert!(switches > 5, "{switches}");
}

#[test]
fn the_attitude_of_a_quadrotor_is_three_damped_oscillators() {
    // About one axis, I θ'' = Kp (r − θ) − Kd θ': with the shipped gains ωn = 10 rad/s and ζ = 0.7 of roll and pitch.
    let torques = ["roll_torque", "pitch_torque", "yaw_torque"].map(|name| (name, name));
    let law = std::fs::read_to_string("models/controllers/attitude_pd.toml").expect("a law");
    let reference = "roll_reference  = { unit = \"rad\", default = 0.0";
    assert!(law.contains(reference), "roll has a reference");
    let law = law.replace(reference, &reference.replace("0.0", "0.3"));
    let worst = |dt: f64, steps: u64| {
        let found = run(&plant("quadrotor_attitude"), &law, &torques, (dt, steps), &[0.0; 6], &[]);
        let (natural, damping) = (10.0_f64, 0.7_f64);
        let damped = natural * (1.0 - damping * damping).sqrt();
        let far = found.rows().map(|row| {
            let t = row[0];
            let swing = (damped * t).cos() + damping * natural / damped * (damped * t).sin();
            assert!(row[2] == 0.0 && row[3] == 0.0, "pitch and yaw stay: {row:?}");
            (row[1] - 0.3 * (1.0 - (-damping * natural * t).exp() * swing)).abs()
        });
        far.fold(0.0, f64::max)
    };
    // Sampled, it comes near with the first order of dt.
    let (rough, fine) = (worst(2e-4, 5_000), worst(1e-4, 10_000));
    assert!(fine < 1e-4, "{fine}");
    assert!((rough / fine - 2.0).abs() < 0.1, "{rough} and {fine}");
}

#[test]
fn the_voltage_regulator_under_gaings_gains_answers_as_published() {
    // Gaing 2004, β = 1, recomputed: 1.1602 % overshoot, 0.2719 s of rise.
    let gains = [("Kp", 0.6570), ("Ki", 0.5389), ("Kd", 0.2458), ("N", 1e12)];
    let connect = [("u", "u"), ("measurement", "sensor")];
    let run = run(&plant("avr"), &towards(1.0, "pid"), &connect, (1e-4, 20_000), &[0.0; 4], &gains);
    let voltage = column(&run, 3);
    let step = Step::of(&voltage, 1e-4, 1.0);
    assert!((step.overshoot - 1.1602).abs() < 0.05, "{step:?}");
    assert!((step.rise - 0.2719).abs() < 0.0005, "{step:?}");
    // Its trough is 0.980007, so near the band that a sampled law may settle there or at 0.86 s.
    let trough = voltage[6000..].iter().fold(1.0_f64, |lowest, value| lowest.min(*value));
    assert!((trough - 0.980_007).abs() < 2e-4, "{trough}");
}

#[test]
fn pi_control_of_a_lag_with_dead_time_costs_what_the_method_of_steps_says() {
    // The optima of an exact dead time (gain 1, time constant 1), to which a sampled one comes with the first order of dt.
    let itae = |time: f64, error: f64| time * error.abs();
    let iae = |_: f64, error: f64| error.abs();
    let ise = |_: f64, error: f64| error * error;
    let at = |set_point: f64, (gain, time): (f64, f64), dead_time: f64, term: &dyn Fn(f64, f64) -> f64| {
        let cost = |dt: f64, steps: u64| {
            let load = format!("equations = \"\"\"\nside = {:?}\n", 1.0 - set_point);
            let pid = towards(set_point, "pid").replace("equations = \"\"\"\n", &load);
            let connect = [("u", "u"), ("load", "side"), ("measurement", "x")];
            let parameters = [("Kp", gain), ("Ki", gain / time), ("dead_time", dead_time)];
            let path = plant("first_order_plus_dead_time");
            let run = run(&path, &pid, &connect, (dt, steps), &[0.0], &parameters);
            run.rows().map(|row| term(row[0], set_point - row[1])).sum::<f64>() * dt
        };
        2.0 * cost(1e-3, 40_000) - cost(2e-3, 20_000)
    };
    for (found, expected) in [
        (at(1.0, (2.629_83, 1.000_04), 0.2, &itae), 0.114_219),
        (at(1.0, (0.653_93, 1.2136), 1.0, &itae), 2.351_654),
        (at(0.0, (3.906_29, 0.554_04), 0.2, &itae), 0.079_003),
        (at(1.0, (2.9935, 1.017_64), 0.2, &iae), 0.420_186),
        (at(1.0, (4.013_13, 1.513_24), 0.2, &ise), 0.299_860),
    ] {
        assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
    }
}
