//! The rules. Each gives K, Ti and Td of the ideal form; of K e^(−θs)/(τs + 1) let r = θ/τ.

use super::{Ideal, Known, Shape, Step};

/// A published rule.
#[derive(Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// What it is made for.
    pub aim: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// θ/τ for which it is made, where it says so.
    pub range: Option<[f64; 2]>,
    /// The settings for a plant; nothing where it has none.
    of: fn(&Known, Shape) -> Option<Ideal>,
}

impl Rule {
    /// The settings for a plant, which are finite; nothing where the rule has none for it.
    #[must_use]
    pub fn settings(&self, known: &Known, shape: Shape) -> Option<Ideal> {
        (self.of)(known, shape).filter(|ideal| {
            let Ideal { gain, integral_time, derivative_time } = *ideal;
            let is_finite = gain.is_finite() && derivative_time.is_finite();
            is_finite && gain != 0.0 && integral_time > 0.0 && derivative_time >= 0.0
        })
    }

    /// Whether a plant is one for which it is made.
    #[must_use]
    pub fn is_made_for(&self, known: &Known) -> bool {
        match (self.range, known.step) {
            (Some([low, high]), Some(Step::FirstOrder { time_constant, dead_time, .. })) => {
                // What an experiment finds is known to a few per mille.
                (0.98 * low..=1.02 * high).contains(&(dead_time / time_constant))
            }
            _ => true,
        }
    }
}

const ZIEGLER_NICHOLS: &str = "Ziegler & Nichols 1942, Optimum settings for automatic controllers, Transactions of the ASME 64, 759–768";
const COHEN_COON: &str =
    "Cohen & Coon 1953, Theoretical consideration of retarded control, Transactions of the ASME 75, 827–834";
const AMIGO: &str =
    "Åström & Hägglund 2004, doi:10.1016/j.jprocont.2004.01.002; PI: Advanced PID Control (2006), chapter 7";
const SIMC: &str = "Skogestad 2003, doi:10.1016/S0959-1524(02)00062-8, with τc = θ";
const LOPEZ: &str = "Lopez, Miller, Smith & Murrill 1967, Tuning controllers with error-integral criteria, Instrumentation Technology 14";
const ROVIRA: &str = "Rovira, Murrill & Smith 1969, Tuning controllers for setpoint changes, Instruments and Control Systems 42, 67–69; \
     the derivative is that of the measurement";
const ZHUANG_ATHERTON: &str = "Zhuang & Atherton 1993, doi:10.1049/ip-d.1993.0030";

const UP_TO_1: Option<[f64; 2]> = Some([0.1, 1.0]);
const UP_TO_2: Option<[f64; 2]> = Some([0.1, 2.0]);

