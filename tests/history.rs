//! Bounded histories: what they keep and what they drop.

use gainswarm::Member;
use gainswarm::engine::Solo;
use gainswarm::problem::Problem;
use gainswarm::simulation::{History, Policy, SimdLevel, Terms};
use proptest::prelude::*;

use crate::support::study;

/// The steps that a history of `capacity` keeps of `steps` steps.
fn kept(policy: Policy, capacity: usize, stride: u64, steps: u64) -> (Vec<u64>, u64) {
    let mut storage = vec![0.0; 2 * capacity];
    let mut history = History::new(policy, 2, stride, &mut storage);
    for step in 0..steps {
        #[allow(clippy::cast_precision_loss)]
        history.offer(step, |row| row.fill(step as f64));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let steps = history.samples().map(|row| row[1] as u64).collect();
    (steps, history.stride())
}

#[test]
fn decimation_doubles_the_stride_when_full() {
    assert_eq!(kept(Policy::Decimate, 4, 1, 4), (vec![0, 1, 2, 3], 1));
    assert_eq!(kept(Policy::Decimate, 4, 1, 5), (vec![0, 2, 4], 2));
    assert_eq!(kept(Policy::Decimate, 4, 1, 9), (vec![0, 4, 8], 4));
    assert_eq!(kept(Policy::Decimate, 4, 3, 10), (vec![0, 3, 6, 9], 3));
}

#[test]
fn a_ring_keeps_the_last_samples() {
    assert_eq!(kept(Policy::Ring, 3, 1, 2), (vec![0, 1], 1));
    assert_eq!(kept(Policy::Ring, 3, 1, 8), (vec![5, 6, 7], 1));
    assert_eq!(kept(Policy::Ring, 3, 2, 8), (vec![2, 4, 6], 2));
}

#[test]
fn no_capacity_keeps_nothing() {
    assert_eq!(kept(Policy::Decimate, 0, 1, 10).0, Vec::<u64>::new());
    assert_eq!(kept(Policy::Ring, 0, 1, 10).0, Vec::<u64>::new());
}

proptest! {
    #[test]
    fn decimation_always_covers_the_whole_run_evenly(capacity in 1_usize..20, stride in 1_u64..4, steps in 1_u64..500) {
        let (kept, stride) = kept(Policy::Decimate, capacity, stride, steps);
        prop_assert!(kept.len() <= capacity && kept[0] == 0);
        prop_assert!(kept.windows(2).all(|pair| pair[1] - pair[0] == stride));
        prop_assert!(steps - kept[kept.len() - 1] <= stride, "nothing is missing at the end");
    }

    #[test]
    fn a_ring_holds_the_newest_in_order(capacity in 1_usize..20, stride in 1_u64..4, steps in 1_u64..500) {
        let (kept, _) = kept(Policy::Ring, capacity, stride, steps);
        let offered: Vec<u64> = (0..steps).filter(|step| step % stride == 0).collect();
        prop_assert_eq!(&kept[..], &offered[offered.len().saturating_sub(capacity)..]);
    }
}

#[test]
fn a_simulation_with_a_history_takes_the_same_bytes_whatever_its_length_and_has_the_same_record() {
    let solo = |level: SimdLevel, duration: f64, history: &str| {
        let text = format!(
            "[simulation]\nduration = {duration:?}\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n{history}"
        );
        let problem = Problem::new(&study(&text));
        let vectors = vec![problem.values.clone(); 3];
        let mut solo = Solo::new(&problem, level, &vectors).expect("memory");
        solo.run();
        let used = solo.workspace().used_bytes();
        assert_eq!(used, problem.simulator.workspace_bytes(level, problem.terms), "what is declared is used");
        let costs: Vec<u64> = solo.records().map(|record| record.cost.to_bits()).collect();
        let lanes = problem.simulator.lanes(level);
        // Where a step is looked at, more of its values are kept apart.
        let looked_at = problem.simulator.workspace_bytes(level, Terms::All);
        (used / lanes, looked_at / lanes, costs)
    };
    let (without, looked_at, costs) = solo(SimdLevel::widest(), 1.0, "");
    // A lane holds each number that a step works with, in one of the three sizes of a block, and what lanes share is less than an eighth.
    assert!([64, 128, 256].iter().any(|slots| (8 * slots..9 * slots).contains(&without)), "{without}");
    for level in SimdLevel::available() {
        let (short, _, same) = solo(level, 1.0, "");
        assert_eq!((short, same), (solo(level, 3.0, "").0, costs.clone()), "{}", level.name());
    }
    for policy in Policy::ALL {
        let history = format!("[history]\ncapacity = 100\npolicy = \"{}\"\n", policy.name());
        let (with, _, same) = solo(SimdLevel::widest(), 1.0, &history);
        assert_eq!(same, costs, "{}", policy.name());
        // 100 samples of t, six states, u and σ: 7,200 bytes, and what it takes to manage them.
        assert!((looked_at + 7200..looked_at + 7600).contains(&with), "{with}, {looked_at}");
        assert_eq!(solo(SimdLevel::widest(), 10.0, &history).0, with, "{}", policy.name());
    }
}
