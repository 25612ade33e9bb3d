//! Studies with several objectives: their trade-offs, the files of them, and the choice of one.

use std::path::Path;
use std::process::Output;

use gainswarm::archive;
use gainswarm::config::Config;
use gainswarm::engine::{self, Flow, Observer, Progress, Resources, Run, TradeOff, Tuning};
use gainswarm::problem::Problem;
use gainswarm::simulation::SimdLevel;
use gainswarm::stability::Verdict;

use crate::support::{gainswarm, results, stderr, stdout, study, write_config};

const SHIPPED: &str = include_str!("../configs/dc_motor_trade_off.toml");

/// A short search on the motor of the shipped study: 3 generations of 30 and one of 10.
fn short() -> String {
    SHIPPED.replace("evaluations = 12000", "evaluations = 100").replace("duration = 2.0", "duration = 0.7")
}

fn tune(config: &Config, threads: usize) -> Tuning {
    let resources = Resources { threads, ..Resources::default() };
    engine::tune(&Problem::new(config), resources, &mut |_| {}).expect("a tuning")
}

/// The best value of a term alone, on the motor of the shipped study.
fn alone(term: &str) -> f64 {
    let (before, rest) = SHIPPED.split_once("# Each objective").expect("objectives");
    let (_, after) = rest.split_once("[limits]").expect("limits");
    let weight = |name: &str| format!("weight = {}\n", u8::from(name == term));
    let before = before.replace("# of the voltage, in V² s", &("\n".to_owned() + &weight("control_effort")));
    let cost = format!("[cost.settling_time]\n{}", weight("settling_time"));
    let config = study(&format!("{before}{cost}[limits]{after}").replace("12000", "3000"));
    let tuning = tune(&config, 2);
    assert!(tuning.best.is_feasible());
    tuning.best.cost
}

/// Whether the second objective falls as the first grows.
fn is_monotone(front: &[TradeOff]) -> bool {
    let falls = |a: &[f64], b: &[f64]| a[0] < b[0] && a[1] > b[1];
    front.windows(2).all(|pair| falls(&pair[0].objectives, &pair[1].objectives))
}

#[test]
fn a_motors_trade_offs_are_monotone_and_end_where_one_objective_alone_does() {
    let config = study(SHIPPED);
    let tuning = tune(&config, 2);
    assert!(tuning.front.len() > 50);
    assert!(is_monotone(&tuning.front));
    let [first, last] = [&tuning.front[0], &tuning.front[tuning.front.len() - 1]];
    assert_eq!((&first.ends, &last.ends), (&vec![0], &vec![1]));
    for (found, term) in [(first.objectives[0], "settling_time"), (last.objectives[1], "control_effort")] {
        let expected = alone(term);
        assert!((found / expected - 1.0).abs() < 0.01, "{term} {found} {expected}");
    }
    let knee: Vec<&TradeOff> = tuning.front.iter().filter(|point| point.is_knee).collect();
    assert!(knee.len() == 1 && knee[0].values == tuning.values);
    // It may fall by a little where a point goes that adds little on another scale.
    let volumes: Vec<f64> =
        tuning.convergence.iter().map(|row| row.front.expect("trade-offs").hypervolume).collect();
    assert!(volumes.windows(2).all(|pair| pair[1] >= pair[0] * (1.0 - 1e-3)), "{volumes:?}");
    assert!(tuning.how_far().has_converged());
    assert_eq!(tuning.tally.abandoned, 0);
}

#[test]
fn the_double_pendulums_trade_offs_are_monotone_and_end_where_one_objective_alone_does() {
    let tuning = tune(&study(include_str!("../configs/double_pendulum_trade_off.toml")), 2);
    assert!(is_monotone(&tuning.front));
    // The best of three tunings for one objective alone, of 8,000 gain vectors each (docs/swarm.md).
    let alone = [2.6360, 3.1157];
    let ends = [&tuning.front[0], &tuning.front[tuning.front.len() - 1]];
    for (objective, (end, best)) in ends.into_iter().zip(alone).enumerate() {
        let found = end.objectives[objective];
        assert!((found / best - 1.0).abs() < 0.01, "{found} {best}");
    }
}

