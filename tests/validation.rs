//! Sampling, aggregates, statistics and the command `validate`.

use gainswarm::config::Config;
use gainswarm::costs::{Aggregate, AggregateKind};
use gainswarm::draw::{Draw, Purpose};
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::sampling::{Nominal, scenarios};
use gainswarm::simulation::{Ending, Record};
use gainswarm::statistics::{Distribution, holm, wilson};
use gainswarm::validation::{RunId, sets};
use proptest::prelude::*;

use crate::support::{gainswarm, stderr, stdout, write_config};

fn parse(text: &str) -> Config {
    Config::parse("study.toml".as_ref(), text).expect("a valid study")
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} and {expected}");
}

fn aggregate(kind: AggregateKind, costs: &[(f64, f64)]) -> f64 {
    Aggregate { kind, mean: 0.7, worst: 0.3, alpha: 0.25, quantile: 0.6 }.of(&mut costs.to_vec())
}

#[test]
fn aggregates_are_what_they_are_called() {
    // Costs 1, 2, 3, 10 with weights 0.4, 0.3, 0.2, 0.1.
    let costs = [(3.0, 0.2), (1.0, 0.4), (10.0, 0.1), (2.0, 0.3)];
    near(aggregate(AggregateKind::Mean, &costs), 2.6, 1e-15);
    near(aggregate(AggregateKind::Worst, &costs), 10.0, 0.0);
    near(aggregate(AggregateKind::MeanMax, &costs), 0.7 * 2.6 + 0.3 * 10.0, 1e-15);
    // The worst quarter: all of the 10 and 0.15 of the 3.
    near(aggregate(AggregateKind::Cvar, &costs), (10.0 * 0.1 + 3.0 * 0.15) / 0.25, 1e-14);
    near(aggregate(AggregateKind::Quantile, &costs), 2.0, 0.0);
    // Sixty per cent of ten equal scenarios: the sixth of them.
    let even: Vec<(f64, f64)> = (1..=10_u8).map(|k| (f64::from(k), 0.1)).collect();
    near(aggregate(AggregateKind::Quantile, &even), 6.0, 0.0);
}

proptest! {
    #[test]
    fn aggregates_are_monotone_and_never_below_their_leverage(
        costs in proptest::collection::vec((0.0..1e3_f64, 0.01..1.0_f64), 1..12),
        raised in 0_usize..12, by in 0.0..1e3_f64, alpha in 0.01..1.0_f64, quantile in 0.01..1.0_f64,
    ) {
        let total: f64 = costs.iter().map(|(_, weight)| weight).sum();
        let costs: Vec<(f64, f64)> = costs.iter().map(|(cost, weight)| (*cost, weight / total)).collect();
        for kind in [
            AggregateKind::Mean, AggregateKind::Worst, AggregateKind::MeanMax, AggregateKind::Cvar, AggregateKind::Quantile,
        ] {
            let aggregate = Aggregate { kind, mean: 0.7, worst: 0.3, alpha, quantile };
            let value = aggregate.of(&mut costs.clone());
            let mut higher = costs.clone();
            let index = raised % costs.len();
            higher[index].0 += by;
            prop_assert!(aggregate.of(&mut higher) >= value * (1.0 - 1e-12));
            for (cost, weight) in &costs {
                prop_assert!(value >= cost * aggregate.leverage(*weight) * (1.0 - 1e-9), "{:?}", kind);
            }
        }
    }
}

#[test]
fn abandonment_changes_nothing_with_any_aggregate_and_saves_most_with_the_worst() {
    let study = |aggregate: &str, abandonment: bool| {
        format!(
            "[aggregate]\ntype = \"{aggregate}\"\n[simulation]\nduration = 1.5\nearly_abandonment = {abandonment}\n\
             [[scenarios]]\ncount = 4\nweight = 3.0\nranges = {{ theta1 = 0.1 }}\n\
             [[scenarios]]\ninitial_state = [0.0, 0.2, 0.2, 0.0, 0.0, 0.0]\n\
             [swarm]\nparticles = 24\nrule = \"spso2011\"\n[swarm.stopping]\ngenerations = 12\n"
        )
    };
    let tune = |aggregate: &str, abandonment: bool| {
        let problem = Problem::new(&parse(&study(aggregate, abandonment)));
        engine::tune(&problem, Resources::default(), &mut |_| {}).expect("a tuning")
    };
    let saved = |aggregate: &str| {
        let (with, without) = (tune(aggregate, true), tune(aggregate, false));
        assert_eq!((&with.values, with.best), (&without.values, without.best), "{aggregate}");
        without.tally.control_steps - with.tally.control_steps
    };
    let [mean, worst, ..] = ["mean", "worst", "mean_max", "cvar", "quantile"].map(saved);
    assert!(worst > mean);
}

