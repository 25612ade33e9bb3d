//! PI and PID in their forms: conversions, limits, starts, kicks, noise, and a plant that no law makes quick.

use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::simulation::{SimdLevel, Trajectory};

use super::{apart, choosing, comes_near, law, off, overshoot, own, study};
use crate::support::batch;
use crate::support::open_loop::{column, plant, run};

#[test]
fn a_pi_that_cancels_the_lag_makes_a_lag_of_the_time_constant_that_was_asked_for() {
    // Ti = τ and Kp = τ/(K τc): y = 1 − exp(−t/τc).
    let off = |dt: f64, steps: u64| {
        let parameters = [("Kp", 2.0), ("Ki", 2.0), ("gain", 2.0), ("dead_time", 0.0)];
        let connect = [("measurement", "x"), ("u", "u")];
        let path = plant("first_order_plus_dead_time");
        let run = run(&path, &law("pi", 1.0), &connect, (dt, steps), &[0.0], &parameters);
        off(&run, 1, |t| 1.0 - (-t / 0.25).exp())
    };
    comes_near(1e-3, off, (5e-4, 6000));
}

#[test]
fn a_start_is_without_a_bump_where_the_integral_holds_the_plant() {
    // Torricelli: the pump gives what flows out at 0.1 m.
    let hold = 0.071e-4 * (2.0 * 9.81 * 0.1_f64).sqrt() / 3.33e-6;
    let connect = [("measurement", "lower"), ("voltage", "u")];
    for name in ["pi", "pid", "pid_ideal", "pid_series", "pid_2dof"] {
        let moved = |start: f64| {
            let parameters = [("u_max", 10.0), ("integral_start", start)];
            let run =
                run(&plant("two_tanks"), &law(name, 0.1), &connect, (0.1, 2000), &[0.1, 0.1], &parameters);
            off(&run, 2, |_| 0.1)
        };
        assert!(moved(hold) < 1e-12, "{name}: {}", moved(hold));
        assert!(moved(0.0) > 1e-3, "{name}: {}", moved(0.0));
    }
}

const MOTOR: [(&str, &str); 2] = [("voltage", "u"), ("measurement", "omega")];

fn motor(text: &str, (dt, steps): (f64, u64), gains: &[(&str, f64)]) -> Trajectory {
    run(&plant("dc_motor"), text, &MOTOR, (dt, steps), &[0.0, 0.0], gains)
}

#[test]
fn the_ideal_form_is_the_parallel_form_by_the_published_conversion() {
    // Åström & Hägglund 2006, chapter 3: Ki = Kp/Ti, Kd = Kp Td. Also at the limits, and with each way not to wind up.
    let (kp, ti, td) = (8.0, 0.25, 0.06);
    let shared = [("N", 80.0), ("b", 0.7), ("c", 0.3), ("u_max", 24.0), ("Tt", 0.2), ("rate_max", 300.0)];
    for integration in ["back_calculation", "conditional_integration", "none"] {
        for limits in ["size", "size_and_rate"] {
            let of = |name: &str, own: [(&str, f64); 3]| {
                let law = choosing(&law(name, 5.0), "back_calculation", integration);
                motor(&choosing(&law, "size", limits), (1e-3, 2000), &[&own[..], &shared[..]].concat())
            };
            let ideal = of("pid_ideal", [("Kp", kp), ("Ti", ti), ("Td", td)]);
            let parallel = of("pid", [("Kp", kp), ("Ki", kp / ti), ("Kd", kp * td)]);
            let is_felt = limits == "size_and_rate" || column(&ideal, 3).iter().any(|u| *u >= 24.0);
            assert!(is_felt, "the limit is felt");
            let apart = apart(&ideal, &parallel);
            assert!(apart < 1e-9, "{integration}, {limits}: {apart}");
        }
    }
}

