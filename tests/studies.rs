//! Every shipped study does what it is shipped for.

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{Ending, Record};
use gainswarm::stability::Verdict;
use gainswarm::validation;

use crate::support::shipped_studies;

#[test]
fn every_study_finds_gains_that_bring_every_start_to_rest() {
    let studies = shipped_studies();
    assert!(!studies.is_empty());
    for path in studies {
        let config = Config::load(&path).expect("a valid study");
        let tuning =
            engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
        if config.wiring.is_some() {
            let holds = |record: &Record| validation::succeeds(&config, record);
            assert!(tuning.records.iter().all(holds), "{}", path.display());
            continue;
        }
        assert!(tuning.records.len() >= 8, "{}", path.display());
        let certificate = certifier(&config)(&tuning.values);
        assert_eq!(certificate.verdict, Verdict::Stable, "{}: {certificate:?}", path.display());
        for (scenario, record) in tuning.records.iter().enumerate() {
            let [cart, links] = record.final_positions;
            assert_eq!(record.ending, Ending::Survived, "{} scenario {scenario}", path.display());
            assert!(
                links < 0.01 && cart < 0.05,
                "{} scenario {scenario}: {links} rad, {cart} m",
                path.display()
            );
        }
    }
}
