//! A shipped plant under a law that is given as a text: the one place where tests of plants meet the simulation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gainswarm::closed_loop::{ClosedLoop, Connected, Imperfections, Method, Parts};
use gainswarm::graph::{Graph, Id, Symbol};
use gainswarm::model::{Base, Lowered, Model};
use gainswarm::simulation::{Runner, Scenario, SimdLevel, Simulator, Trajectory};

use super::reference;

/// The file of a plant that ships.
pub(crate) fn plant(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/plants/{name}.toml"))
}

fn controller(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/controllers/{name}.toml"));
    std::fs::read_to_string(path).expect("a controller")
}

/// A controller that ships, with a constant set point.
pub(crate) fn towards(set_point: f64, name: &str) -> String {
    let text = controller(name);
    let declared = "reference   = { doc";
    assert!(text.contains(declared), "{name} has a reference");
    text.replace(declared, &format!("reference   = {{ default = {set_point:?}, doc"))
}

/// The text of a law that is no more than equations.
pub(crate) fn law(equations: &str) -> String {
    format!("kind = \"controller\"\nequations = \"\"\"\n{equations}\n\"\"\"\n")
}

/// A simulation of `steps` steps of `dt` s, the law's values held over each. `connect` pairs inputs of the plant or of the law with the
/// value that each takes; what has the same name is connected by itself, and an input of the plant that nothing drives has its default.
/// `parameters` are those of the plant and gains of the law that are not as they ship. A row is the time, the plant's states in their
/// order, and what drives its inputs in theirs.
pub(crate) fn run(
    plant: &Path,
    law: &str,
    connect: &[(&str, &str)],
    (dt, steps): (f64, u64),
    start: &[f64],
    parameters: &[(&str, f64)],
) -> Trajectory {
    let plant = Model::load(plant).unwrap_or_else(|error| panic!("{error}"));
    let law = Model::parse(Path::new("law.toml"), law).unwrap_or_else(|error| panic!("{error}"));
    let text = "kind = \"controller\"\nequations = \"cost = 0; partial = 0; failed = 0\"";
    let judge = Model::parse(Path::new("judge.toml"), text).expect("a judge of nothing");
    let values = |model: &Model| -> Vec<f64> {
        let value = |name: &str| parameters.iter().find(|(changed, _)| *changed == name).map(|pair| pair.1);
        let all = model.declared.parameters.iter();
        all.map(|parameter| value(&parameter.quantity.name).unwrap_or(parameter.default)).collect()
    };
    let all = || plant.declared.parameters.iter().chain(&law.declared.parameters);
    for (name, _) in parameters {
        assert!(all().any(|parameter| parameter.quantity.name == *name), "`{name}` is a parameter or gain");
    }
    let (of_plant, gains) = (values(&plant), values(&law));
    let pairs = |model: &Model| -> BTreeMap<String, String> {
        let inputs = model.declared.inputs.iter().map(|input| input.quantity.name.as_str());
        let inputs: Vec<&str> = inputs.collect();
        let pairs = connect.iter().filter(|(input, _)| inputs.contains(input));
        pairs.map(|(input, value)| ((*input).to_owned(), (*value).to_owned())).collect()
    };
    let drive = pairs(&plant);
    let states = plant.declared.states.iter().map(|state| state.quantity.name.clone());
    let driven = plant.declared.inputs.iter().filter_map(|input| drive.get(&input.quantity.name)).cloned();
    let parts = Parts {
        plant: &plant,
        nominal: &of_plant,
        varies: false,
        tuned: &[],
        law: Connected { model: &law, connect: pairs(&law) },
        shown: states.chain(driven).collect(),
        drive,
        judge: Connected { model: &judge, connect: BTreeMap::new() },
        signals: Vec::new(),
        world: Imperfections::default(),
        terms: Vec::new(),
        method: Method::Rk4,
        dt,
    };
    let closed_loop = ClosedLoop::new(&parts).unwrap_or_else(|error| panic!("{error:?}"));
    let scenario = Scenario::nominal(start.to_vec());
    let (record, trajectory) = Runner::new(closed_loop, dt, steps, Vec::new().into())
        .record(SimdLevel::widest(), &gains, &scenario, 1)
        .expect("memory for a trajectory");
    assert_eq!(record.steps, steps, "the plant's states stay finite");
    trajectory
}

