//! Every shipped study does what it is shipped for.

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{Ending, Record, SimdLevel};
use gainswarm::stability::Verdict;
use gainswarm::swarm::Stopping;
use gainswarm::validation;

use crate::support::shipped_studies;

#[test]
fn every_study_finds_gains_that_bring_every_start_to_rest() {
    let studies = shipped_studies();
    assert!(!studies.is_empty());
    let mut uncertified = Vec::new();
    for path in studies {
        let mut config = Config::load(&path).expect("a valid study");
        // A fraction of what it is given is enough.
        config.swarm.stopping = Stopping::after_generations(80);
        let tuning =
            engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
        let holds = |record: &Record| validation::succeeds(&config, record);
        assert!(tuning.records.iter().all(holds), "{}", path.display());
        if config.plant.drawing().is_none() {
            continue;
        }
        assert!(tuning.records.len() >= 8, "{}", path.display());
        let problem = Problem::new(&config);
        for (scenario, start) in problem.scenarios.iter().enumerate() {
            let recorded = problem.simulator.record(SimdLevel::widest(), &tuning.values, start, 100);
            let (record, run) = recorded.expect("memory");
            assert_eq!(record.ending, Ending::Survived, "{} scenario {scenario}", path.display());
            let last = run.rows().last().expect("the final state");
            for (state, value) in config.plant.states().iter().zip(&last[1..]) {
                let near = match state.unit {
                    "rad" => 0.01,
                    "m" => 0.05,
                    _ => continue,
                };
                let name = state.name;
                assert!(value.abs() < near, "{} scenario {scenario}: {name} {value}", path.display());
            }
        }
        let certificate = certifier(&config)(&tuning.values);
        if certificate.verdict != Verdict::Stable {
            uncertified.push((path, certificate.verdict, certificate.max_real_part));
        }
    }
    assert!(uncertified.is_empty(), "{uncertified:?}");
}
