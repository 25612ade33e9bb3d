//! Programs of random graphs against the same graphs evaluated number by number: the same bits, at every level and in every lane.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use gainswarm::closed_loop::{ClosedLoop, Layout, Told};
use gainswarm::graph::{Graph, Id, Operation, Symbol, TABLE};
use gainswarm::program::{Carried, Program, Sections};
use gainswarm::simulation::{
    Batch, Extent, Records, Runner, Scenario, SimdLevel, Simulator, Terms, Workspace,
};

/// Numbers that are as random as a test needs, and the same everywhere (Marsaglia 2003, doi:10.18637/jss.v008.i14).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    pub(crate) fn number(&mut self) -> f64 {
        (self.below(4001) as f64 - 2000.0) / 1000.0
    }
}

pub(crate) const GAINS: usize = 5;
pub(crate) const CARRIED: usize = 6;
pub(crate) const STEPS: u64 = 9;

/// A graph of random operations, arithmetic above all; what is carried stays between −1 and 1.
pub(crate) fn random(random: &mut Random) -> (Graph, Sections) {
    use Operation::{Add, Div, Mul, Sub};
    let mut graph = Graph::new();
    let inputs: Vec<Symbol> = (0..).map(Symbol).take(GAINS + 1).collect();
    let symbols: Vec<Symbol> = (100..).map(Symbol).take(CARRIED).collect();
    let mut nodes: Vec<Id> =
        inputs[..GAINS].iter().chain(&symbols).map(|symbol| graph.symbol(*symbol)).collect();
    nodes.extend((0..4).map(|_| graph.number(random.number())));
    for _ in 0..20 + random.below(150) {
        let operation = match random.below(20) {
            0..5 => Mul,
            5..9 => Add,
            9..12 => Sub,
            12 => Div,
            _ => TABLE[random.below(TABLE.len())].operation,
        };
        // Mostly of what has just been made.
        let operands: Vec<Id> = (0..operation.operands())
            .map(|_| nodes[nodes.len() - 1 - random.below(nodes.len()).min(random.below(nodes.len()))])
            .collect();
        nodes.push(graph.apply(operation, &operands));
    }
    let low = graph.number(-1.0);
    let high = graph.number(1.0);
    let last = nodes.len();
    let mut carried = Vec::new();
    for (place, symbol) in symbols.iter().enumerate() {
        let next =
            if random.below(8) == 0 { nodes[random.below(last)] } else { nodes[last - 1 - random.below(8)] };
        let below = graph.apply(Operation::Min, &[next, high]);
        let bounded = graph.apply(Operation::Max, &[below, low]);
        // Some change places.
        let next = if random.below(5) == 0 { graph.symbol(symbols[random.below(CARRIED)]) } else { bounded };
        carried.push(Carried { symbol: *symbol, first: nodes[place % GAINS], next });
    }
    let zero = graph.number(0.0);
    let mut results = vec![zero, zero];
    results.extend(symbols.iter().map(|symbol| graph.symbol(*symbol)));
    (
        graph,
        Sections {
            inputs,
            needed: carried.len(),
            carried,
            stop: zero,
            shown: vec![nodes[last - 1], nodes[last / 2]],
            results,
        },
    )
}

