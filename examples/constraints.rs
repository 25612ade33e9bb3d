//! Problems of CEC 2006 with equalities and with inequalities alone, with and without the level up to which a violation does not count yet.
//!
//! The problems are those of Liang and others 2006, *Problem definitions and evaluation criteria for the CEC 2006 special session on constrained
//! real-parameter optimization*: an equality holds within 1e-4, and a problem is solved by a feasible position that costs at most 1e-4 more than
//! the best known.
//!
//! `cargo run --release --locked --example constraints [EVALUATIONS_A_DIMENSION] [FIRST_SEED]`

#![allow(clippy::unreadable_literal, clippy::approx_constant, reason = "numbers as they stand in the report")]

use std::time::Duration;

use gainswarm::swarm::{Axis, Outcome, Plan, Scale, Search, Settings, Stopping};

/// What a position costs, what must be at most 0, and what must be 0.
type Judged = (f64, Vec<f64>, Vec<f64>);

struct Problem {
    name: &'static str,
    bounds: Vec<[f64; 2]>,
    best_known: f64,
    judge: fn(&[f64]) -> Judged,
}

const SEEDS: u64 = 20;

fn main() -> Result<(), gainswarm::Error> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap_or(1));
    let (budget, first) = (numbers.next().unwrap_or(5000), numbers.next().unwrap_or(21));
    println!("| problem | with the level: solved, feasible, evaluations | feasible first |\n|---|---|---|");
    for problem in problems() {
        let mut cells = Vec::new();
        for with_level in [true, false] {
            let mut taken = Vec::new();
            let mut feasible = 0;
            for seed in first..first + SEEDS {
                let (is_feasible, evaluations) = solve(&problem, budget, seed, with_level)?;
                feasible += u64::from(is_feasible);
                taken.extend(evaluations);
            }
            taken.sort_unstable();
            let median = taken.get(taken.len() / 2).map_or(String::new(), |count| format!(", {count}"));
            cells.push(format!("{} of {SEEDS}, {feasible}{median}", taken.len()));
        }
        println!("| {} | {} |", problem.name, cells.join(" | "));
    }
    Ok(())
}

/// Whether a search finds a feasible position, and after how many evaluations it has solved the problem. Where the cost of an infeasible position
/// is not told, there is no level.
fn solve(
    problem: &Problem,
    budget: u64,
    seed: u64,
    with_level: bool,
) -> Result<(bool, Option<u64>), gainswarm::Error> {
    let axes: Vec<Axis> = problem.bounds.iter().map(|[a, b]| Axis::new(*a, *b, Scale::Linear)).collect();
    let particles = (4 + 2 * axes.len()).min(24);
    let evaluations = budget * axes.len() as u64;
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    let plan = Plan::new(Settings { particles, candidates: 1, ..Settings::default() }, stopping);
    let mut search = Search::new(&axes, &plan, seed)?;
    let mut solved = None;
    loop {
        let judge = |x: &[f64]| {
            let (cost, at_most, equal) = (problem.judge)(x);
            let above = at_most.iter().map(|value| value.max(0.0));
            let violation: f64 = above.chain(equal.iter().map(|value| (value.abs() - 1e-4).max(0.0))).sum();
            Outcome { violation, cost: if violation > 0.0 && !with_level { f64::NAN } else { cost } }
        };
        let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(axes.len()).map(judge).collect();
        let ended = search.tell(&outcomes, Duration::ZERO);
        let (_, best) = search.best();
        if solved.is_none() && best.is_feasible() && best.cost <= problem.best_known + 1e-4 {
            solved = Some(search.evaluations());
        }
        if ended.is_some() {
            return Ok((best.is_feasible(), solved));
        }
    }
}

fn square(x: f64) -> f64 {
    x * x
}

fn problems() -> Vec<Problem> {
    let [mut g01, mut g04, mut g17] = [vec![[0.0, 1.0]; 13], vec![[27.0, 45.0]; 5], vec![[340.0, 420.0]; 6]];
    g01[9..12].fill([0.0, 100.0]);
    g04[..2].copy_from_slice(&[[78.0, 102.0], [33.0, 45.0]]);
    g17[..2].copy_from_slice(&[[0.0, 400.0], [0.0, 1000.0]]);
    g17[4..].copy_from_slice(&[[-1000.0, 1000.0], [0.0, 0.5236]]);
    let g05 = vec![[0.0, 1200.0], [0.0, 1200.0], [-0.55, 0.55], [-0.55, 0.55]];
    let g13 = vec![[-2.3, 2.3], [-2.3, 2.3], [-3.2, 3.2], [-3.2, 3.2], [-3.2, 3.2]];
    let problem = |name, bounds, best_known, judge| Problem { name, bounds, best_known, judge };
    // The best within the tolerance of the equalities, which may be less than on them.
    vec![
        problem("g03", vec![[0.0, 1.0]; 10], -1.0005001, g03),
        problem("g05", g05, 5126.4967, g05_judge),
        problem("g11", vec![[-1.0, 1.0]; 2], 0.7499, g11),
        problem("g13", g13, 0.0539415, g13_judge),
        problem("g14", vec![[0.0, 10.0]; 10], -47.764888, g14),
        problem("g15", vec![[0.0, 10.0]; 3], 961.715022, g15),
        problem("g17", g17, 8853.53967, g17_judge),
        problem("g01", g01, -15.0, g01_judge),
        problem("g04", g04, -30665.5386717, g04_judge),
        problem("g06", vec![[13.0, 100.0], [0.0, 100.0]], -6961.8138755, g06),
        problem("g07", vec![[-10.0, 10.0]; 10], 24.3062091, g07),
        problem("g09", vec![[-10.0, 10.0]; 7], 680.630057, g09),
        problem("g24", vec![[0.0, 3.0], [0.0, 4.0]], -5.5080133, g24),
    ]
}