/// Two scenarios, two terms with weights and norms, and an expression.
fn composed() -> Config {
    let text = short()
        .replace("signals = { reference = 100.0 }\n\n[[validation]]", "signals = { reference = 100.0 }\nweight = 3.0\n\n[[scenarios]]\nsignals = { reference = 50.0 }\n\n[[validation]]")
        .replace("# of the voltage, in V² s", "\nnorm = 4.0\n[cost.heat]\nintegrate = \"0.4*current^2\"")
        .replace("name = \"effort\"\ncost = { control_effort = 1.0 }", "name = \"effort\"\ncost = { control_effort = 2.0, heat = 0.5 }\n[[objectives]]\nname = \"way\"\nexpression = \"rise_time + 0.01*overshoot\"")
        .replace("max_settling_time = 0.6", "");
    study(&text)
}

#[test]
fn an_objective_is_the_aggregate_of_its_weighted_terms() {
    for worst in [false, true] {
        let mut config = composed();
        if worst {
            config.aggregate.kind = gainswarm::costs::AggregateKind::Worst;
        }
        let tuning = tune(&config, 2);
        assert!(!tuning.front.is_empty());
        let problem = Problem::new(&config);
        for point in &tuning.front {
            let records = engine::assess(&problem, Resources::default(), &point.values).expect("records");
            let value =
                |record: usize, name: &str| records[record].values[config.term(name).expect("a term")];
            let costs = |record: usize| {
                [
                    value(record, "settling_time"),
                    2.0 * value(record, "control_effort") / 4.0 + 0.5 * value(record, "heat"),
                    value(record, "rise_time") + 0.01 * value(record, "overshoot"),
                ]
            };
            for (k, found) in point.objectives.iter().enumerate() {
                let [first, second] = [costs(0)[k], costs(1)[k]];
                let expected = if worst { first.max(second) } else { 0.75 * first + 0.25 * second };
                assert!(
                    (found - expected).abs() < 1e-12 * expected.abs().max(1e-3),
                    "{k}: {found} {expected}"
                );
            }
        }
    }
    // What is resolved reads as the same study.
    let config = composed();
    assert_eq!(
        Config::parse(Path::new("study.toml"), &config.to_toml()).expect("a study"),
        Config { study: "study".into(), ..config }
    );
}

/// Stops a run after a generation and keeps its state.
struct Stop(u64, Vec<u8>);

impl Observer for Stop {
    fn generation(&mut self, _: &Progress, run: &mut Run<'_>) -> Flow {
        if run.generations() < self.0 {
            return Flow::Continue;
        }
        archive::save(run, &mut self.1);
        Flow::Interrupt
    }
}

#[test]
fn trade_offs_have_the_same_bits_at_any_thread_count_and_level_and_after_any_interruption() {
    let config = study(&short());
    let expected = tune(&config, 1);
    assert!(expected.front.len() > 2 && expected.evaluations == 100);
    let same = |other: &Tuning| {
        assert_eq!(other.front, expected.front);
        let rows = |tuning: &Tuning| {
            let volume = |row: &engine::Generation| row.front.map(|front| front.hypervolume.to_bits());
            tuning.convergence.iter().map(volume).collect::<Vec<_>>()
        };
        assert_eq!(rows(other), rows(&expected));
    };
    same(&tune(&config, 3));
    let problem = Problem::new(&config);
    for level in SimdLevel::available() {
        let resources = Resources { threads: 1, level };
        same(&engine::tune(&problem, resources, &mut |_| {}).expect("a tuning"));
    }
    for generation in 1..=4 {
        let mut stop = Stop(generation, Vec::new());
        let run = Run::new(&problem).expect("memory");
        run.search(Resources::default(), &mut stop).expect("a tuning");
        let run = Run::restore(&problem, &stop.1).expect("its own state");
        same(&run.search(Resources::default(), &mut |_: &Progress| {}).expect("a tuning"));
    }
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    let mut all = arguments.to_vec();
    let output = directory.to_str().expect("UTF-8");
    all.extend(["--output", output, "--quiet"]);
    gainswarm(&all)
}