/// A graph of what mechanisms are made of: angles that turn by little or by much, their differences, systems of two equations, scaled
/// products and squares.
pub(crate) fn mechanism(random: &mut Random) -> (Graph, Sections) {
    let mut graph = Graph::new();
    let inputs: Vec<Symbol> = (0..).map(Symbol).take(GAINS + 1).collect();
    let symbols: Vec<Symbol> = (100..).map(Symbol).take(CARRIED).collect();
    let [p, q, r]: [Id; 3] = std::array::from_fn(|place| graph.symbol(inputs[place]));
    let x: Vec<Id> = symbols.iter().map(|symbol| graph.symbol(*symbol)).collect();
    let numbers: Vec<Id> = (0..4).map(|_| graph.number(random.number())).collect();
    let mut step = graph.number([0.01, 0.001, -0.015][random.below(3)]);
    if random.below(4) == 0 {
        step = r;
    }
    // Velocities that turn angles by more than a little now and then.
    let speed = graph.number([1.0, 10.0, 100.0][random.below(3)]);
    let rates: Vec<Id> = x[2..4].iter().map(|rate| graph.mul(speed, *rate)).collect();
    let angles: Vec<Id> = (0..2)
        .map(|k| {
            let change = graph.mul(step, rates[k]);
            graph.add(x[k], change)
        })
        .collect();
    let turn =
        |graph: &mut Graph, angle: Id| [Operation::Sin, Operation::Cos].map(|f| graph.apply(f, &[angle]));
    let [sin_0, cos_0] = turn(&mut graph, x[0]);
    let [sin_1, cos_1] = turn(&mut graph, x[1]);
    let [sin_a, cos_a] = turn(&mut graph, angles[0]);
    let [sin_b, _] = turn(&mut graph, angles[1]);
    let sum = if random.below(2) == 0 { graph.sub(angles[0], angles[1]) } else { graph.add(x[0], x[1]) };
    let [sin_d, cos_d] = turn(&mut graph, sum);
    let coupling = if random.below(2) == 0 { numbers[0] } else { p };
    let [sin_d, cos_d] = [sin_d, cos_d].map(|value| graph.mul(coupling, value));

    let scaled = graph.mul(numbers[1], cos_a);
    let twice = graph.mul(numbers[2], scaled);
    let three = graph.number(3.0);
    let part = graph.mul(scaled, twice);
    let main = graph.sub(three, part);
    let square = graph.mul(cos_1, cos_1);
    let other = graph.add(q, square);
    let other = graph.add(other, three);
    let right = [sin_a, sin_b].map(|value| graph.mul(value, x[4]));
    let matrix = [main, cos_d, cos_d, other];
    let [a, b, c, d] = matrix;
    let (first, second) = (graph.mul(a, d), graph.mul(b, c));
    let determinant = graph.sub(first, second);
    let one = graph.number(1.0);
    let inverse = graph.div(one, determinant);
    let mut solved = Vec::new();
    for [s, t, u, v] in [[right[0], d, b, right[1]], [a, right[1], right[0], c]] {
        let (first, second) = (graph.mul(s, t), graph.mul(u, v));
        let top = graph.sub(first, second);
        solved.push(graph.mul(top, inverse));
    }
    let faster = graph.mul(numbers[3], solved[0]);
    let faster = graph.add(x[2], faster);
    let energy = graph.mul(faster, faster);
    let drift = graph.mul(sin_d, energy);
    let drift = graph.add(drift, sin_0);
    let edge = graph.mul(twice, cos_0);
    let edge = graph.add(edge, sin_1);
    let start = graph.sub(scaled, x[0]);
    let next = [start, angles[1], faster, solved[1], drift, edge];
    let (low, high) = (graph.number(-3.0), graph.number(3.0));
    let carried = symbols.iter().zip(next).enumerate().map(|(place, (symbol, next))| {
        let below = graph.apply(Operation::Min, &[next, high]);
        let next = graph.apply(Operation::Max, &[below, low]);
        Carried { symbol: *symbol, first: [p, q, r][place % 3], next }
    });
    let carried: Vec<Carried> = carried.collect();
    let zero = graph.number(0.0);
    let mut results = vec![zero, zero];
    results.extend(&x);
    let (needed, shown) = (carried.len(), vec![energy, x[0]]);
    (graph, Sections { inputs, needed, carried, stop: zero, shown, results })
}

/// What is carried after all steps, number by number.
fn one_by_one(graph: &mut Graph, sections: &Sections, gains: &[f64]) -> Vec<f64> {
    let symbols: Vec<Symbol> = sections.carried.iter().map(|carried| carried.symbol).collect();
    let mut roots = sections.shown.clone();
    roots.extend(sections.carried.iter().map(|carried| carried.next));
    roots.push(sections.stop);
    let roots = graph.finished(&roots, &|symbol| symbols.contains(&symbol));
    let next = &roots[sections.shown.len()..][..CARRIED];
    let mut values: HashMap<Symbol, f64> =
        sections.inputs.iter().copied().zip(gains.iter().copied()).collect();
    let firsts: Vec<Id> = sections.carried.iter().map(|carried| carried.first).collect();
    let mut now = graph.evaluated(&firsts, &|symbol| values[&symbol]);
    for _ in 0..STEPS {
        values.extend(symbols.iter().copied().zip(now));
        now = graph.evaluated(next, &|symbol| values.get(&symbol).copied().unwrap_or(f64::NAN));
    }
    now
}