fn g03(x: &[f64]) -> Judged {
    (
        -(10f64.sqrt().powi(10)) * x.iter().product::<f64>(),
        vec![],
        vec![x.iter().map(|x| x * x).sum::<f64>() - 1.0],
    )
}

fn g05_judge(x: &[f64]) -> Judged {
    (
        3.0 * x[0] + 1e-6 * x[0].powi(3) + 2.0 * x[1] + (2e-6 / 3.0) * x[1].powi(3),
        vec![-x[3] + x[2] - 0.55, -x[2] + x[3] - 0.55],
        vec![
            1000.0 * (-x[2] - 0.25).sin() + 1000.0 * (-x[3] - 0.25).sin() + 894.8 - x[0],
            1000.0 * (x[2] - 0.25).sin() + 1000.0 * (x[2] - x[3] - 0.25).sin() + 894.8 - x[1],
            1000.0 * (x[3] - 0.25).sin() + 1000.0 * (x[3] - x[2] - 0.25).sin() + 1294.8,
        ],
    )
}

fn g11(x: &[f64]) -> Judged {
    (square(x[0]) + square(x[1] - 1.0), vec![], vec![x[1] - square(x[0])])
}

fn g13_judge(x: &[f64]) -> Judged {
    (
        x.iter().product::<f64>().exp(),
        vec![],
        vec![
            x.iter().map(|x| x * x).sum::<f64>() - 10.0,
            x[1] * x[2] - 5.0 * x[3] * x[4],
            x[0].powi(3) + x[1].powi(3) + 1.0,
        ],
    )
}

fn g14(x: &[f64]) -> Judged {
    let c = [-6.089, -17.164, -34.054, -5.914, -24.721, -14.986, -24.1, -10.708, -26.662, -22.179];
    let s: f64 = x.iter().sum();
    (
        x.iter().zip(c).map(|(x, c)| x * (c + (x.max(1e-12) / s).ln())).sum(),
        vec![],
        vec![
            x[0] + 2.0 * x[1] + 2.0 * x[2] + x[5] + x[9] - 2.0,
            x[3] + 2.0 * x[4] + x[5] + x[6] - 1.0,
            x[2] + x[6] + x[7] + 2.0 * x[8] + x[9] - 1.0,
        ],
    )
}

fn g15(x: &[f64]) -> Judged {
    (
        1000.0 - square(x[0]) - 2.0 * square(x[1]) - square(x[2]) - x[0] * x[1] - x[0] * x[2],
        vec![],
        vec![x.iter().map(|x| x * x).sum::<f64>() - 25.0, 8.0 * x[0] + 14.0 * x[1] + 7.0 * x[2] - 56.0],
    )
}

fn g17_judge(x: &[f64]) -> Judged {
    let f1 = if x[0] < 300.0 { 30.0 * x[0] } else { 31.0 * x[0] };
    let f2 = if x[1] < 100.0 {
        28.0 * x[1]
    } else if x[1] < 200.0 {
        29.0 * x[1]
    } else {
        30.0 * x[1]
    };
    let (b, c) = (1.48477f64, 0.90798);
    let k = x[2] * x[3] / 131.078;
    (
        f1 + f2,
        vec![],
        vec![
            -x[0] + 300.0 - k * (b - x[5]).cos() + c * square(x[2]) / 131.078 * 1.47588f64.cos(),
            -x[1] - k * (b + x[5]).cos() + c * square(x[3]) / 131.078 * 1.47588f64.cos(),
            -x[4] - k * (b + x[5]).sin() + c * square(x[3]) / 131.078 * 1.47588f64.sin(),
            200.0 - k * (b - x[5]).sin() + c * square(x[2]) / 131.078 * 1.47588f64.sin(),
        ],
    )
}

