//! What every plant, controller and integrator promises, whatever the gains and states: a loop over the registries, so that
//! a new member is held to it without another line.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gainswarm::Member;
use gainswarm::closed_loop::Method;
use gainswarm::config::{Config, Role, names_of};
use gainswarm::model::{Kind, usual};
use gainswarm::problem::Problem;
use gainswarm::simulation::{Ending, Record, Scenario, SimdLevel};
use proptest::prelude::*;

/// A study of a plant under a controller; nothing where they need to be connected first.
fn config(plant: &str, controller: &str, integrator: Method) -> Option<Config> {
    let text = format!(
        "[plant]\ntype = \"{plant}\"\n[controller]\ntype = \"{controller}\"\n\
         [simulation]\nduration = 0.06\nintegrator = \"{}\"\n[[scenarios]]\nranges = {{}}\n",
        integrator.name()
    );
    Config::parse("contract.toml".as_ref(), &text).ok()
}

/// Every study with its problem, made once: the method with error control takes a hundred times as long, and is held to it once.
fn all() -> Vec<(Config, Problem)> {
    let plants = names_of(Kind::Plant);
    let pairs = plants
        .iter()
        .flat_map(|plant| names_of(Kind::Controller).into_iter().map(move |controller| (*plant, controller)));
    let all = pairs.flat_map(|(plant, controller)| {
        let is_usual = (plant, controller) == (usual(Kind::Plant), usual(Kind::Controller));
        let methods = Method::ALL.iter().filter(move |method| is_usual || **method != Method::DormandPrince);
        methods.filter_map(move |method| config(plant, controller, *method))
    });
    let all: Vec<Config> = all.collect();
    assert!(all.len() > 4 * 4 * 3, "the sliding-mode laws on the pendulums");
    let with_problem = |config: Config| {
        let problem = Problem::new(&config);
        (config, problem)
    };
    all.into_iter().map(with_problem).collect()
}

static ALL: Mutex<Vec<(Config, Problem)>> = Mutex::new(Vec::new());

/// The records of a batch of gain vectors in one scenario.
fn run(problem: &mut Problem, level: SimdLevel, vectors: &[Vec<f64>], scenario: &Scenario) -> Vec<Record> {
    problem.scenarios = vec![scenario.clone()];
    crate::support::batch(problem, level, vectors)
}

/// Cases so far. Where fused multiply-adds are computed in software a step takes a hundred times as long, so that of the levels after the
/// first two each case runs one in so many problems, the next case the next of them, and few vectors.
static CASES: AtomicUsize = AtomicUsize::new(0);
const ONE_IN: usize = 8;
const FEW: usize = 3;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn extreme_gains_and_states_give_numbers_within_their_limits_in_every_lane(
        draws in proptest::collection::vec(proptest::collection::vec(0.0..=1.0_f64, 24), 1..20),
        angles in proptest::collection::vec(-1.5..1.5_f64, 8),
        rates in proptest::collection::vec(-1e3..1e3_f64, 8),
        spread in prop::sample::select(vec![1_i32, 4, 12]),
    ) {
        let case = CASES.fetch_add(1, Ordering::Relaxed);
        let mut studies = ALL.lock().expect("no case has failed");
        if studies.is_empty() {
            *studies = all();
        }
        for (place, (config, problem)) in studies.iter_mut().enumerate() {
            // From the whole allowed range, ends included; a high power crowds the small values.
            let value = |(parameter, u): (&gainswarm::parameter::Parameter, &f64)| {
                (parameter.min + u.powi(spread) * (parameter.max - parameter.min)).clamp(parameter.min, parameter.max)
            };
            let vectors: Vec<Vec<f64>> =
                draws.iter().map(|draw| problem.parameters.iter().zip(draw).map(value).collect()).collect();
            let coordinates = problem.scenarios[0].initial_state.len() / 2;
            let initial_state = angles[..coordinates].iter().chain(&rates[..coordinates]).copied().collect();
            let scenario = Scenario::nominal(initial_state);

            let records = run(problem, SimdLevel::widest(), &vectors, &scenario);
            for record in &records {
                prop_assert!(matches!(record.ending, Ending::Survived | Ending::Failed));
                prop_assert!(!record.cost.is_nan() && record.steps >= 1);
                prop_assert!(record.ending == Ending::Survived || (1e6..=2e6).contains(&record.cost));
            }
            // Any position among any neighbours, and every width, gives the same bits.
            let mut turned = vectors.clone();
            turned.rotate_left(1);
            let mut expected = records.clone();
            expected.rotate_left(1);
            prop_assert_eq!(&run(problem, SimdLevel::widest(), &turned, &scenario), &expected);
            for (after, level) in SimdLevel::available().skip(1).enumerate() {
                let count = if after == 0 { vectors.len() } else { vectors.len().min(FEW) };
                if after == 0 || (place + case).is_multiple_of(ONE_IN) {
                    prop_assert_eq!(&run(problem, level, &vectors[..count], &scenario), &records[..count], "{}", level.name());
                }
            }

            let (record, trajectory) =
                problem.simulator.record(SimdLevel::widest(), &vectors[0], &scenario, 1).expect("memory");
            prop_assert_eq!(&record, &records[0]);
            let u_max = problem.parameters.iter().position(|parameter| parameter.name == "u_max");
            let u = config.columns().iter().position(|column| column.role == Role::Drive).expect("a force");
            // A row is of a state within the limits of its coordinates. In the step that led there they moved by their rates times 1 ms,
            // so these are far from where anything overflows: state, force and σ are numbers, the force within its limit.
            for row in trajectory.rows() {
                let limit = u_max.map_or(f64::INFINITY, |place| vectors[0][place]);
                prop_assert!(row[u + 1].abs() <= limit, "{} N", row[u + 1]);
                prop_assert!(row.iter().all(|value| value.is_finite()), "{:?}", row);
            }
        }
    }
}