/// All of them.
pub const RULES: &[Rule] = &[
    Rule {
        name: "Ziegler–Nichols, step",
        aim: "load, decay to a quarter",
        source: ZIEGLER_NICHOLS,
        range: None,
        of: ziegler_nichols_step,
    },
    Rule {
        name: "Ziegler–Nichols, ultimate",
        aim: "load, decay to a quarter",
        source: ZIEGLER_NICHOLS,
        range: None,
        of: ziegler_nichols_ultimate,
    },
    Rule {
        name: "Cohen–Coon",
        aim: "load, decay to a quarter",
        source: COHEN_COON,
        range: None,
        of: cohen_coon,
    },
    Rule { name: "AMIGO", aim: "load, Ms at most 1.4", source: AMIGO, range: None, of: amigo },
    Rule { name: "SIMC", aim: "set point and load, robust", source: SIMC, range: None, of: simc },
    Rule {
        name: "Lopez, ISE",
        aim: "load, least ISE",
        source: LOPEZ,
        range: UP_TO_1,
        of: |known, shape| {
            powers(
                known,
                shape,
                [[1.411, -0.917], [1.305, -0.959], [1.495, -0.945]],
                [[0.492, -0.739], [1.101, -0.771]],
                [0.560, 1.006],
            )
        },
    },
    Rule {
        name: "Lopez, IAE",
        aim: "load, least IAE",
        source: LOPEZ,
        range: UP_TO_1,
        of: |known, shape| {
            powers(
                known,
                shape,
                [[0.902, -0.985], [0.984, -0.986], [1.435, -0.921]],
                [[0.608, -0.707], [0.878, -0.749]],
                [0.482, 1.137],
            )
        },
    },
    Rule {
        name: "Lopez, ITAE",
        aim: "load, least ITAE",
        source: LOPEZ,
        range: UP_TO_1,
        of: |known, shape| {
            powers(
                known,
                shape,
                [[0.490, -1.084], [0.859, -0.977], [1.357, -0.947]],
                [[0.674, -0.680], [0.842, -0.738]],
                [0.381, 0.995],
            )
        },
    },
    Rule {
        name: "Rovira, IAE",
        aim: "set point, least IAE",
        source: ROVIRA,
        range: UP_TO_1,
        of: |known, shape| {
            let pi = Line { gain: [0.758, -0.861], integral: [1.02, -0.323], derivative: [0.0, 1.0] };
            let pid = Line { gain: [1.086, -0.869], integral: [0.740, -0.130], derivative: [0.348, 0.914] };
            lines(known, shape, &pi, &pid)
        },
    },
    Rule {
        name: "Rovira, ITAE",
        aim: "set point, least ITAE",
        source: ROVIRA,
        range: UP_TO_1,
        of: |known, shape| {
            let pi = Line { gain: [0.586, -0.916], integral: [1.03, -0.165], derivative: [0.0, 1.0] };
            let pid = Line { gain: [0.965, -0.85], integral: [0.796, -0.1465], derivative: [0.308, 0.929] };
            lines(known, shape, &pi, &pid)
        },
    },
    Rule {
        name: "Zhuang–Atherton, ISE",
        aim: "set point, least ISE",
        source: ZHUANG_ATHERTON,
        range: UP_TO_2,
        of: |known, shape| {
            let pi = [([0.980, -0.892], [0.690, -0.155]), ([1.072, -0.560], [0.648, -0.114])];
            let pid = [
                Line { gain: [1.048, -0.897], integral: [1.195, -0.368], derivative: [0.489, 0.888] },
                Line { gain: [1.154, -0.567], integral: [1.047, -0.220], derivative: [0.490, 0.708] },
            ];
            zhuang_atherton(known, shape, pi, &pid)
        },
    },
    Rule {
        name: "Zhuang–Atherton, ISTE",
        aim: "set point, least ∫ t² e² dt",
        source: ZHUANG_ATHERTON,
        range: UP_TO_2,
        of: |known, shape| {
            let pi = [([0.712, -0.921], [0.968, -0.247]), ([0.786, -0.559], [0.883, -0.158])];
            let pid = [
                Line { gain: [1.042, -0.897], integral: [0.987, -0.238], derivative: [0.385, 0.906] },
                Line { gain: [1.142, -0.579], integral: [0.919, -0.172], derivative: [0.384, 0.839] },
            ];
            zhuang_atherton(known, shape, pi, &pid)
        },
    },
    Rule {
        name: "Zhuang–Atherton, IST²E",
        aim: "set point, least ∫ t⁴ e² dt",
        source: ZHUANG_ATHERTON,
        range: UP_TO_2,
        of: |known, shape| {
            let pi = [([0.569, -0.951], [1.023, -0.179]), ([0.628, -0.583], [1.007, -0.167])];
            let pid = [
                Line { gain: [0.968, -0.904], integral: [0.977, -0.253], derivative: [0.316, 0.892] },
                Line { gain: [1.061, -0.583], integral: [0.892, -0.165], derivative: [0.315, 0.832] },
            ];
            zhuang_atherton(known, shape, pi, &pid)
        },
    },
];

/// K, τ and θ of a plant that comes to rest.
fn first_order(known: &Known) -> Option<[f64; 3]> {
    match known.step? {
        Step::FirstOrder { gain, time_constant, dead_time } => Some([gain, time_constant, dead_time]),
        Step::Integrating { .. } => None,
    }
}

fn p(gain: f64) -> Ideal {
    pi(gain, f64::INFINITY)
}

fn pi(gain: f64, integral_time: f64) -> Ideal {
    pid(gain, integral_time, 0.0)
}

fn pid(gain: f64, integral_time: f64, derivative_time: f64) -> Ideal {
    Ideal { gain, integral_time, derivative_time }
}

/// By the steepest slope of the response, a change of the input, and by θ.
fn ziegler_nichols_step(known: &Known, shape: Shape) -> Option<Ideal> {
    let (slope, dead_time) = match known.step? {
        Step::FirstOrder { gain, time_constant, dead_time } => (gain / time_constant, dead_time),
        Step::Integrating { gain, dead_time } => (gain, dead_time),
    };
    let a = slope * dead_time;
    Some(match shape {
        Shape::P => p(1.0 / a),
        Shape::Pi => pi(0.9 / a, dead_time / 0.3),
        Shape::Pid => pid(1.2 / a, 2.0 * dead_time, 0.5 * dead_time),
    })
}

