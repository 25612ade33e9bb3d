//! Two gain vectors that meet the same scenarios: paired estimates and tests, and what `validate --against` makes of them.

use gainswarm::statistics::paired::{mcnemar, mean_difference, share_difference, signed_rank};
use gainswarm::statistics::wilson;

use std::ops::ControlFlow;

use gainswarm::config::Config;
use gainswarm::engine::Resources;
use gainswarm::simulation::{Ending, Record};
use gainswarm::validation::{Finding, Trial, differences, pairings, sets, tuned_cost};

/// A pole that falls from some of the starts, and the more so the weaker its controller is.
const STUDY: &str = "
[plant]
type = \"cart_pole\"
[controller]
type = \"classical\"
[simulation]
duration = 3.0
[[scenarios]]
count = 8
ranges = { theta = 0.2 }
[[validation]]
name = \"wide\"
ranges = { theta = 0.9 }
[cost.ise]
weight = 1e9
norm = 1.0
";

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} and {expected}");
}

/// Eighty numbers with ties, of which one is 0: ((37k mod 61) − 25)/10 for k = 1 … 80.
fn numbers() -> Vec<f64> {
    (1..=80).map(|k: i32| f64::from((k * 37) % 61 - 25) / 10.0).collect()
}

#[test]
#[allow(clippy::approx_constant, reason = "a score of 3.14 is no circle")]
fn intervals_and_tests_of_pairs_agree_with_scipy() {
    // Student's sleep data (1908). scipy 1.17: ttest_rel(drug1, drug2).confidence_interval().
    let drug1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let drug2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let sleep: Vec<f64> = drug1.iter().zip(drug2).map(|(a, b)| a - b).collect();
    let mean = mean_difference(&sleep).expect("enough pairs");
    near(mean.value, -1.58, 1e-12);
    near(mean.low, -2.459_885_763_276_983, 1e-9);
    near(mean.high, -0.700_114_236_723_017_5, 1e-9);
    assert_eq!(mean_difference(&[1.0]), None);
    // scipy: wilcoxon(d, method=PermutationMethod(n_resamples=10**6)) without the 0, which counts all 2⁹ signs.
    near(signed_rank(&sleep), 0.003_906_25, 1e-15);
    // Depression scores of Hollander & Wolfe 1973, table 3.1. scipy: wilcoxon(x, y, method="exact").
    let x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
    let y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    let depression: Vec<f64> = x.iter().zip(y).map(|(a, b)| a - b).collect();
    near(signed_rank(&depression), 0.039_062_5, 1e-15);
    // Ties of both signs and zeros, all signs counted as above.
    let tied = [1.5, -0.5, 0.5, 2.0, -1.5, 3.0, 0.0, 1.5, -0.5, 2.5, 4.0, 0.0];
    near(signed_rank(&tied), 0.068_359_375, 1e-12);
    // scipy: wilcoxon(d, zero_method="wilcox", correction=True, method="asymptotic").
    near(signed_rank(&numbers()), 0.020_121_439_751_724_854, 1e-12);
    // The same with three numbers replaced by 10⁹ and one by −10⁹: only the order of the sizes counts.
    let mut infinite = numbers();
    infinite[..3].fill(f64::INFINITY);
    infinite[3] = f64::NEG_INFINITY;
    near(signed_rank(&infinite), 0.015_863_746_730_438_163, 1e-12);
    assert!((signed_rank(&[]) - 1.0).abs() < 1e-15 && (signed_rank(&[0.0, 0.0]) - 1.0).abs() < 1e-15);
    // scipy: binomtest(k, n, 0.5).pvalue.
    near(mcnemar(3, 12), 0.035_156_25, 1e-12);
    near(mcnemar(25, 7), 0.002_102_401_573_210_954_7, 1e-12);
    near(mcnemar(0, 40) * 1e12, 1.818_989_403_545_856_5, 1e-9);
    assert!((mcnemar(0, 0) - 1.0).abs() < 1e-15 && (mcnemar(5, 5) - 1.0).abs() < 1e-12);
    // Fagerland, Lydersen & Laake 2014, doi:10.1002/sim.6148, airway hyper-responsiveness: 1 and 7 of 21; by the formula of Bonett & Price
    // (a − b ± z·√((a + b − (a − b)²)/(n + 2)) with a = 2/23, b = 8/23, z = scipy.stats.norm.ppf(0.975)).
    let shares = share_difference(1, 7, 21);
    near(shares.value, -6.0 / 21.0, 1e-15);
    near(shares.low, -0.508_359_306_666_439_4, 1e-9);
    near(shares.high, -0.013_379_823_768_343_235, 1e-9);
}