fn rows(directory: &Path) -> Vec<Vec<String>> {
    let mut csv = csv::Reader::from_path(directory.join("pareto.csv")).expect("trade-offs");
    let header = csv.headers().expect("a header").iter().map(String::from).collect();
    let rows = csv.records().map(|row| row.expect("a row").iter().map(String::from).collect());
    std::iter::once(header).chain(rows).collect()
}

#[test]
fn pareto_csv_tells_gains_objectives_marks_and_margins() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let directory = folder.path().join("out");
    let tuned = gainswarm(&["tune", &config, "--output", directory.to_str().expect("UTF-8")]);
    assert!(tuned.status.success(), "{}", stderr(&tuned));
    assert!(stdout(&tuned).contains("best settling_time") && stdout(&tuned).contains("knee: gains.csv"));
    let rows = rows(&directory);
    assert_eq!(
        rows[0],
        [
            "Kp",
            "Ki",
            "Kd",
            "settling_time",
            "effort",
            "knee",
            "extreme",
            "certificate",
            "max_real_part",
            "spectral_radius",
            "period_factor",
            "gain_margin",
            "gain_margin_down",
            "phase_margin",
            "delay_margin",
            "max_sensitivity",
            "max_complementary_sensitivity"
        ]
    );
    let study = study(&short());
    let certify = gainswarm::problem::certifier(&study);
    for row in &rows[1..] {
        let mut values = study.controller.values.clone();
        for (value, cell) in values.iter_mut().zip(&row[..3]) {
            *value = cell.parse().expect("a number");
        }
        let certificate = certify(&values);
        assert_eq!(certificate.verdict, Verdict::Stable);
        let margins = certificate.margins.expect("a loop");
        assert_eq!(row[13].parse().ok(), Some(margins.phase));
        assert_eq!(row[15].parse().ok(), Some(margins.sensitivity));
    }
}

#[test]
fn pick_makes_gains_of_any_trade_off() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let directory = folder.path().join("out");
    assert!(run(&directory, &["tune", &config]).status.success());
    let rows = rows(&directory);
    let front = directory.to_str().expect("UTF-8");
    let pick = |options: &[&str]| {
        let mut all = vec!["pick", front];
        all.extend(options);
        gainswarm(&all)
    };
    // The gains of a row, as gains.csv has them.
    let gains = |picked: &Output| {
        assert!(picked.status.success(), "{}", stderr(picked));
        let text = stdout(picked);
        let lines =
            text.lines().skip(1).take(3).map(|line| line.split(',').nth(2).expect("a value").to_owned());
        lines.collect::<Vec<_>>()
    };
    let numbers =
        |cells: &[String]| cells.iter().map(|cell| cell.parse().expect("a number")).collect::<Vec<f64>>();
    let same = |picked: &Output, row: &[String]| assert_eq!(numbers(&gains(picked)), numbers(&row[..3]));
    let knee = rows.iter().find(|row| row[5] == "true").expect("a knee");
    same(&pick(&["--knee"]), knee);
    assert_eq!(stdout(&pick(&[])), std::fs::read_to_string(directory.join("gains.csv")).expect("gains"));
    let end = |name: &str| rows.iter().find(|row| row[6] == name).expect("an end");
    same(&pick(&["--weights", "1,0"]), end("settling_time"));
    same(&pick(&["--weights", "0,1"]), end("effort"));
    // Of all that settle in time, the one with the least effort.
    let middle = &rows[1 + rows.len() / 2];
    same(&pick(&["--max", &format!("settling_time <= {}", middle[3]), "--weights", "0,1"]), middle);
    let file = folder.path().join("picked.csv");
    let file = file.to_str().expect("UTF-8");
    assert!(pick(&["--weights", "1,0", "--output", file]).status.success());
    assert!(gainswarm(&["simulate", &config, "--gains", file]).status.success());
    for (options, words) in [
        (&["--weights", "1"][..], "a number from 0 to 1e12 for each of settling_time, effort"),
        (&["--weights", "0,0"], "not all 0"),
        (&["--max", "effort < 1"], "the trade-offs have settling_time from"),
        (&["--max", "efort < 1"], "allowed: NAME <= NUMBER, of settling_time, effort"),
        (&["--knee", "--weights", "1,1"], "cannot be used with"),
        (&["--output", directory.join("pareto.csv").to_str().expect("UTF-8")], "would be replaced"),
    ] {
        let refused = pick(options);
        assert_eq!(refused.status.code(), Some(2), "{options:?}");
        assert!(stderr(&refused).contains(words), "{}", stderr(&refused));
    }
}

