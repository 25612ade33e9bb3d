//! Mechanisms: quadrotors, pendulums, a ball on a beam, an arm.

use std::path::Path;

use gainswarm::model::Base;

use crate::support::open_loop::{column, follows, law, numbers, plant, rates, run, slopes};
use crate::support::reference;

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
fn an_inverted_pendulum_with_coulomb_friction_moves_as_the_forces_in_its_joint_say() {
    let law = law("f = 70.7107*x + 37.8345*x' - 105.5298*theta - 20.9238*theta'");
    let start = [0.1, 0.3, 0.0, -0.5];
    let friction = [("joint_friction", 0.02), ("coulomb", 1.0), ("slip_speed", 0.05)];
    let run = run(&plant("inverted_pendulum_coulomb"), &law, &[("u", "f")], (1e-3, 2000), &start, &friction);
    // A cart that creeps forgets in 25 ms.
    follows(&run, "inverted_pendulum_coulomb", 1e-3, 1e-7);
}

#[test]
fn coulomb_friction_stops_a_cart() {
    // Without a pendulum M v' = −F tanh(v/v_s), whose solution is sinh(v/v_s) = sinh(v0/v_s) exp(−F t/(M v_s)); before it creeps, v0 − F t/M.
    let (mass, friction, slip, start) = (0.5, 2.0, 0.02, 0.4_f64);
    let parameters =
        [("pendulum_mass", 0.0), ("cart_friction", 0.0), ("coulomb", friction), ("slip_speed", slip)];
    let plant = plant("inverted_pendulum_coulomb");
    let run = run(&plant, &law("f = 0"), &[("u", "f")], (1e-4, 2000), &[0.0, 0.0, start, 0.0], &parameters);
    for row in run.rows() {
        let (t, speed) = (row[0], row[3]);
        let expected = slip * ((start / slip).sinh() * (-friction * t / (mass * slip)).exp()).asinh();
        assert!((speed - expected).abs() < 1e-9, "{speed} instead of {expected} at {t} s");
        let dry = start - friction / mass * t;
        assert!(dry < 0.1 || (speed - dry).abs() < 1e-4, "{speed} instead of {dry} at {t} s");
    }
    assert!(run.rows().last().expect("rows")[3] < 1e-7, "it stands");
}

#[test]
fn furutas_pendulum_moves_as_point_masses_on_its_linkage_do() {
    let law = law("t1 = 0.1*sin(3*arm) - 0.01*arm'");
    let start = [0.4, 2.5, -3.0, 4.0];
    let run = run(&plant("furuta_pendulum"), &law, &[("torque", "t1")], (1e-3, 1000), &start, &[]);
    follows(&run, "furuta_pendulum", 1e-3, 1e-7);
}

#[test]
fn furutas_pendulum_keeps_energy_and_momentum_about_its_axis_without_friction() {
    let frictionless = [("arm_friction", 0.0), ("joint_friction", 0.0)];
    let plant = plant("furuta_pendulum");
    let run = run(&plant, &law("none = 0"), &[], (2e-4, 10_000), &[0.0, 0.5, 2.0, 0.0], &frictionless);
    // The pendulum as two points of half its mass, 0.15 m ± √(0.00075/0.1) m from the joint.
    let kept = |row: &[f64]| {
        let [lean, w, v] = [row[2], row[3], row[4]];
        let (s, c) = lean.sin_cos();
        let (mut energy, mut momentum) = (0.002 * w * w / 2.0, 0.002 * w);
        for far in [0.15 - 0.0075_f64.sqrt(), 0.15 + 0.0075_f64.sqrt()] {
            let (outward, along, upward) = (-far * s * w, 0.2 * w + far * c * v, -far * s * v);
            energy += 0.05 * ((outward.powi(2) + along.powi(2) + upward.powi(2)) / 2.0 + 9.81 * far * c);
            momentum += 0.05 * (0.2 * along - far * s * outward);
        }
        [energy, momentum]
    };
    let mut rows = run.rows();
    let first = kept(rows.next().expect("a row"));
    for row in rows {
        for (now, then) in kept(row).iter().zip(first) {
            assert!((now - then).abs() < 1e-9, "{now} instead of {then} at {} s", row[0]);
        }
    }
}