#[test]
fn an_interval_of_a_share_contains_the_share() {
    for runs in [1, 3, 10, 300, 1000, 10_000] {
        let (none, all) = (wilson(0, runs), wilson(runs, runs));
        assert_eq!(
            [none.low.to_bits(), all.high.to_bits()],
            [0.0_f64.to_bits(), 1.0_f64.to_bits()],
            "{runs}"
        );
        for successes in [0, 1, runs / 2, runs - 1, runs] {
            let found = wilson(successes, runs);
            assert!(
                found.low <= found.value && found.value <= found.high,
                "{successes} of {runs}: {found:?}"
            );
        }
    }
}

/// Runs gains with a derivative gain `kd` and a largest force `u_max` on 300 starts.
fn found(config: &Config, kd: f64, u_max: f64) -> Finding {
    let mut values = config.controller.values.clone();
    for (parameter, value) in config.controller.parameters().iter().zip(&mut values) {
        match parameter.name {
            "kd" => *value = kd,
            "u_max" => *value = u_max,
            _ => {}
        }
    }
    let resources = Resources { threads: 1, ..Resources::default() };
    let trial = Trial { config, resources, samples: 300, seed: 1, stop: &|| false };
    let cost = tuned_cost(config, resources, &values).expect("memory");
    match trial.run(&sets(config).expect("a set")[0], &values, cost).expect("memory") {
        ControlFlow::Continue(finding) => finding,
        ControlFlow::Break(done) => panic!("stopped after {done} runs"),
    }
}

#[test]
fn gains_are_compared_run_by_run_and_a_fall_is_worse_than_any_cost() {
    let config = Config::parse("study.toml".as_ref(), STUDY).expect("a valid study");
    let (a, b) = ([found(&config, 20.0, 10.0)], [found(&config, 20.5, 9.0)]);
    let both: Vec<(&Record, &Record)> = a[0].records.iter().zip(&b[0].records).collect();
    let pairing = &pairings(&a, &b)[0];
    let counts =
        [pairing.both_survived, pairing.both_failed, pairing.only_first_failed, pairing.only_second_failed];
    assert_eq!(counts.iter().sum::<usize>(), 300);
    assert_eq!(counts[1] + counts[2], a[0].failed);
    assert_eq!(counts[1] + counts[3], b[0].failed);
    assert!(counts[3] > 5, "the weaker controller falls more often: {counts:?}");

    let differences = differences(&config, &a, &b);
    let of = |measure: &str| differences.iter().find(|found| found.measure == measure).expect("a measure");
    let survived = both.iter().filter(|(a, b)| a.survived() && b.survived());
    let costs: Vec<f64> = survived.map(|(a, b)| a.cost - b.cost).collect();
    let cost = of("cost");
    assert_eq!((cost.pairs, cost.mean), (counts[0], mean_difference(&costs)));
    assert_eq!((of("failed").pairs, of("success").pairs), (300, 300));
    let fell = |k: usize| i32::try_from(counts[k]).expect("a small count");
    let failed = of("failed").mean.expect("an interval");
    near(300.0 * failed.value, f64::from(fell(2) - fell(3)), 1e-9);
    // Ten measures were tested, and Holm's factor is between 1 and 10.
    assert_eq!(differences.len(), 10);
    let exact = mcnemar(counts[2], counts[3]);
    let p = of("failed").p.expect("a p-value");
    assert!((exact..=10.0 * exact).contains(&p), "{p} of {exact}");
}

#[test]
fn where_one_always_falls_the_other_is_better_however_much_it_costs() {
    let config = Config::parse("study.toml".as_ref(), STUDY).expect("a valid study");
    let mut a = found(&config, 20.0, 10.0);
    a.records.retain(Record::survived);
    a.records.truncate(6);
    let mut b = a.clone();
    for record in &mut b.records {
        // The penalty of a fall is far below what the weights make of any cost.
        *record = Record { ending: Ending::Failed, steps: 100, cost: 2e6, ..*record };
    }
    let settling = config.term("settling_time").expect("a term");
    a.records.iter_mut().for_each(|record| record.values[settling] = 0.0);
    let differences = differences(&config, &[a], &[b]);
    // Six pairs of one sign have p = 2/2⁶ in both tests; Holm's factor is 3, as the other measures cannot be tested.
    for (k, found) in differences.iter().enumerate() {
        match found.p {
            Some(p) => near(p, 3.0 * 2.0 / 64.0, 1e-12),
            None => assert!(k > 2 && found.pairs == 0 && found.mean.is_none(), "{found:?}"),
        }
    }
    assert_eq!(differences[2].measure, "cost");
    assert_eq!(differences[2].mean, None);
}