/// Numbers of a plant whose parameters are as they ship but for `parameters`: what `of` picks among its nodes; it is given the symbol of a
/// state or an input.
pub(crate) fn numbers(
    name: &str,
    parameters: &[(&str, f64)],
    states: &[f64],
    inputs: &[f64],
    of: impl FnOnce(&mut Graph, Lowered, &dyn Fn(Base) -> Symbol) -> Vec<Id>,
) -> Vec<f64> {
    let model = Model::load(&plant(name)).unwrap_or_else(|error| panic!("{error}"));
    let mut graph = Graph::new();
    let place = |base: Base| match base {
        Base::State(place) => place,
        Base::Input(place) => 10 + place,
        _ => panic!("a plant that depends on the time"),
    };
    let symbol = |base| Symbol(u32::try_from(place(base)).expect("few"));
    let value = |place: usize| {
        let parameter = &model.declared.parameters[place];
        let changed = parameters.iter().find(|(name, _)| *name == parameter.quantity.name);
        changed.map_or(parameter.default, |(_, value)| *value)
    };
    let mut base = |graph: &mut Graph, base: Base| match base {
        Base::Parameter(place) => graph.number(value(place)),
        other => graph.symbol(symbol(other)),
    };
    let mut fresh = 100;
    let mut next = || {
        fresh += 1;
        Symbol(fresh)
    };
    let lowered = model.lowered(&mut graph, &mut base, None, &mut next).expect("a checked model");
    let roots = of(&mut graph, lowered, &symbol);
    let mut at = [0.0; 20];
    at[..states.len()].copy_from_slice(states);
    at[10..10 + inputs.len()].copy_from_slice(inputs);
    graph.evaluated(&roots, &|symbol| at[symbol.0 as usize])
}

/// The derivatives of a plant's states.
pub(crate) fn rates(name: &str, parameters: &[(&str, f64)], states: &[f64], inputs: &[f64]) -> Vec<f64> {
    numbers(name, parameters, states, inputs, |_, lowered, _| lowered.rates.into_iter().flatten().collect())
}

/// How the derivatives of a plant's states change with a state or an input.
pub(crate) fn slopes(
    name: &str,
    parameters: &[(&str, f64)],
    states: &[f64],
    inputs: &[f64],
    by: Base,
) -> Vec<f64> {
    numbers(name, parameters, states, inputs, |graph, lowered, symbol| {
        lowered.rates.into_iter().flatten().map(|rate| graph.derivative(rate, symbol(by))).collect()
    })
}

/// Holds a run against a reference; differences are relative to numbers above 1.
pub(crate) fn follows(trajectory: &Trajectory, name: &str, dt: f64, tolerance: f64) {
    let rows: Vec<&[f64]> = trajectory.rows().collect();
    for expected in reference(&format!("plants/{name}.csv")) {
        let time = expected[0];
        let row = rows.iter().find(|row| (row[0] - time).abs() < 0.1 * dt);
        let row = row.unwrap_or_else(|| panic!("no row at {time} s"));
        for (expected, found) in expected[1..].iter().zip(&row[1..]) {
            let difference = (expected - found).abs() / expected.abs().max(1.0);
            assert!(difference < tolerance, "{found} instead of {expected} at {time} s: {difference:e}");
        }
    }
}

/// One column of a run.
pub(crate) fn column(trajectory: &Trajectory, place: usize) -> Vec<f64> {
    trajectory.rows().map(|row| row[place]).collect()
}

/// What is read off a step response.
#[derive(Debug)]
pub(crate) struct Step {
    /// In % of the value at rest.
    pub(crate) overshoot: f64,
    /// From 10 to 90 %, in s.
    pub(crate) rise: f64,
    /// Until it stays within 2 %, in s.
    pub(crate) settling: f64,
}

impl Step {
    #[allow(clippy::cast_precision_loss, reason = "few samples")]
    pub(crate) fn of(values: &[f64], dt: f64, rest: f64) -> Self {
        let first = |part: f64| values.iter().position(|value| *value >= part * rest).expect("it rises");
        let highest = values.iter().fold(0.0_f64, |highest, value| highest.max(*value));
        let outside = values.iter().rposition(|value| (value / rest - 1.0).abs() > 0.02);
        Self {
            overshoot: 100.0 * (highest / rest - 1.0),
            rise: (first(0.9) - first(0.1)) as f64 * dt,
            settling: outside.map_or(0.0, |last| (last + 1) as f64 * dt),
        }
    }
}
