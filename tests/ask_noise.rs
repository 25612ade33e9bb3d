//! Searches among costs that are others when they are asked again.

use std::time::Duration;

use gainswarm::archive;
use gainswarm::config::Config;
use gainswarm::swarm::{Axis, Outcome, Plan, ResampledSearch, Scale, Search, Seeker, Settings, Stopping};
use serde_json::Value;

use crate::support::partner::{answered, converse, told};
use crate::support::{SMALL_STUDY, write_config};

const DIMENSIONS: usize = 5;
const AXES: [Axis; DIMENSIONS] = [Axis::new(-5.0, 5.0, Scale::Linear); DIMENSIONS];

/// A number from 0 to 1 that nobody can foresee: `SplitMix64` (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195).
#[allow(clippy::cast_precision_loss, reason = "53 bits")]
fn draw(place: u64) -> f64 {
    let mut z = place.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn truly(x: &[f64]) -> f64 {
    x.iter().map(|x| (x - 1.0) * (x - 1.0)).sum()
}

fn plan(evaluations: u64) -> Plan {
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    Plan::new(Settings { particles: 14, ..Settings::default() }, stopping)
}

/// What the best of a search truly costs, and what it is said to cost.
fn found(mut search: Seeker, mut noise: impl FnMut() -> f64) -> [f64; 2] {
    loop {
        let judge = |x: &[f64]| Outcome::feasible(truly(x) + noise());
        let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(DIMENSIONS).map(judge).collect();
        if search.tell(&outcomes, &[], Duration::ZERO).is_some() {
            let (position, best) = search.best();
            return [truly(position), best.cost];
        }
    }
}

#[test]
fn lucky_positions_are_forgotten_and_the_best_costs_what_it_is_said_to_cost() {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for seed in 1..=15 {
        // One of ten evaluations is off by up to 20 either way, the others by up to 0.1.
        let mut count = seed << 32;
        let mut noise = || {
            count += 2;
            (2.0 * draw(count) - 1.0) * if draw(count + 1) < 0.1 { 20.0 } else { 0.1 }
        };
        let resampled = ResampledSearch::new(&AXES, &plan(2500), seed).expect("memory");
        with.push(found(Seeker::Resampled(resampled.into()), &mut noise));
        let plain = Search::new(&AXES, &plan(2500), seed).expect("memory");
        without.push(found(Seeker::Best(plain.into()), &mut noise));
    }
    let median = |all: &[[f64; 2]], of: fn(&[f64; 2]) -> f64| {
        let mut all: Vec<f64> = all.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let [with_cost, without_cost] = [&with, &without].map(|all| median(all, |of| of[0]));
    assert!(with_cost < 0.7 * without_cost, "{with_cost} against {without_cost}");
    let [with_luck, without_luck] = [&with, &without].map(|all| median(all, |of| (of[1] - of[0]).abs()));
    // The mean of ten is off by 2 or so; a lucky one by all of 20.
    assert!(with_luck < 4.0 && without_luck > 10.0, "{with_luck} and {without_luck}");
}

#[test]
fn where_costs_are_the_same_again_the_best_is_the_best() {
    let search = ResampledSearch::new(&AXES, &plan(3000), 1).expect("memory");
    let [cost, said] = found(Seeker::Resampled(search.into()), || 0.0);
    assert!(cost < 1e-12 && said < 1e-12, "{cost} {said}");
}

const SEARCH: &str = "
seed = 3
[swarm]
particles = 8
resample = true
[swarm.stopping]
evaluations = 90
[[parameters]]
lower = -5.0
upper = 5.0
[[parameters]]
lower = -5.0
upper = 5.0
";

#[test]
fn the_process_asks_again_and_goes_on_from_its_checkpoint_as_if_it_had_never_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let tell = told(truly);
    let whole = converse(&[&config, "--best"], usize::MAX, tell);
    let asked = |line: &Value| line["ask"]["positions"].as_array().map_or(0, Vec::len);
    // Eight that have moved, the centre and one personal best; the ninth question ends with the budget.
    assert_eq!(whole.iter().map(asked).collect::<Vec<_>>(), [8, 10, 10, 10, 10, 10, 10, 10, 10, 2, 0]);
    let again = &whole[1]["ask"]["positions"][9];
    assert!(whole[0]["ask"]["positions"].as_array().is_some_and(|first| first.contains(again)));
    let file = directory.path().join("state.bin");
    let file = ["--checkpoint", file.to_str().expect("UTF-8")];
    let first = converse(&[&config, "--best", file[0], file[1]], 4, tell);
    assert_eq!(first[..5], whole[..5]);
    let rest = |config: &str| converse(&[config, "--best", file[0], file[1], "--resume"], usize::MAX, tell);
    assert_eq!(rest(&config), whole[4..]);
    // The last question was cut short; with more budget it is asked as a whole.
    let longer = write_config(directory.path(), "longer.toml", SEARCH.replace("= 90", "= 115"));
    let all = converse(&[&longer, "--best"], usize::MAX, tell);
    assert_eq!(rest(&longer), all[9..]);
    let run = answered(&[&config, file[0], file[1], "--resume"], "");
    assert_eq!(run.code, Some(2));
    assert!(run.said.contains("evaluations is 90 here, and 115 are done"), "{}", run.said);
}

#[test]
fn no_bytes_make_a_restored_search_panic() {
    let new = || ResampledSearch::new(&AXES, &plan(2500), 1).expect("memory");
    let step = |search: &mut ResampledSearch| {
        let judge = |x: &[f64]| Outcome::feasible(truly(x));
        let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(DIMENSIONS).map(judge).collect();
        search.tell(&outcomes, Duration::ZERO);
    };
    let go_on = |bytes: &[u8]| {
        let mut search = new();
        if archive::restore(&mut search, bytes).is_err() || search.resume(Duration::ZERO).is_err() {
            return false;
        }
        (0..3).for_each(|_| step(&mut search));
        true
    };
    let mut search = new();
    (0..8).for_each(|_| step(&mut search));
    let mut bytes = Vec::new();
    archive::save(&mut search, &mut bytes);
    assert!(go_on(&bytes) && !go_on(&bytes[..bytes.len() - 1]));
    let mut restored = 0;
    for word in 0..bytes.len() / 8 {
        for with in [0, 1 << 62, f64::NAN.to_bits(), 3, f64::INFINITY.to_bits()] {
            let mut changed = bytes.clone();
            changed[8 * word..8 * word + 8].copy_from_slice(&with.to_le_bytes());
            restored += usize::from(go_on(&changed));
        }
    }
    assert!(restored > 500, "{restored} were restored");
}

#[test]
fn it_is_for_a_single_swarm_of_ask_tell_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, to, words) in [
        ("resample = true", "resample = true\nrestarts = {}", "cannot be combined with restarts"),
        ("resample = true", "resample = true\npolish = {}", "cannot be combined with polish"),
        ("resample = true", "resample = true\ncandidates = 8", "cannot be combined with candidates"),
        ("resample = true", "resample = true\nshrinks = true", "cannot be combined with shrinks"),
        ("seed = 3", "outstanding = 3", "cannot be combined with outstanding"),
        ("seed = 3", "objectives = 2", "cannot be combined with several objectives"),
        ("evaluations = 90", "target = 1.0", "cannot be combined with stopping.target"),
        ("resample = true", "resample = 3", "swarm.resample"),
    ] {
        let config = write_config(directory.path(), "search.toml", SEARCH.replacen(from, to, 1));
        let run = answered(&[&config], "");
        assert_eq!(run.code, Some(2), "{to}");
        assert!(run.said.contains(words), "{}", run.said);
    }
    let study = SMALL_STUDY.replace("particles = 24", "resample = true");
    let error =
        Config::parse("study.toml".as_ref(), &study).expect_err("it costs the same again").to_string();
    assert!(
        error.contains("swarm.resample is for ask-tell alone") && error.contains("more scenarios"),
        "{error}"
    );
}
