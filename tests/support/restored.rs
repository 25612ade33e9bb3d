//! A search that is saved and restored after every generation.

use std::time::Duration;

use gainswarm::archive;
use gainswarm::swarm::{Axis, Outcome, Plan, Search};

/// Runs a search to its end and another that takes over after every generation; panics where they differ.
pub(crate) fn after_every_generation(
    axes: &[Axis],
    plan: &Plan,
    seed: u64,
    judge: impl Fn(&[f64]) -> Outcome,
) -> Search {
    let bits = |positions: &[f64]| positions.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let mut search = Search::new(axes, plan, seed).expect("memory");
    loop {
        let mut state = Vec::new();
        archive::save(&mut search, &mut state);
        let mut restored = Search::new(axes, plan, seed).expect("memory");
        archive::restore(&mut restored, &state).expect("a state");
        let question = search.ask();
        let outcomes: Vec<Outcome> = question.positions.chunks_exact(axes.len()).map(&judge).collect();
        assert_eq!(bits(restored.ask().positions), bits(question.positions));
        let end = search.tell(&outcomes, Duration::ZERO);
        assert_eq!(restored.tell(&outcomes, Duration::ZERO), end);
        assert_eq!(bits(restored.best().0), bits(search.best().0));
        if end.is_some() {
            return search;
        }
        search = restored;
    }
}
