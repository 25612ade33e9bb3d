//! The model of scaling: blocks counted by hand, Amdahl's bound, and what `check` says.

use std::time::Duration;

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::native::Backend;
use gainswarm::problem::Problem;
use gainswarm::scaling::{Delay, Scaling};
use gainswarm::swarm::Stopping;

use crate::support::{SMALL_STUDY, gainswarm, stderr, stdout, write_config};

/// So many simulations in blocks of 64, with times in ms.
fn scaling(simulations: usize, [block, search, exchange]: [f64; 3]) -> Scaling {
    Scaling {
        simulations,
        lanes: 64,
        block_s: 1e-3 * block,
        search_s: 1e-3 * search,
        constraints_s: 0.0,
        reduction_s: 0.0,
        exchange_s: 1e-3 * exchange,
    }
}

#[test]
fn a_generation_has_as_many_blocks_as_it_takes_to_hold_its_simulations() {
    for (simulations, blocks) in [(1, 1), (24, 1), (64, 1), (65, 2), (192, 3), (193, 4), (6400, 100)] {
        let scaling = scaling(simulations, [10.0, 0.0, 0.0]);
        assert_eq!(scaling.blocks(), blocks, "{simulations}");
        // Where nothing else takes time, each block keeps a core busy.
        assert_eq!(scaling.cores(), blocks, "{simulations}");
    }
}

#[test]
fn cores_without_a_block_of_their_own_gain_nothing() {
    // Four blocks of 10 ms and 1 ms beside them: 4, 2, 2 and 1 one after the other on 1, 2, 3 and 4 cores.
    let scaling = scaling(256, [10.0, 1.0, 0.0]);
    for (cores, ms) in [(1, 41.0), (2, 21.0), (3, 21.0), (4, 11.0), (5, 11.0), (64, 11.0)] {
        assert!((scaling.seconds(cores) - 1e-3 * ms).abs() < 1e-12, "{cores} cores");
    }
    assert!((scaling.speedup(4) - 41.0 / 11.0).abs() < 1e-12);
    assert_eq!(scaling.cores(), 4);
}

#[test]
fn what_one_core_does_alone_bounds_the_others() {
    // A hundred blocks of 1 ms and 10 ms beside them. On 12 cores nine one after the other: 110 / 19 = 5.8 times as fast, less than half of 12;
    // on 10 cores ten: 110 / 20 = 5.5, more than half of 10; 11 need ten as well.
    let bound = scaling(6400, [1.0, 10.0, 0.0]);
    assert!((bound.speedup(12) - 110.0 / 19.0).abs() < 1e-12);
    assert_eq!(bound.cores(), 10);
    // No number of cores is more than 11 times as fast (Amdahl 1967).
    assert!(bound.speedup(100) <= 11.0 && bound.speedup(100_000) <= 11.0);
    // Two cores that take longer than one are not worth it: two blocks of 1 ms, 1.5 ms to share them.
    assert_eq!(scaling(128, [1.0, 0.0, 1.5]).cores(), 1);
    assert_eq!(scaling(128, [1.0, 0.0, 0.5]).cores(), 2);
}

#[test]
fn blocks_that_only_take_time_take_as_long_as_threads_must_take_turns() {
    let mut config = Config::parse("small.toml".as_ref(), SMALL_STUDY).expect("a study");
    config.swarm.stopping = Stopping::after_generations(2);
    config.swarm.coarse_first = false;
    // 24 gain vectors in 2 scenarios are 12 blocks of 4: 12 turns of one thread and 4 of three.
    let delay = Delay { lanes: 4, block: Duration::from_millis(20) };
    let problem = Problem { simulator: Box::new(delay), backend: Backend::Program, ..Problem::new(&config) };
    let [alone, three] = [1, 3].map(|threads| {
        engine::tune(&problem, Resources { threads, ..Resources::default() }, &mut |_| {}).expect("a tuning")
    });
    assert_eq!(alone.values, three.values);
    let seconds = |tuning: &engine::Tuning| tuning.wall.as_secs_f64();
    assert!(seconds(&alone) >= 2.0 * 12.0 * 0.02, "{}", seconds(&alone));
    assert!(seconds(&three) >= 2.0 * 4.0 * 0.02, "{}", seconds(&three));
    assert!(seconds(&three) < seconds(&alone), "{} and {}", seconds(&three), seconds(&alone));
}

#[test]
fn check_says_how_many_cores_a_study_fills() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let run = gainswarm(&["check", &path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    let of = &json["scaling"];
    let number = |key: &str| of[key].as_u64().unwrap_or_else(|| panic!("{key} in {of}"));
    // 24 particles in 2 scenarios.
    assert_eq!(number("simulations"), 48);
    assert_eq!(number("blocks"), 48_u64.div_ceil(number("lanes")));
    assert!((1..=number("blocks")).contains(&number("cores")), "{of}");
    for key in ["block_s", "search_s", "constraints_s", "reduction_s", "exchange_s", "speedup"] {
        assert!(of[key].as_f64().is_some_and(|number| number.is_finite() && number >= 0.0), "{key} in {of}");
    }
    let said = stdout(&gainswarm(&["check", &path])).replace("\n#          ", " ");
    assert!(
        said.contains("# scales   fills ") && said.contains(": a generation is 48 simulations in "),
        "{said}"
    );
    assert!(said.contains("beyond that use --shard over seeds"), "{said}");
    // A generation that would take long is measured by a part of it.
    let wide = SMALL_STUDY.replace("particles = 24", "particles = 100000");
    let run = gainswarm(&["check", &write_config(directory.path(), "wide.toml", wide), "--json"]);
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&run)).unwrap_or_else(|_| panic!("{}", stderr(&run)));
    assert_eq!(json["scaling"]["simulations"], 200_000);
}
