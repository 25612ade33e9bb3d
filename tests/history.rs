//! Bounded histories: what they keep and what they drop.

use gainswarm::simulation::{History, Policy};
use proptest::prelude::*;

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