fn ziegler_nichols_ultimate(known: &Known, shape: Shape) -> Option<Ideal> {
    let super::Ultimate { gain, period } = known.ultimate?;
    Some(match shape {
        Shape::P => p(0.5 * gain),
        Shape::Pi => pi(0.45 * gain, period / 1.2),
        Shape::Pid => pid(0.6 * gain, 0.5 * period, 0.125 * period),
    })
}

fn cohen_coon(known: &Known, shape: Shape) -> Option<Ideal> {
    let [k, tau, theta] = first_order(known)?;
    let r = theta / tau;
    Some(match shape {
        Shape::P => p((1.0 + r / 3.0) / (k * r)),
        Shape::Pi => pi((0.9 + r / 12.0) / (k * r), theta * (30.0 + 3.0 * r) / (9.0 + 20.0 * r)),
        Shape::Pid => pid(
            (4.0 / 3.0 + r / 4.0) / (k * r),
            theta * (32.0 + 6.0 * r) / (13.0 + 8.0 * r),
            theta * 4.0 / (11.0 + 2.0 * r),
        ),
    })
}

fn amigo(known: &Known, shape: Shape) -> Option<Ideal> {
    match (known.step?, shape) {
        (_, Shape::P) => None,
        (Step::FirstOrder { gain, time_constant: t, dead_time: l }, Shape::Pi) => Some(pi(
            (0.15 + (0.35 - l * t / ((l + t) * (l + t))) * t / l) / gain,
            0.35 * l + 13.0 * l * t * t / (t * t + 12.0 * l * t + 7.0 * l * l),
        )),
        (Step::FirstOrder { gain, time_constant: t, dead_time: l }, Shape::Pid) => Some(pid(
            (0.2 + 0.45 * t / l) / gain,
            l * (0.4 * l + 0.8 * t) / (l + 0.1 * t),
            0.5 * l * t / (0.3 * l + t),
        )),
        (Step::Integrating { gain, dead_time: l }, Shape::Pi) => Some(pi(0.35 / (gain * l), 13.4 * l)),
        (Step::Integrating { gain, dead_time: l }, Shape::Pid) => {
            Some(pid(0.45 / (gain * l), 8.0 * l, 0.5 * l))
        }
    }
}

/// PI; of a first-order plant the rule has no derivative.
fn simc(known: &Known, shape: Shape) -> Option<Ideal> {
    if shape != Shape::Pi {
        return None;
    }
    Some(match known.step? {
        Step::FirstOrder { gain, time_constant, dead_time } => {
            pi(time_constant / (gain * 2.0 * dead_time), time_constant.min(8.0 * dead_time))
        }
        Step::Integrating { gain, dead_time } => pi(1.0 / (gain * 2.0 * dead_time), 8.0 * dead_time),
    })
}

/// A·rᴮ.
fn power([a, b]: [f64; 2], r: f64) -> f64 {
    a * libm::pow(r, b)
}

/// K of P, PI and PID, τ/Ti of PI and PID, and Td/τ of PID, each A·rᴮ.
fn powers(
    known: &Known,
    shape: Shape,
    gains: [[f64; 2]; 3],
    integral: [[f64; 2]; 2],
    derivative: [f64; 2],
) -> Option<Ideal> {
    let [k, tau, theta] = first_order(known)?;
    let r = theta / tau;
    Some(match shape {
        Shape::P => p(power(gains[0], r) / k),
        Shape::Pi => pi(power(gains[1], r) / k, tau / power(integral[0], r)),
        Shape::Pid => pid(power(gains[2], r) / k, tau / power(integral[1], r), tau * power(derivative, r)),
    })
}

/// K by A·rᴮ, τ/Ti by A + B·r, Td/τ by A·rᴮ.
struct Line {
    gain: [f64; 2],
    integral: [f64; 2],
    derivative: [f64; 2],
}

fn lines(known: &Known, shape: Shape, of_pi: &Line, of_pid: &Line) -> Option<Ideal> {
    let Line { gain, integral, derivative } = match shape {
        Shape::P => return None,
        Shape::Pi => of_pi,
        Shape::Pid => of_pid,
    };
    let [k, tau, theta] = first_order(known)?;
    let r = theta / tau;
    Some(pid(power(*gain, r) / k, tau / (integral[0] + integral[1] * r), tau * power(*derivative, r)))
}

/// The first of two for r up to 1, the second beyond.
fn zhuang_atherton(
    known: &Known,
    shape: Shape,
    of_pi: [([f64; 2], [f64; 2]); 2],
    of_pid: &[Line; 2],
) -> Option<Ideal> {
    let [_, tau, theta] = first_order(known)?;
    let place = usize::from(theta > tau);
    let (gain, integral) = of_pi[place];
    lines(known, shape, &Line { gain, integral, derivative: [0.0, 1.0] }, &of_pid[place])
}