#[test]
fn a_run_with_a_larger_budget_and_one_that_is_resumed_write_the_same_files() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let [grown, whole] = ["grown", "whole"].map(|name| folder.path().join(name));
    assert!(run(&grown, &["tune", &config]).status.success());
    assert!(run(&grown, &["tune", &config, "--evaluations", "160", "--resume"]).status.success());
    assert!(run(&whole, &["tune", &config, "--evaluations", "160", "--threads", "1"]).status.success());
    assert_eq!(results(&grown), results(&whole));
    assert_eq!(rows(&grown), rows(&whole));
    let convergence = std::fs::read_to_string(whole.join("convergence.csv")).expect("convergence");
    assert!(convergence.lines().next().expect("a header").ends_with("growth_bytes,hypervolume,kept"));
}

#[test]
fn without_a_feasible_point_there_are_no_trade_offs_to_pick() {
    let folder = tempfile::tempdir().expect("a directory");
    let text = short().replace("max_settling_time = 0.6", "max_settling_time = 0.0011");
    let config = write_config(folder.path(), "motor.toml", text);
    let directory = folder.path().join("out");
    let tuned = run(&directory, &["tune", &config]);
    assert_eq!(tuned.status.code(), Some(1), "{}", stderr(&tuned));
    assert_eq!(rows(&directory).len(), 1);
    let picked = gainswarm(&["pick", directory.to_str().expect("UTF-8")]);
    assert_eq!(picked.status.code(), Some(2));
    assert!(stderr(&picked).contains("holds no trade-offs"), "{}", stderr(&picked));
}

