//! The same bits at any thread count, SIMD level and position in a bundle.

use std::sync::atomic::AtomicUsize;

use gainswarm::Member;
use gainswarm::controllers::Classical;
use gainswarm::controllers::Controller;
use gainswarm::costs::{TERMS, TermSet};
use gainswarm::integrators::Rk4;
use gainswarm::plants::DoubleInvertedPendulum;
use gainswarm::simulation::{Batch, Kernel, Record, Records, Scenario, SimdLevel, Simulator, Workspace};
use proptest::prelude::*;

use crate::support::{SMALL_STUDY, gainswarm, plant, results, settings, stderr, write_config};

#[test]
fn results_are_the_same_bytes_for_any_thread_count_and_simd_level() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let run = |name: &str, options: &[&str]| {
        let output = directory.path().join(name);
        let arguments =
            [&["tune", &config, "--quiet", "--output", output.to_str().expect("UTF-8")], options].concat();
        let run = gainswarm(&arguments);
        assert!(run.status.success(), "{}", stderr(&run));
        results(&output)
    };
    let expected = run("one", &["--threads", "1"]);
    for threads in ["2", "5"] {
        assert_eq!(run(threads, &["--threads", threads]), expected, "{threads} threads");
    }
    for level in SimdLevel::available() {
        assert_eq!(run(level.name(), &["--simd", level.name()]), expected, "{}", level.name());
    }
    assert_ne!(run("other seed", &["--seed", "4"]).0, expected.0);
}

/// The records of many gain vectors in one batch at a level.
fn batch(
    kernel: &dyn Simulator,
    level: SimdLevel,
    vectors: &[Vec<f64>],
    scenarios: &[Scenario],
) -> Vec<Record> {
    let mut workspace =
        Workspace::reserve(kernel.workspace_bytes(level, TermSet::ALL), kernel.lanes(level)).expect("memory");
    let jobs = vectors.len() * scenarios.len();
    let (queue, records) = (AtomicUsize::new(0), Records::new(jobs, TERMS).expect("memory"));
    kernel.run(
        level,
        &Batch {
            values: &vectors.concat(),
            width: vectors[0].len(),
            scenarios,
            bounds: &vec![f64::INFINITY; vectors.len()],
            reaches: &[1.0; 8],
            terms: TermSet::ALL,
            queue: &queue,
            end: jobs,
            records: &records,
        },
        &mut workspace,
    );
    (0..jobs).map(|job| records.get(job)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_simulation_does_not_depend_on_its_bundle(
        seeds in proptest::collection::vec(proptest::collection::vec(0.0..1.0_f64, 11), 1..40),
        angles in proptest::collection::vec((-1.5..1.5_f64, -1.5..1.5_f64), 1..4),
    ) {
        let kernel =
            Kernel::<DoubleInvertedPendulum, Classical, Rk4, 3>::new(Rk4, &plant(&[]), settings(1e-3, 120));
        // Gains over the whole allowed range, so that many lanes fail, each at its own step.
        let vectors: Vec<Vec<f64>> = seeds
            .iter()
            .map(|seed| Classical::PARAMETERS.iter().zip(seed).map(|(p, u)| p.min + u * u * u * (p.max - p.min)).collect())
            .collect();
        let scenarios: Vec<Scenario> = angles
            .iter()
            .map(|(a, b)| Scenario::nominal(vec![0.0, *a, *b, 0.0, 0.0, 0.0]))
            .collect();
        let together = batch(&kernel, SimdLevel::widest(), &vectors, &scenarios);
        prop_assert!(together.iter().all(|record| record.steps > 0 && !record.cost.is_nan()));
        for level in SimdLevel::available().take(2) {
            prop_assert_eq!(&batch(&kernel, level, &vectors, &scenarios), &together);
        }
        for (index, vector) in vectors.iter().enumerate() {
            let alone = batch(&kernel, SimdLevel::widest(), std::slice::from_ref(vector), &scenarios);
            prop_assert_eq!(&alone[..], &together[index * scenarios.len()..][..scenarios.len()]);
            let (recorded, _) = kernel.record(SimdLevel::widest(), vector, &scenarios[0], 7).expect("memory");
            prop_assert_eq!(recorded, alone[0], "recording changes nothing");
        }
    }
}
