//! The same bits at any thread count, SIMD level and position in a bundle.

use gainswarm::Member;
use gainswarm::problem::Problem;
use gainswarm::simulation::{Scenario, SimdLevel};
use proptest::prelude::*;

use crate::support::{SMALL_STUDY, Study, batch, gainswarm, results, stderr, write_config};

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_simulation_does_not_depend_on_its_bundle(
        seeds in proptest::collection::vec(proptest::collection::vec(0.0..1.0_f64, 11), 1..40),
        angles in proptest::collection::vec((-1.5..1.5_f64, -1.5..1.5_f64), 1..4),
    ) {
        let mut problem = Problem::new(&Study { steps: (1e-3, 120), ..Study::default() }.config());
        let level = SimdLevel::widest();
        // Gains over the whole allowed range, so that many lanes fail, each at its own step.
        let vectors: Vec<Vec<f64>> = seeds
            .iter()
            .map(|seed| problem.parameters.iter().zip(seed).map(|(p, u)| p.min + u * u * u * (p.max - p.min)).collect())
            .collect();
        problem.scenarios =
            angles.iter().map(|(a, b)| Scenario::nominal(vec![0.0, *a, *b, 0.0, 0.0, 0.0])).collect();
        let scenarios = problem.scenarios.len();
        let together = batch(&problem, level, &vectors);
        prop_assert!(together.iter().all(|record| record.steps > 0 && !record.cost.is_nan()));
        for level in SimdLevel::available().take(2) {
            prop_assert_eq!(&batch(&problem, level, &vectors), &together);
        }
        for (index, vector) in vectors.iter().enumerate() {
            let alone = batch(&problem, level, std::slice::from_ref(vector));
            prop_assert_eq!(&alone[..], &together[index * scenarios..][..scenarios]);
            let (recorded, _) =
                problem.simulator.record(level, vector, &problem.scenarios[0], 7).expect("memory");
            prop_assert_eq!(recorded, alone[0], "recording changes nothing");
        }
    }
}