fn g01_judge(x: &[f64]) -> Judged {
    (
        5.0 * x[..4].iter().sum::<f64>()
            - 5.0 * x[..4].iter().map(|v| v * v).sum::<f64>()
            - x[4..].iter().sum::<f64>(),
        vec![
            2.0 * x[0] + 2.0 * x[1] + x[9] + x[10] - 10.0,
            2.0 * x[0] + 2.0 * x[2] + x[9] + x[11] - 10.0,
            2.0 * x[1] + 2.0 * x[2] + x[10] + x[11] - 10.0,
            -8.0 * x[0] + x[9],
            -8.0 * x[1] + x[10],
            -8.0 * x[2] + x[11],
            -2.0 * x[3] - x[4] + x[9],
            -2.0 * x[5] - x[6] + x[10],
            -2.0 * x[7] - x[8] + x[11],
        ],
        vec![],
    )
}

fn g04_judge(x: &[f64]) -> Judged {
    let u = 85.334407 + 0.0056858 * x[1] * x[4] + 0.0006262 * x[0] * x[3] - 0.0022053 * x[2] * x[4];
    let v = 80.51249 + 0.0071317 * x[1] * x[4] + 0.0029955 * x[0] * x[1] + 0.0021813 * square(x[2]);
    let w = 9.300961 + 0.0047026 * x[2] * x[4] + 0.0012547 * x[0] * x[2] + 0.0019085 * x[2] * x[3];
    (
        5.3578547 * square(x[2]) + 0.8356891 * x[0] * x[4] + 37.293239 * x[0] - 40792.141,
        vec![u - 92.0, -u, v - 110.0, -v + 90.0, w - 25.0, -w + 20.0],
        vec![],
    )
}

fn g06(x: &[f64]) -> Judged {
    (
        (x[0] - 10.0).powi(3) + (x[1] - 20.0).powi(3),
        vec![
            -square(x[0] - 5.0) - square(x[1] - 5.0) + 100.0,
            square(x[0] - 6.0) + square(x[1] - 5.0) - 82.81,
        ],
        vec![],
    )
}

fn g07(x: &[f64]) -> Judged {
    (
        square(x[0]) + square(x[1]) + x[0] * x[1] - 14.0 * x[0] - 16.0 * x[1]
            + square(x[2] - 10.0)
            + 4.0 * square(x[3] - 5.0)
            + square(x[4] - 3.0)
            + 2.0 * square(x[5] - 1.0)
            + 5.0 * square(x[6])
            + 7.0 * square(x[7] - 11.0)
            + 2.0 * square(x[8] - 10.0)
            + square(x[9] - 7.0)
            + 45.0,
        vec![
            -105.0 + 4.0 * x[0] + 5.0 * x[1] - 3.0 * x[6] + 9.0 * x[7],
            10.0 * x[0] - 8.0 * x[1] - 17.0 * x[6] + 2.0 * x[7],
            -8.0 * x[0] + 2.0 * x[1] + 5.0 * x[8] - 2.0 * x[9] - 12.0,
            3.0 * square(x[0] - 2.0) + 4.0 * square(x[1] - 3.0) + 2.0 * square(x[2]) - 7.0 * x[3] - 120.0,
            5.0 * square(x[0]) + 8.0 * x[1] + square(x[2] - 6.0) - 2.0 * x[3] - 40.0,
            square(x[0]) + 2.0 * square(x[1] - 2.0) - 2.0 * x[0] * x[1] + 14.0 * x[4] - 6.0 * x[5],
            0.5 * square(x[0] - 8.0) + 2.0 * square(x[1] - 4.0) + 3.0 * square(x[4]) - x[5] - 30.0,
            -3.0 * x[0] + 6.0 * x[1] + 12.0 * square(x[8] - 8.0) - 7.0 * x[9],
        ],
        vec![],
    )
}

fn g09(x: &[f64]) -> Judged {
    (
        square(x[0] - 10.0)
            + 5.0 * square(x[1] - 12.0)
            + x[2].powi(4)
            + 3.0 * square(x[3] - 11.0)
            + 10.0 * x[4].powi(6)
            + 7.0 * square(x[5])
            + x[6].powi(4)
            - 4.0 * x[5] * x[6]
            - 10.0 * x[5]
            - 8.0 * x[6],
        vec![
            -127.0 + 2.0 * square(x[0]) + 3.0 * x[1].powi(4) + x[2] + 4.0 * square(x[3]) + 5.0 * x[4],
            -282.0 + 7.0 * x[0] + 3.0 * x[1] + 10.0 * square(x[2]) + x[3] - x[4],
            -196.0 + 23.0 * x[0] + square(x[1]) + 6.0 * square(x[5]) - 8.0 * x[6],
            4.0 * square(x[0]) + square(x[1]) - 3.0 * x[0] * x[1] + 2.0 * square(x[2]) + 5.0 * x[5]
                - 11.0 * x[6],
        ],
        vec![],
    )
}

fn g24(x: &[f64]) -> Judged {
    (
        -x[0] - x[1],
        vec![
            -2.0 * x[0].powi(4) + 8.0 * x[0].powi(3) - 8.0 * square(x[0]) + x[1] - 2.0,
            -4.0 * x[0].powi(4) + 32.0 * x[0].powi(3) - 88.0 * square(x[0]) + 96.0 * x[0] + x[1] - 36.0,
        ],
        vec![],
    )
}