#[test]
fn a_vector_beyond_a_limit_is_infeasible_but_before_any_that_falls() {
    let study = |limit: f64| {
        parse(&format!(
            "[limits]\nmax_cart_travel = {limit}\n[simulation]\nduration = 1.0\n\
             [[scenarios]]\ninitial_state = [0.0, 0.1, 0.1, 0.0, 0.0, 0.0]\n[swarm]\nparticles = 24\n\
             [swarm.stopping]\ngenerations = 10\n"
        ))
    };
    let tune = |limit: f64| {
        engine::tune(&Problem::new(&study(limit)), Resources::default(), &mut |_| {}).expect("a tuning")
    };
    let travel = study(1.0).term("cart_travel").expect("a term");
    let kept = tune(1.0);
    assert!(kept.best.is_feasible() && kept.value(travel)[1] <= 1.0);
    let exceeded = tune(1e-3);
    // No gains keep the cart within a millimetre, but the best hold the pendulum: violation e/(1 + e), e = travel/limit − 1.
    let excess = exceeded.value(travel)[1] / 1e-3 - 1.0;
    assert!(exceeded.failed() == Some(0) && !exceeded.best.is_feasible());
    near(exceeded.best.violation, excess / (1.0 + excess), 1e-12);
}

#[test]
fn groups_have_their_counts_weights_and_ranges_and_plants_stay_physical() {
    let config = parse(
        "[[scenarios]]\ncount = 3\nweight = 1.0\nranges = { theta1 = 0.05, x_dot = [0.1, 0.2] }\n\
         [[scenarios]]\ncount = 500\nweight = 3.0\nranges = { theta2 = 0.3 }\n\
         uncertainty = { link1_com = 95.0, link1_length = 50.0, link1_inertia = 95.0 }\n",
    );
    let nominal: Nominal<'_> = config.nominal();
    let (drawn, weights) = scenarios(&config.scenarios, &nominal);
    assert_eq!((drawn.len(), weights.len()), (503, 503));
    near(weights.iter().sum(), 1.0, 1e-12);
    near(weights[..3].iter().sum(), 0.25, 1e-12);
    for scenario in &drawn[..3] {
        let state = &scenario.initial_state;
        assert!(state[1].abs() <= 0.05 && (0.1..=0.2).contains(&state[3]) && state[2] == 0.0);
        assert!(scenario.conditions.plant.is_none());
    }
    for scenario in &drawn[3..] {
        let plant = scenario.conditions.plant.as_ref().expect("an uncertain plant");
        // link1_length, link1_com and link1_inertia are the parameters 3, 5 and 7.
        assert!(plant[5] <= plant[3] && plant[7] > 0.0);
        let known = &config.plant.values;
        near(plant[5], known[5], 0.95 * known[5]);
        near(plant[0], known[0], 0.0);
    }
    assert_eq!(scenarios(&config.scenarios, &nominal), (drawn, weights), "the same every time");
}

#[test]
fn sobol_starts_are_more_even_than_uniform_ones() {
    let starts = |sampling: &str| {
        let text = format!(
            "[[scenarios]]\ncount = 64\nsampling = \"{sampling}\"\nranges = {{ theta1 = 1.0, theta2 = 1.0 }}\n"
        );
        let config = parse(&text);
        let (drawn, _) = scenarios(&config.scenarios, &config.nominal());
        // How many of the 8×8 cells hold exactly one of the 64 starts: all of them for a (0, 2)-sequence.
        let cell = |angle: f64| ((angle + 1.0) * 4.0).floor();
        let mut cells: Vec<(u64, u64)> = drawn
            .iter()
            .map(|scenario| {
                (cell(scenario.initial_state[1]).to_bits(), cell(scenario.initial_state[2]).to_bits())
            })
            .collect();
        cells.sort_unstable();
        cells.dedup();
        cells.len()
    };
    assert_eq!(starts("sobol"), 64);
    assert!(starts("uniform") < 56, "64 balls in 64 cells leave about 64/e empty");
}

