//! Gains that may have some values alone: whole numbers, steps, lists and series, and values that are fixed.

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::swarm::{Axis, Grid, Outcome, Plan, Scale, Search, Settings, Stopping};
use proptest::prelude::*;

use crate::support::{SMALL_STUDY, study};

/// The small study with a table of `[[tune]]` for k1, and another gain.
fn tuned(k1: &str) -> Result<Config, String> {
    let text = format!(
        "{SMALL_STUDY}[[tune]]\nparameter = \"k1\"\n{k1}\n[[tune]]\nparameter = \"k2\"\nlower = 1.0\nupper = 50.0\n"
    );
    Config::parse("study.toml".as_ref(), &text).map_err(|error| error.to_string())
}

fn axis(k1: &str) -> Axis {
    tuned(k1).unwrap_or_else(|error| panic!("{error}")).tune[0].axis
}

#[test]
fn values_are_those_that_a_table_says() {
    let close = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    };
    let all = |axis: Axis| -> Vec<f64> {
        let mut values: Vec<f64> = (0..=10_000).map(|k| axis.value(f64::from(k) / 1e4)).collect();
        values.dedup();
        values
    };
    close(all(axis("lower = 1.5\nupper = 4.9\ninteger = true")), &[2.0, 3.0, 4.0]);
    close(all(axis("lower = 1.5\nupper = 3.2\nstep = 0.5")), &[1.5, 2.0, 2.5, 3.0]);
    // 0.1 is no number of its own: 1.0 is still a tenth step.
    close(all(axis("lower = 1.0\nupper = 1.3\nstep = 0.1")), &[1.0, 1.1, 1.2, 1.3]);
    close(all(axis("values = [10, 1, 2.2, 4.7, 4.7]")), &[1.0, 2.2, 4.7, 10.0]);
    // IEC 60063.
    close(all(axis("lower = 3.0\nupper = 25\nvalues = \"E6\"")), &[3.3, 4.7, 6.8, 10.0, 15.0, 22.0]);
    close(
        all(axis("lower = 1.0\nupper = 9.9\nvalues = \"E12\"")),
        &[1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
    );
    assert_eq!(all(axis("lower = 1.0\nupper = 9.9\nvalues = \"E24\"")).len(), 24);
    // On a logarithmic scale the nearest whole number to each place.
    close(vec![axis("lower = 1.0\nupper = 50.0\ninteger = true\nscale = \"log10\"").value(0.5)], &[7.0]);
}

proptest! {
    #[test]
    fn a_value_is_found_again_where_it_is(
        lower in 1e-3..1e3_f64, count in 2_u32..2000, step in 1e-3..10.0_f64, log: bool, u in 0.0..=1.0_f64,
    ) {
        let scale = if log { Scale::Log10 } else { Scale::Linear };
        let upper = lower + f64::from(count) * step;
        let axis = Axis { grid: Grid::Steps(step), ..Axis::new(lower, upper, scale) };
        let value = axis.value(u);
        let steps = (value - lower) / step;
        prop_assert!((steps - steps.round()).abs() < 1e-6 && (lower..=upper).contains(&value));
        prop_assert!((axis.value(axis.share(value)) - value).abs() < 1e-9 * value);
        prop_assert!((axis.nearest(value) - value).abs() < 1e-9 * value);
    }
}

#[test]
fn equal_bounds_fix_a_value_and_what_cannot_be_is_told() {
    let config = tuned("lower = 7.0\nupper = 7.0").expect("a study");
    assert_eq!((config.tune.len(), config.controller.values[0]), (1, 7.0));
    for (table, parts) in [
        ("lower = 7.0\nupper = 6.0", &["lower = 7", "lower = upper for a fixed value"][..]),
        ("lower = 1.0\nupper = 9.0\nstep = 0.0", &["step"]),
        ("lower = 1.2\nupper = 1.8\ninteger = true", &["integer", "steps from lower to upper"]),
        ("lower = 1.0\nupper = 9.0\nstep = 1.0\ninteger = true", &["integer", "step", "keep one"]),
        ("values = []", &["values", "has none"]),
        ("values = [1.0, \"x\"]", &["values", "an array of numbers"]),
        ("lower = 1.0\nupper = 9.0\nvalues = \"E7\"", &["\"E7\"", "E3, E6, E12, E24"]),
        ("lower = 4.8\nupper = 4.9\nvalues = \"E12\"", &["has none from 4.8 to 4.9"]),
        ("values = [-1e300, 2.0]", &["values has -1e300", "allowed"]),
    ] {
        let error = tuned(table).expect_err(table);
        assert!(parts.iter().all(|part| error.contains(part)), "{table}: {error}");
    }
    let both = format!("{SMALL_STUDY}[[tune]]\nparameter = \"k1\"\nlower = 7.0\nupper = 7.0\n");
    let error = Config::parse("study.toml".as_ref(), &both).expect_err("nothing to search").to_string();
    assert!(error.contains("nothing is searched"), "{error}");
}

#[test]
fn a_tuning_ends_on_a_value_and_what_is_written_down_reads_the_same() {
    for table in [
        "lower = 1.0\nupper = 50.0\ninteger = true",
        "lower = 1.0\nupper = 50.0\nstep = 0.75",
        "lower = 1.0\nupper = 50.0\nvalues = \"E12\"",
        "values = [2, 20, 40]",
    ] {
        let config = tuned(table).expect("a study");
        assert_eq!(study(&config.to_toml()), config, "{table}");
        let tuning =
            engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
        let axis = config.tune[0].axis;
        let found = tuning.values[0];
        assert!((axis.nearest(found) - found).abs() < 1e-12 * found, "{table}: {found}");
        assert!(tuning.best.is_feasible());
    }
}

/// The variables of an ellipsoid whose flat half is whole: rounding alone loses the smaller ones before they are right.
#[test]
fn values_that_the_swarm_would_no_longer_leave_are_left_all_the_same() {
    let whole = Axis { grid: Grid::Steps(1.0), ..Axis::new(-10.0, 10.0, Scale::Linear) };
    let all = Axis::new(-10.0, 10.0, Scale::Linear);
    let axes = [whole, whole, whole, whole, whole, all, all, all, all, all];
    let cost = |x: &[f64]| -> f64 {
        (0_u8..).zip(x).map(|(i, x)| 10.0_f64.powf(6.0 * f64::from(i) / 9.0) * x * x).sum()
    };
    let stopping =
        Stopping { evaluations: 12_000, target: Some(1e-10), ..Stopping::after_generations(u64::MAX) };
    for seed in 1..=5 {
        let plan = Plan::new(Settings::default(), stopping);
        let mut search = Search::new(&axes, &plan, seed).expect("memory");
        loop {
            let positions = search.ask().positions.chunks_exact(axes.len());
            let outcomes: Vec<Outcome> = positions.map(|x| Outcome::feasible(cost(x))).collect();
            if search.tell(&outcomes, std::time::Duration::ZERO).is_some() {
                break;
            }
        }
        let (position, best) = search.best();
        assert!(best.cost <= 1e-10 && position[..5] == [0.0; 5], "seed {seed}: {position:?}");
    }
}