#[test]
fn a_quadrotor_falls_and_climbs_as_quadratic_drag_has_it() {
    let (mass, gravity, drag) = (0.65_f64, 9.81, 0.1);
    let limit = (mass * gravity / drag).sqrt();
    // A command to pull downward is none.
    let fall = |start: f64, steps: u64| {
        let start = [0.0, start];
        let law = law("t1 = -5");
        run(&plant("quadrotor_altitude"), &law, &[("thrust", "t1")], (1e-3, steps), &start, &[])
    };
    for row in fall(0.0, 3000).rows() {
        let t = row[0] * gravity / limit;
        let expected = [-limit.powi(2) / gravity * t.cosh().ln(), -limit * t.tanh()];
        for (found, expected) in row[1..3].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} instead of {expected} at {} s", row[0]);
        }
    }
    let highest = column(&fall(6.0, 600), 1).into_iter().fold(0.0, f64::max);
    let expected = limit.powi(2) / (2.0 * gravity) * (6.0 / limit).powi(2).ln_1p();
    assert!((highest - expected).abs() < 1e-5, "{highest} instead of {expected}");
}

#[test]
fn a_tilted_quadrotor_hovers_on_more_thrust() {
    let thrust = 0.65 * 9.81 / (0.3_f64.cos() * (-0.4_f64).cos());
    let rates = rates("quadrotor_altitude", &[], &[5.0, 0.0], &[thrust, 0.3, -0.4, 0.0]);
    assert!(rates.iter().all(|rate| rate.abs() < 1e-14), "{rates:?}");
}

const ARM: [(&str, f64); 7] =
    [("m1", 1.2), ("m2", 0.8), ("l1", 0.9), ("lc1", 0.4), ("lc2", 0.35), ("I1", 0.07), ("I2", 0.05)];

#[test]
fn an_arm_of_two_links_moves_as_point_masses_on_it_do() {
    // The law that comes with it, its weight known 10 % too small.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/controllers/joint_pd.toml");
    let mut pd = std::fs::read_to_string(path).expect("a law");
    for (joint, aim) in [("q1", 1.0), ("q2", -0.5)] {
        let declared = format!("{joint}_reference = {{ unit = \"rad\", default = 0.0");
        assert!(pd.contains(&declared), "{pd}");
        pd = pd.replace(&declared, &format!("{joint}_reference = {{ unit = \"rad\", default = {aim:?}"));
    }
    let elbow = 0.9 * 9.81 * 0.8 * 0.35;
    let shoulder = 0.9 * 9.81 * (1.2 * 0.4 + 0.8 * 0.9);
    let gains = [
        ("Kp1", 60.0),
        ("Kd1", 12.0),
        ("Kp2", 20.0),
        ("Kd2", 3.0),
        ("shoulder_weight", shoulder),
        ("elbow_weight", elbow),
        ("torque_max", 15.0),
    ];
    let start = [-1.4, 0.6, 0.5, -2.0];
    let torques = ["torque1", "torque2"].map(|name| (name, name));
    let run = run(&plant("two_link_arm"), &pd, &torques, (1e-3, 1000), &start, &[&ARM[..], &gains].concat());
    assert!(column(&run, 5).iter().any(|torque| *torque >= 15.0), "the limit is felt");
    follows(&run, "two_link_arm", 1e-3, 1e-8);
}

#[test]
fn an_arm_without_torques_keeps_its_energy() {
    let run = run(&plant("two_link_arm"), &law("none = 0"), &[], (5e-4, 4000), &[0.3, 1.0, 0.0, 0.0], &ARM);
    let [m1, m2, l1, lc1, lc2, i1, i2] = ARM.map(|(_, value)| value);
    let energy = |row: &[f64]| {
        let [q1, q2, w1, w2] = [row[1], row[2], row[3], row[4]];
        let w = w1 + w2;
        let square = (l1 * w1).powi(2) + (lc2 * w).powi(2) + 2.0 * l1 * lc2 * w1 * w * q2.cos();
        let height = m1 * lc1 * q1.sin() + m2 * (l1 * q1.sin() + lc2 * (q1 + q2).sin());
        0.5 * ((m1 * lc1 * lc1 + i1) * w1 * w1 + m2 * square + i2 * w * w) + 9.81 * height
    };
    let mut rows = run.rows();
    let first = energy(rows.next().expect("a row"));
    for row in rows {
        assert!((energy(row) - first).abs() < 1e-8, "{} instead of {first} at {} s", energy(row), row[0]);
    }
}

#[test]
fn the_tip_of_an_arm_is_where_its_links_lead() {
    let states = [std::f64::consts::FRAC_PI_2, -std::f64::consts::FRAC_PI_2, 0.0, 0.0];
    let tip = numbers("two_link_arm", &[("l2", 0.7)], &states, &[0.0; 2], |_, lowered, _| {
        ["tip_x", "tip_y"].map(|name| lowered.values[name]).to_vec()
    });
    assert!((tip[0] - 0.7).abs() < 1e-12 && (tip[1] - 1.0).abs() < 1e-12, "{tip:?}");
}