#[test]
fn intervals_and_tests_agree_with_published_and_computed_values() {
    // Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3.
    for (successes, runs, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let found = wilson(successes, runs);
        near(found.low, low, 5e-5);
        near(found.high, high, 5e-5);
    }
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        near(*found, expected, 1e-12);
    }
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "a small count")]
fn a_bootstrap_interval_of_the_mean_is_that_of_the_normal_theory() {
    let mut draw = Draw::new(9, Purpose::Validation, 0, 0);
    let numbers: Vec<f64> = (0..500).flat_map(|_| draw.normals()).collect();
    let found = Distribution::of(&numbers, 1, 0);
    let mean = numbers.iter().sum::<f64>() / 1000.0;
    let deviation = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 999.0).sqrt();
    let half = 1.96 * deviation / 1000.0_f64.sqrt();
    near(found.mean.value, mean, 1e-12);
    // The ends are quantiles of 1,000 resamples: good to a tenth of the interval.
    near(found.mean.low, mean - half, 0.25 * half);
    near(found.mean.high, mean + half, 0.25 * half);
    let mut sorted = numbers;
    sorted.sort_by(f64::total_cmp);
    // Between two numbers a quantile is interpolated: 0.95·999 = 949.05.
    near(found.median.value, 0.5 * (sorted[499] + sorted[500]), 1e-15);
    near(found.p95.value, 0.95 * sorted[949] + 0.05 * sorted[950], 1e-14);
    near(found.worst, sorted[999], 0.0);
    assert!(found.p95.low < found.p95.value && found.p95.value < found.p95.high);
}

const STUDY: &str = "
[simulation]
duration = 6.0
[[scenarios]]
initial_state = [0.0, 0.05, 0.05, 0.0, 0.0, 0.0]
[[scenarios]]
initial_state = [0.0, -0.05, -0.02, 0.0, 0.0, 0.0]
";

#[test]
fn without_validation_tables_the_starts_span_a_box_and_the_harder_set_is_wider() {
    let config = parse(STUDY);
    let sets = sets(&config).expect("starts that differ");
    assert_eq!(sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>(), ["same", "harder"]);
    let starts = |set: usize| -> Vec<Vec<f64>> {
        (0..200).map(|index| sets[set].scenario(&config, 1, index).initial_state).collect()
    };
    assert!(starts(0).iter().all(|start| start[1].abs() <= 0.05 && (-0.02..=0.05).contains(&start[2])));
    assert!(starts(1).iter().all(|start| start[1].abs() <= 0.075 + 1e-15));
    assert!(starts(1).iter().any(|start| start[1].abs() > 0.05));
    assert!(
        "a/b/7/12".parse() == Ok(RunId { set: "a/b".into(), seed: 7, index: 12 })
            && "7/x".parse::<RunId>().is_err()
    );
}

#[test]
fn validation_meets_other_starts_than_the_tuning_and_refuses_a_single_one() {
    let config = parse(
        "[[scenarios]]\ncount = 50\nseed = 1\nranges = { theta1 = 0.1 }\n\
         [[validation]]\nname = \"v\"\nsampling = \"sobol\"\nranges = { theta1 = 0.1 }\n",
    );
    let (tuned, _) = scenarios(&config.scenarios, &config.nominal());
    let set = &sets(&config).expect("a set")[0];
    for index in 0..50 {
        let fresh = set.scenario(&config, 1, index).initial_state;
        assert!(tuned.iter().all(|scenario| scenario.initial_state != fresh));
    }
    // Beyond the end of the Sobol sequence the starts are uniform.
    assert!(set.scenario(&config, 1, 1 << 20).initial_state[1].abs() <= 0.1);

    let one = "[[scenarios]]\ninitial_state = [0.0, 0.1, 0.0, 0.0, 0.0, 0.0]\n";
    let error = sets(&parse(one)).expect_err("nothing to draw from").to_string();
    assert!(error.contains("a single scenario") && error.contains("[[validation]]"), "{error}");
}