#[test]
fn the_series_form_is_the_ideal_form_by_the_published_conversion() {
    // Åström & Hägglund 2006, chapter 3: Kp = Kp' (Ti' + Td')/Ti', Ti = Ti' + Td', Td = Ti' Td'/(Ti' + Td'), and back, Kp' = Kp (1 + √(1 − 4 Td/Ti))/2.
    // With the derivative of the measurement alone, the set point meets Kp' where the measurement meets Kp.
    let (gain, integral, derivative) = (6.0_f64, 0.5_f64, 0.1_f64);
    let (kp, ti) = (gain * (integral + derivative) / integral, integral + derivative);
    let td = integral * derivative / ti;
    assert!((kp / 2.0 * (1.0 + (1.0 - 4.0 * td / ti).sqrt()) - gain).abs() < 1e-12);
    let off = |dt: f64, steps: u64| {
        let series = [("Kp", gain), ("Ti", integral), ("Td", derivative), ("N", 1e12), ("c", 0.0)];
        let ideal = [("Kp", kp), ("Ti", ti), ("Td", td), ("N", 1e12), ("b", integral / ti), ("c", 0.0)];
        let series = motor(&law("pid_series", 1.0), (dt, steps), &series);
        let ideal = motor(&law("pid_ideal", 1.0), (dt, steps), &ideal);
        column(&series, 1).iter().zip(column(&ideal, 1)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    comes_near(1e-3, off, (5e-4, 4000));
}

#[test]
fn two_degrees_of_freedom_are_set_point_weights() {
    // Araki & Taguchi 2003: α = 1 − b, β = 1 − c, τ = 1/N.
    let two = [("Kp", 8.0), ("Ti", 0.25), ("Td", 0.06), ("tau", 0.02), ("alpha", 0.4), ("beta", 0.8)];
    let one = [("Kp", 8.0), ("Ki", 32.0), ("Kd", 0.48), ("N", 50.0), ("b", 0.6), ("c", 0.2)];
    let found = apart(
        &motor(&law("pid_2dof", 5.0), (1e-3, 2000), &two),
        &motor(&law("pid", 5.0), (1e-3, 2000), &one),
    );
    assert!(found < 1e-9, "{found}");
}

#[test]
fn an_i_pd_places_three_poles_and_no_zero() {
    // With α = β = 1 on x'' = u: 1/(s/ω + 1)³ for Kp Td = 3ω, Kp = 3ω², Kp/Ti = ω³.
    let turn = 2.0_f64;
    let off = |dt: f64, steps: u64| {
        let gains = [("Kp", 3.0 * turn * turn), ("Ti", 3.0 / turn), ("Td", 1.0 / turn), ("tau", 0.0)];
        let weights = [("alpha", 1.0), ("beta", 1.0), ("damping", 0.0), ("stiffness", 0.0)];
        let connect = [("measurement", "x"), ("u", "u")];
        let path = plant("mass_spring_damper");
        let all = [gains, weights].concat();
        let run = run(&path, &law("pid_2dof", 1.0), &connect, (dt, steps), &[0.0, 0.0], &all);
        off(&run, 1, |t| 1.0 - (-turn * t).exp() * (1.0 + turn * t + (turn * t).powi(2) / 2.0))
    };
    comes_near(2e-3, off, (5e-4, 10_000));
}

#[test]
fn an_ideal_pid_on_a_lag_with_dead_time_costs_what_the_method_of_steps_says() {
    // The least ITAE of a step of the set point, with the derivative of the measurement, gain and time constant 1, and an exact dead time of 0.2,
    // to which a sampled one comes with the first order of dt.
    let cost = |dt: f64, steps: u64| {
        let gains = [("Kp", 4.1863), ("Ti", 1.367_65), ("Td", 0.075_87), ("N", 1e12), ("c", 0.0)];
        let connect = [("measurement", "x"), ("u", "u")];
        let path = plant("first_order_plus_dead_time");
        let run = run(&path, &law("pid_ideal", 1.0), &connect, (dt, steps), &[0.0], &gains);
        run.rows().map(|row| row[0] * (1.0 - row[1]).abs()).sum::<f64>() * dt
    };
    let found = 2.0 * cost(1e-3, 25_000) - cost(2e-3, 12_500);
    assert!((found - 0.062_671).abs() < 1e-4, "{found}");
}

#[test]
fn a_saturated_step_overshoots_by_ninety_per_cent_unless_the_integral_knows_of_the_limit() {
    // x' = u, |u| ≤ 0.1, K = Ti = 1, Tt = 0.5 s: overshoot in % and the time of its peak in continuous time, from make_laws.py.
    let (_file, path) = own("x' = u", &["x"]);
    for (integration, expected, peak) in [
        ("none", 90.0176, 19.055),
        ("back_calculation", 3.4968, 11.314),
        ("conditional_integration", 2.9844, 11.418),
    ] {
        for name in ["pi", "pid", "pid_ideal", "pid_2dof"] {
            let law = choosing(&law(name, 1.0), "back_calculation", integration);
            let integral = if ["pi", "pid"].contains(&name) { ("Ki", 1.0) } else { ("Ti", 1.0) };
            let gains = [("Kp", 1.0), integral, ("u_max", 0.1), ("Tt", 0.5)];
            let connect = [("measurement", "x"), ("u", "u")];
            let x = column(&run(&path, &law, &connect, (0.002, 20_000), &[0.0], &gains), 1);
            let found = overshoot(&x);
            assert!((found - expected).abs() < 0.1, "{name}, {integration}: {found}");
            let top = x.iter().position(|x| 100.0 * (x - 1.0) >= found).expect("a peak");
            #[allow(clippy::cast_precision_loss, reason = "few samples")]
            let at = top as f64 * 0.002;
            assert!((at - peak).abs() < 0.05, "{name}, {integration}: {at} s");
        }
    }
}

#[test]
fn an_output_keeps_its_rate_and_its_unequal_limits() {
    let law = choosing(&law("pid", 5.0), "size", "size_and_rate");
    let law = law.replace("u_min = \"-u_max\"", "u_min = \"0\"");
    let gains = [("Kp", 30.0), ("Ki", 10.0), ("u_max", 24.0), ("rate_max", 100.0), ("Tt", 0.1)];
    let u = column(&motor(&law, (1e-3, 3000), &gains), 3);
    let steps: Vec<f64> = u.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    assert!((u[0] - 0.1).abs() < 1e-12, "it starts from the output that holds the plant: {}", u[0]);
    assert!(steps.iter().all(|step| *step <= 0.1 + 1e-12));
    assert!(steps.iter().filter(|step| **step > 0.1 - 1e-9).count() > 200, "the rate is felt");
    assert!(u.iter().all(|u| (0.0..=24.0).contains(u)));
    // Too fast, the motor is left alone.
    let coasts = run(&plant("dc_motor"), &law, &MOTOR, (1e-3, 100), &[20.0, 0.0], &gains);
    assert!(column(&coasts, 3).iter().all(|u| *u == 0.0));
}

#[test]
fn a_derivative_of_the_measurement_alone_does_not_kick() {
    // At the step, Kp b r, and with c also Kd N/(1 + N dt) c r.
    let kick = |name: &str, c: f64| {
        let gains = match name {
            "pid" => vec![("Kp", 2.0), ("Kd", 0.5), ("N", 200.0), ("c", c)],
            "pid_2dof" => vec![("Kp", 2.0), ("Td", 0.25), ("tau", 0.005), ("beta", 1.0 - c)],
            _ => vec![("Kp", 2.0), ("Td", 0.25), ("N", 200.0), ("c", c)],
        };
        column(&motor(&law(name, 3.0), (1e-3, 1), &gains), 3)[0]
    };
    for name in ["pid", "pid_ideal", "pid_series", "pid_2dof"] {
        assert!((kick(name, 0.0) - 6.0).abs() < 1e-12, "{name}: {}", kick(name, 0.0));
        let expected = 6.0 + 0.5 * 200.0 / 1.2 * 3.0;
        assert!((kick(name, 1.0) - expected).abs() < 1e-9, "{name}: {}", kick(name, 1.0));
    }
}

#[test]
fn white_noise_comes_through_the_filter_of_a_derivative_with_the_variance_of_theory() {
    // H(z) = g (1 − z⁻¹)/(1 − a z⁻¹), g = N Kd/(1 + N dt), a = 1/(1 + N dt): Σ h² = 2 g²/(1 + a).
    let (dt, kd, deviation) = (0.01, 0.3, 0.02);
    let text = "[plant]\nequations = \"x' = 0*u\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n[controller]\nfile = \"models/controllers/pid.toml\"\n\
        [connect]\nmeasurement = \"x\"\n[simulation]\ndt = 0.01\nduration = 2000.0\n[cost.power]\nmean = \"u^2\"\n\
        [[scenarios]]\nsignals = { reference = 0.0 }\nnoise = { x = 0.02 }\n";
    let config = study(text).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = config.controller.parameters().iter().map(|gain| gain.name).collect();
    let vector = |filter: f64| {
        let mut values = config.controller.values.clone();
        for (name, value) in [("Kp", 0.0), ("Kd", kd), ("N", filter)] {
            values[names.iter().position(|known| *known == name).expect(name)] = value;
        }
        values
    };
    let filters = [2.0, 20.0, 200.0, 1e9];
    let vectors: Vec<Vec<f64>> = filters.into_iter().map(vector).collect();
    let records = batch(&Problem::new(&config), SimdLevel::widest(), &vectors);
    for (filter, record) in filters.into_iter().zip(&records) {
        let (gain, kept) = (filter * kd / (1.0 + filter * dt), 1.0 / (1.0 + filter * dt));
        let expected = deviation * deviation * 2.0 * gain * gain / (1.0 + kept);
        // 200,000 samples that follow each other for 1/(N dt).
        assert!(
            (record.values[0] / expected - 1.0).abs() < 0.03,
            "{filter}: {} and {expected}",
            record.values[0]
        );
    }
}

#[test]
fn a_gain_that_must_stay_positive_does() {
    let text = |said: &str, tune: &str| {
        format!(
            "[plant]\ntype = \"first_order_plus_dead_time\"\n[controller]\nfile = \"models/controllers/pid_ideal.toml\"\n{said}\n[connect]\nmeasurement = \"x\"\n\
             [simulation]\ndt = 0.02\nduration = 6.0\n[cost.iae]\nsignals = [\"error\"]\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n\
             [swarm.stopping]\nevaluations = 400\n{tune}"
        )
    };
    for said in ["Ti = 0.0", "Ti = -1.0", "Td = -0.1", "N = 0.0", "Tt = -1.0", "u_max = 0.0"] {
        let error = study(&text(said, "")).expect_err(said).to_string();
        assert!(error.contains("allowed") && error.contains(&said[..2]), "{error}");
    }
    let tune = |name: &str, lower: f64| {
        format!("[[tune]]\nparameter = \"{name}\"\nlower = {lower:?}\nupper = 10.0\n")
    };
    assert!(study(&text("", &tune("Ti", -1.0))).is_err());
    // A plant without a dead time wants no derivative, and less than none would be better still: the search ends at 0.
    let tune = [tune("Kp", 0.1), tune("Td", 0.0)].concat();
    let config = study(&text("Ti = 1.0\nN = 20.0", &tune)).unwrap_or_else(|error| panic!("{error}"));
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    let derivative = config.controller.parameters().iter().position(|gain| gain.name == "Td").expect("Td");
    assert!(tuning.values[derivative] >= 0.0, "{:?}", tuning.values);
}

#[test]
fn a_plant_with_a_zero_on_the_right_undershoots_whatever_controls_it() {
    // (1 − s)/(1 + s)³. Its step response under any law that brings it to rest has ∫ exp(−t) y dt = 0, and so an undershoot of at least
    // (1 − δ)/(exp(ts) − 1), with ts the time from when it stays within δ (Middleton 1991, doi:10.1016/0005-1098(91)90077-F).
    let (_file, path) =
        own("x1' = u - x1\nx2' = x1 - x2\nx3' = x2 - x3\ny = x3 - (x2 - x3)", &["x1", "x2", "x3"]);
    let connect = [("measurement", "y"), ("u", "u")];
    for gains in [(0.3, 1.0, 0.0), (0.4, 1.5, 0.5), (0.695, 1.672, 1.152)] {
        let gains = [("Kp", gains.0), ("Ti", gains.1), ("Td", gains.2), ("N", 20.0), ("c", 0.0)];
        let run = run(&path, &law("pid_series", 1.0), &connect, (0.005, 10_000), &[0.0; 3], &gains);
        let y: Vec<[f64; 2]> = run.rows().map(|row| [row[0], 2.0 * row[3] - row[2]]).collect();
        let sum: f64 =
            y.windows(2).map(|pair| 0.0025 * pair.iter().map(|[t, y]| (-t).exp() * y).sum::<f64>()).sum();
        assert!(sum.abs() < 1e-5, "{sum}");
        let lowest = y.iter().map(|[_, y]| *y).fold(0.0, f64::min);
        let settled = y.iter().filter(|[_, y]| (y - 1.0).abs() > 0.02).map(|[t, _]| *t).fold(0.0, f64::max);
        assert!(settled < 40.0 && -lowest >= 0.98 / (settled.exp() - 1.0), "{lowest} and {settled} s");
        assert!(-lowest > 0.01, "{lowest}");
    }
}