fn run(runner: &Runner, level: SimdLevel, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let lanes = runner.lanes(level);
    let mut workspace = Workspace::reserve(runner.workspace_bytes(level, Terms::All), lanes).expect("memory");
    let (queue, records) = (AtomicUsize::new(0), Records::new(vectors.len(), CARRIED).expect("memory"));
    let batch = Batch {
        values: &vectors.concat(),
        width: GAINS,
        scenarios: &[Scenario::nominal(Vec::new())],
        chosen: None,
        bounds: &vec![f64::INFINITY; vectors.len()],
        reaches: &[1.0],
        terms: Terms::All,
        extent: Extent::Whole,
        queue: &queue,
        end: vectors.len(),
        records: &records,
    };
    runner.run(level, &batch, &mut workspace);
    (0..vectors.len()).map(|job| records.get(job).values[..CARRIED].to_vec()).collect()
}

/// Bits, but any NaN is a NaN.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }).collect()
}

/// Holds programs of graphs against the graphs; gives how often each code was used.
fn held_against_graphs(cases: usize, make: fn(&mut Random) -> (Graph, Sections)) -> HashMap<String, usize> {
    let mut numbers = Random(88_172_645_463_325_252);
    let (mut finite, mut codes) = (0, HashMap::new());
    for case in 0..cases {
        let (mut graph, sections) = make(&mut numbers);
        let program = Program::new(&mut graph, &sections).unwrap_or_else(|error| panic!("{case}: {error:?}"));
        for instruction in &program.plain.instructions {
            *codes.entry(format!("{:?}", instruction.code)).or_default() += 1;
        }
        let layout = Layout { gains: GAINS, terms: vec![true; CARRIED], ..Layout::default() };
        let runner = Runner::new(
            ClosedLoop { program, layout, told: Told::default() },
            1e-3,
            STEPS,
            Vec::new().into(),
        );
        let vectors: Vec<Vec<f64>> =
            (0..11).map(|_| (0..GAINS).map(|_| numbers.number()).collect()).collect();
        let expected: Vec<Vec<u64>> =
            vectors.iter().map(|gains| bits(&one_by_one(&mut graph, &sections, gains))).collect();
        finite += expected.iter().flatten().filter(|bits| f64::from_bits(**bits).is_finite()).count();
        for level in SimdLevel::available() {
            let found: Vec<Vec<u64>> =
                run(&runner, level, &vectors).iter().map(|values| bits(values)).collect();
            assert_eq!(found, expected, "{case} at {level:?}");
        }
        let scenario = Scenario::nominal(Vec::new());
        let (alone, _) = runner.record(SimdLevel::widest(), &vectors[1], &scenario, 1).expect("memory");
        assert_eq!(bits(&alone.values[..CARRIED]), expected[1], "{case}, looked at");
    }
    assert!(finite > 10 * cases, "{finite} numbers to compare");
    codes
}

#[test]
fn a_program_does_what_its_graph_says_to_the_last_bit() {
    let codes = held_against_graphs(150, random);
    let pairs = codes.keys().filter(|code| code.contains("Then")).count();
    assert!(pairs > 20, "{pairs} of the codes of two operations");
    assert!(codes.contains_key("Move") && codes.contains_key("Elsewhere"));
}

#[test]
fn what_mechanisms_are_made_of_is_done_together_with_the_bits_of_one_by_one() {
    let codes = held_against_graphs(100, mechanism);
    for code in ["SinCos", "Turn", "TurnBy", "Solve", "Cross", "CrossBy", "Scale", "Square"] {
        assert!(codes.contains_key(code), "{code} has not been used");
    }
}

#[test]
fn a_turn_is_the_sine_and_cosine_of_the_sum() {
    let mut numbers = Random(0x2545_f491_4f6c_dd1d);
    for case in 0..20_000 {
        let angle = 1.6 * numbers.number();
        let by = numbers.number() * [1e-9, 1e-3, 0.03, 0.0625, 1.5][case % 5];
        let (sin, cos) = angle.sin_cos();
        let turned =
            [Operation::SinTurned, Operation::CosTurned].map(|operation| operation.of([sin, cos, by]));
        // The sum of the angles is rounded as well.
        let bound = 3.5e-16 + f64::EPSILON * (angle + by).abs() / 2.0;
        for (found, expected) in turned.into_iter().zip([(angle + by).sin(), (angle + by).cos()]) {
            assert!((found - expected).abs() <= bound, "{angle} by {by}: {found}, not {expected}");
        }
        let from_upright = Operation::SinTurned.of([0.0, 1.0, by]);
        assert!(
            (from_upright - by.sin()).abs() <= 2.0 * f64::EPSILON * by.sin().abs(),
            "{by}: {from_upright}"
        );
    }
    for by in [f64::NAN, f64::INFINITY] {
        assert!(Operation::SinTurned.of([0.0, 1.0, by]).is_nan());
    }
}