#[test]
fn a_start_of_the_users_own_meets_the_disturbances_of_the_study() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "[simulation]\nduration = 1.0\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
                disturbances = [{ type = \"step\", amplitude = 20.0, start = 0.2 }]\n";
    let config = write_config(directory.path(), "study.toml", text);
    let run = |options: &[&str]| {
        let run = gainswarm(&[&["simulate", &config, "--every", "500"], options].concat());
        assert!(run.status.success(), "{}", stderr(&run));
        stdout(&run)
    };
    assert_eq!(run(&["--initial-state", "0,0.1,-0.05,0,0,0"]), run(&[]));
}

#[test]
fn validate_reports_what_replay_shows_and_tells_good_gains_from_bad() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", STUDY);
    let gains = |name: &str, [first, second]: [f64; 2]| {
        let text = format!(
            "controller,gain,value,unit,lower,upper,tuned\nclassical,lambda1,{first},1/s,,,true\nclassical,lambda2,{second},1/s,,,true\n"
        );
        write_config(directory.path(), name, text)
    };
    let (good, bad) = (gains("good.csv", [3.49, 9.32]), gains("bad.csv", [0.02, 0.02]));
    let output = directory.path().join("out");
    let out = output.to_str().expect("UTF-8");
    let run = gainswarm(&[
        "validate",
        &config,
        "--gains",
        &good,
        "--against",
        &bad,
        "--samples",
        "200",
        "--output",
        out,
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = stdout(&run);
    assert!(text.contains("same: 200 runs") && text.contains("harder: 200 runs"), "{text}");
    assert!(text.contains("p after Holm") && text.contains("same: both fell in "), "{text}");
    let (_, other) = text.split_once("the other gains\nsame: 200 runs, ").expect("how the others do");
    assert!(other.contains("harder: 200 runs, "), "{text}");

    let json = std::fs::read_to_string(output.join("validation.json")).expect("JSON");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let share = |of: &str| json[of][1]["success"]["value"].as_f64().expect("a share");
    assert!(share("others") < share("sets"), "{}", json["others"]);
    let worst = &json["sets"][0]["worst"][0];
    let id = worst["id"].as_str().expect("an id");
    let replay = gainswarm(&["simulate", &config, "--gains", &good, "--replay", id, "--every", "1000"]);
    let cost = worst["cost"].as_f64().expect("a cost");
    assert!(stderr(&replay).trim_end().ends_with(&format!("cost {cost}")), "{} and {cost}", stderr(&replay));
    // The bad gains differ in cost beyond chance on both sets.
    let all = json["differences"].as_array().expect("differences");
    let costs: Vec<_> = all.iter().filter(|found| found["measure"] == "cost").collect();
    assert_eq!(costs.len(), 2);
    assert!(costs.iter().all(|found| found["p"].as_f64().expect("a p-value") < 1e-6), "{costs:?}");

    let mut table = csv::Reader::from_path(output.join("validation.csv")).expect("a table");
    assert_eq!(table.headers().expect("a header").iter().next_back(), Some("failed"));
    let rows = table.records().count();
    assert_eq!(rows, 2 * (2 + 7));
    let strict = ["--samples", "50", "--require", "1.0", "--quiet", "--output", out];
    let run = gainswarm(&[&["validate", &config, "--gains", &bad], &strict[..]].concat());
    assert_eq!(run.status.code(), Some(1));
    for (option, value, words) in [
        ("--replay", "nowhere/1/2", "the sets of this study are same, harder"),
        ("--replay", "same/1", "set/seed/index"),
    ] {
        let run = gainswarm(&["simulate", &config, option, value]);
        assert!(run.status.code() == Some(2) && stderr(&run).contains(words), "{}", stderr(&run));
    }
}

/// The study and the gains of `FALLS`: a pole on a cart that falls from about a start in forty-five, and costs far beyond any penalty.
const FALLS: [&str; 2] = [
    r#"
study = "falls"
[plant]
type = "cart_pole"
cart_mass = 0.5
link_mass = 0.2
link_length = 0.6
link_com = 0.3
link_inertia = 0.006
gravity = 9.8
cart_friction = 0.1
joint_friction = 0.0
[controller]
type = "classical"
u_max = 10.0
[simulation]
duration = 3.0
track_limit = 10.0
angle_limit = 1.5707
[[scenarios]]
count = 8
ranges = { theta = 0.2 }
[[validation]]
name = "same"
ranges = { theta = 0.9 }
[[validation]]
name = "lost"
ranges = { theta = [1.3, 1.4] }
[cost.ise]
weight = 1e9
norm = 1.0
"#,
    "controller,gain,value,unit,lower,upper,tuned
classical,k1,14.77908264593568,1,1.0,50.0,true
classical,k2,31.33,1,,,false
classical,lambda1,4.985177019257241,1/s,0.5,30.0,true
classical,lambda2,9.32,1/s,,,false
classical,K,0.1,N,0.1,100.0,true
classical,kd,84.58169130620242,N s/rad,0.0,100.0,true
classical,kx,11.53,rad/m,,,false
classical,lambdax,1.19,1/s,,,false
classical,epsilon,0.3,rad/s,,,false
classical,u_max,10.0,N,,,false
classical,eq_limit,5.0,1,,,false
",
];

#[test]
fn a_fall_is_worse_than_any_run_that_survives_whatever_the_weights() {
    let directory = tempfile::tempdir().expect("a directory");
    let [config, gains] = [("falls.toml", FALLS[0]), ("gains.csv", FALLS[1])]
        .map(|(name, text)| write_config(directory.path(), name, text));
    let output = directory.path().join("out");
    let out = output.to_str().expect("UTF-8");
    let run = gainswarm(&["validate", &config, "--gains", &gains, "--samples", "1000", "--output", out]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let json = std::fs::read_to_string(output.join("validation.json")).expect("JSON");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");

    let same = &json["sets"][0];
    let failed = same["failed"].as_u64().expect("a count");
    assert!((10..100).contains(&failed), "{failed}");
    let worst = same["worst"].as_array().expect("runs");
    assert!(worst.len() == 10 && worst.iter().all(|case| case["failed"] == true), "{worst:?}");
    let steps: Vec<u64> =
        worst.iter().map(|case| case["survived_steps"].as_u64().expect("a count")).collect();
    assert!(steps.is_sorted() && steps[9] < 3000, "the earliest falls first: {steps:?}");
    assert!(stdout(&run).contains(&format!("--replay {}", worst[0]["id"].as_str().expect("an id"))));

    // Costs are those of the runs that survive, none of which a penalty of 2e6 could have lowered.
    assert_eq!(same["cost"]["runs"].as_u64(), Some(1000 - failed));
    let counts = same["histogram"]["counts"].as_array().expect("counts");
    assert_eq!(counts.iter().filter_map(serde_json::Value::as_u64).sum::<u64>(), 1000 - failed);
    let mut table = csv::Reader::from_path(output.join("validation.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let cost = rows.iter().find(|row| &row[0] == "same" && &row[1] == "cost").expect("the cost");
    assert_eq!([&cost[3], &cost[14]], [(1000 - failed).to_string(), failed.to_string()]);

    // Where every run falls there is no cost at all.
    let lost = &json["sets"][1];
    assert!(lost["failed"] == 1000 && lost["cost"].is_null() && lost["histogram"].is_null());
    assert!(!rows.iter().any(|row| &row[0] == "lost" && &row[1] == "cost"));
    assert_eq!(lost["worst"][0]["failed"], true);
}

#[test]
fn runs_are_ordered_by_outcome_before_cost() {
    let survived = |cost| Record { ending: Ending::Survived, cost, steps: 3000, ..Record::PENDING };
    let failed = |steps: u64, cost| Record { ending: Ending::Failed, cost, steps, ..Record::PENDING };
    let panicked = Record { ending: Ending::Panicked, cost: 2e6, ..Record::PENDING };
    // Best first; the costs of the falls are as their penalties, and as nobody should look at them.
    let order = [
        survived(0.0),
        survived(1.0),
        survived(1e12),
        survived(f64::INFINITY),
        failed(2999, 1e6),
        failed(2, 2e6),
        failed(1, 0.0),
        panicked,
    ];
    for (k, better) in order.iter().enumerate() {
        assert!(better.rank(better).is_eq());
        for worse in &order[k + 1..] {
            assert!(better.rank(worse).is_lt() && worse.rank(better).is_gt(), "{better:?} and {worse:?}");
        }
        for unknown in [survived(f64::NAN), survived(-f64::NAN), Record::PENDING] {
            assert!(better.rank(&unknown).is_le());
        }
    }
}

#[test]
fn gains_that_fall_in_a_scenario_have_no_cost_but_terms_of_those_that_survive() {
    let config = parse(
        "[simulation]\nduration = 0.5\nangle_limit = 0.5\n[controller]\nu_max = 0.01\n\
         [[scenarios]]\ninitial_state = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n\
         [[scenarios]]\ninitial_state = [0.0, 0.4, 0.4, 0.0, 0.0, 0.0]\n\
         [swarm]\nparticles = 10\n[swarm.stopping]\ngenerations = 2\n",
    );
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    assert_eq!(tuning.failed(), Some(1));
    assert!(!tuning.best.is_feasible() && tuning.cost().is_nan());
    // The pole that starts upright at rest stays there.
    for term in ["ise", "overshoot", "settling_time", "peak_force"] {
        let [mean, worst] = tuning.value(config.term(term).expect(term));
        assert!(mean.abs() < 1e-12 && worst.abs() < 1e-12, "{term}: {mean} {worst}");
    }
}