#[test]
fn objectives_that_cannot_be_are_refused_with_what_can() {
    let effort = "cost = { control_effort = 1.0 }";
    for (from, to, words) in [
        (
            "[[objectives]]\nname = \"effort\"\ncost = { control_effort = 1.0 }",
            "",
            "has fewer than two tables",
        ),
        (effort, "cost = { control_effrt = 1.0 }", "did you mean `control_effort`"),
        (effort, "cost = { control_effort = 0.0 }", "control_effort = 0.0"),
        (effort, "cost = {}", "cost is empty"),
        (effort, "", "names no term \"effort\""),
        (effort, "expression = \"rise_time +\"", "objectives[2].expression"),
        (effort, "expression = \"rise_tim\"", "rise_tim"),
        (effort, "expression = \"rise_time\"\ncost = { overshoot = 1.0 }", "stands beside an expression"),
        (effort, "cost = { control_effort = 1.0 }\nwieght = 1.0", "unknown key `wieght`"),
        ("name = \"effort\"", "name = \"settling_time\"", "appears twice"),
        ("name = \"effort\"", "name = \"a b\"", "letters, digits and single `_`"),
        ("name = \"effort\"", "name = \"Kp\"", "is the name of a gain"),
        ("name = \"effort\"", "", "name is missing"),
        (
            "name = \"effort\"\ncost = { control_effort = 1.0 }",
            "name = \"omega\"\nexpression = \"rise_time\"",
            "is that of a term or value",
        ),
        ("[cost.control_effort]", "[cost.control_effort]\nweight = 2.0", "is for [[objectives]] to say"),
        (
            "[swarm.stopping]",
            "[swarm]\nrule = \"learning\"\n[swarm.stopping]",
            "swarm.rule is not for several objectives",
        ),
        ("evaluations = 12000", "target = 1.0", "swarm.stopping.target is not for several objectives"),
    ] {
        assert!(SHIPPED.contains(from), "{from}");
        let refused = Config::parse(Path::new("study.toml"), &SHIPPED.replacen(from, to, 1));
        let refused = refused.expect_err(to).to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn the_page_shows_the_front_and_its_ends() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let directory = folder.path().join("out");
    assert!(run(&directory, &["tune", &config]).status.success());
    let out = directory.to_str().expect("UTF-8");
    assert!(gainswarm(&["report", out, "--plots"]).status.success());
    let plot = directory.join("plots/front_settling_time_effort.svg");
    assert!(plot.exists());
    let page = std::fs::read_to_string(directory.join("report.html")).expect("a page");
    for text in [
        "best settling time",
        "<th scope=\"row\">best effort</th>",
        "\"tells\":[\"Kp\",\"Ki\",\"Kd\"]",
        "settling time, s",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // Trajectories of every trade-off, of which one is chosen by a click.
    assert!(page.contains("id=\"trade-off\"") && page.contains("front.points"));
    let data = page.split_once("id=\"data\">").expect("data").1.split_once("</script>").expect("its end").0;
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    let points = data["trade_offs"]["points"].as_array().expect("points");
    assert_eq!(points.len(), rows(&directory).len() - 1);
    for point in points {
        let columns = point["columns"].as_array().expect("columns");
        let times = columns[0].as_array().expect("times");
        assert_eq!(columns.len(), 1 + data["trade_offs"]["labels"].as_array().expect("labels").len());
        assert!(times.len() > 2 && times.last().and_then(serde_json::Value::as_f64) == Some(0.7));
        assert!(columns.iter().all(|column| column.as_array().expect("numbers").len() == times.len()));
    }
    assert!(page.contains("\"hypervolume\":[") && page.contains("Hypervolume of the trade-offs"));
    assert!(page.contains(&format!("{} trade-offs were kept", rows(&directory).len() - 1)));
    // A new tuning, of one cost, takes away what is no longer true.
    assert!(run(&directory, &["tune", &config, "--seed", "2", "--force"]).status.success());
    assert!(!plot.exists());
    let one = short().replace("[[objectives]]", "[[unused]]");
    let (before, rest) = one.split_once("[[unused]]").expect("objectives");
    let (_, after) = rest.split_once("[limits]").expect("limits");
    let one = write_config(folder.path(), "motor.toml", format!("{before}[limits]{after}"));
    assert!(run(&directory, &["tune", &one, "--force"]).status.success());
    assert!(!directory.join("pareto.csv").exists());
    let picked = gainswarm(&["pick", out]);
    assert!(picked.status.code() == Some(2) && stderr(&picked).contains("of a study with one cost"));
}

#[test]
fn check_says_what_is_traded_off() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let checked = gainswarm(&["check", &config]);
    assert!(
        stdout(&checked).contains("# trades   settling_time against effort; up to 100 trade-offs are kept")
    );
}

#[test]
fn a_search_whose_hypervolume_has_stopped_to_grow_ends() {
    let stalling = |gain: &str| {
        let rules = format!("evaluations = 12000\nstall_generations = 5\nstall_gain = {gain}");
        tune(&study(&SHIPPED.replace("evaluations = 12000", &rules)), 2)
    };
    let tuning = stalling("0.001");
    assert_eq!(tuning.reason, gainswarm::swarm::StopReason::Stall);
    let volumes: Vec<f64> =
        tuning.convergence.iter().map(|row| row.front.expect("trade-offs").hypervolume).collect();
    let last = volumes.len() - 1;
    // For as many generations as are allowed, and no sooner, by no more than the share.
    assert!(volumes[last] <= volumes[last - 5] * 1.001, "{volumes:?}");
    let feasible = volumes.iter().position(|volume| *volume > 0.0).expect("a volume");
    for k in feasible + 5..last {
        assert!(volumes[k] > volumes[k - 5] * (1.0 + 1e-9), "generation {k} of {volumes:?}");
    }
}

#[test]
fn several_trade_offs_are_validated_in_one_table() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = write_config(folder.path(), "motor.toml", short());
    let directory = folder.path().join("out");
    assert!(run(&directory, &["tune", &config]).status.success());
    let front = directory.to_str().expect("UTF-8");
    let marked = ["validate", &config, "--front", front, "--samples", "50"];
    let said = gainswarm(&marked);
    assert!(stdout(&said).contains("best effort"), "{}{}", stdout(&said), stderr(&said));
    let read = || {
        let mut csv = csv::Reader::from_path(directory.join("pareto_validation.csv")).expect("a file");
        let header: Vec<String> = csv.headers().expect("a header").iter().map(String::from).collect();
        let rows = csv.records().map(|row| row.expect("a row").iter().map(String::from).collect());
        (header, rows.collect::<Vec<Vec<String>>>())
    };
    let (header, rows) = read();
    let place = |name: &str| header.iter().position(|known| known == name).expect("a column");
    assert!((2..=3).contains(&rows.len()));
    // What is found of a point is what validation finds of its gains alone.
    let knee = rows.iter().find(|row| row[place("knee")] == "true").expect("the knee");
    let gains = directory.join("gains.csv");
    let alone = folder.path().join("alone");
    let both = ["--gains", gains.to_str().expect("UTF-8"), "--output", alone.to_str().expect("UTF-8")];
    gainswarm(&[&["validate", &config, "--samples", "50", "--quiet"][..], &both].concat());
    let alone = std::fs::read_to_string(alone.join("validation.csv")).expect("a validation");
    let success = alone.lines().find(|line| line.contains(",success,")).expect("a row");
    assert_eq!(success.split(',').nth(4), Some(knee[place("success")].as_str()));
    gainswarm(&[&marked[..], &["--points", "all", "--quiet"]].concat());
    assert_eq!(read().1.len(), self::rows(&directory).len() - 1);
    let refused = gainswarm(&["validate", &config, "--samples", "50"]);
    assert_eq!(refused.status.code(), Some(2));
    // In parts it is the same table.
    let parts = folder.path().join("parts");
    let parts = parts.to_str().expect("UTF-8");
    for shard in ["2/3", "3/3", "1/3"] {
        let more = ["--points", "all", "--quiet", "--shard", shard, "--threads", "1", "--output", parts];
        let done = gainswarm(&[&marked[..], &more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
    }
    let refused = gainswarm(&["merge", parts, "--json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("of trade-offs"), "{}", stderr(&refused));
    let merged = gainswarm(&["merge", parts, "--quiet"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    let table = |directory: &Path| std::fs::read(directory.join("pareto_validation.csv")).expect("a table");
    assert_eq!(table(Path::new(parts)), table(&directory));
    std::fs::remove_file(Path::new(parts).join("validation-shard-2-of-3.bin")).expect("a shard");
    let missing = gainswarm(&["merge", parts, "--quiet"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("--front"), "{}", stderr(&missing));
}
