//! Programs of random graphs against the same graphs evaluated number by number: the same bits, at every level and in every lane.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use gainswarm::closed_loop::{ClosedLoop, Layout};
use gainswarm::costs::TermSet;
use gainswarm::graph::{Graph, Id, Operation, Symbol, TABLE};
use gainswarm::program::{Carried, Program, Sections};
use gainswarm::simulation::{Batch, Records, Runner, Scenario, SimdLevel, Simulator, Workspace};

/// Numbers that are as random as a test needs, and the same everywhere (Marsaglia 2003, doi:10.18637/jss.v008.i14).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    fn number(&mut self) -> f64 {
        (self.below(4001) as f64 - 2000.0) / 1000.0
    }
}

const GAINS: usize = 5;
const CARRIED: usize = 6;
const STEPS: u64 = 9;

/// A graph of random operations, arithmetic above all; what is carried stays between −1 and 1.
fn random(random: &mut Random) -> (Graph, Sections) {
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
        carried.push(Carried { symbol: *symbol, first: nodes[place % GAINS], next: bounded });
    }
    let zero = graph.number(0.0);
    let mut results = vec![zero, zero];
    results.extend(symbols.iter().map(|symbol| graph.symbol(*symbol)));
    (graph, Sections { inputs, carried, stop: zero, shown: vec![nodes[last - 1], nodes[last / 2]], results })
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
    let mut workspace =
        Workspace::reserve(runner.workspace_bytes(level, TermSet::ALL), lanes).expect("memory");
    let (queue, records) = (AtomicUsize::new(0), Records::new(vectors.len()).expect("memory"));
    let batch = Batch {
        values: &vectors.concat(),
        width: GAINS,
        scenarios: &[Scenario::nominal(Vec::new())],
        bounds: &vec![f64::INFINITY; vectors.len()],
        reaches: &[1.0],
        terms: TermSet::ALL,
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

#[test]
fn a_program_does_what_its_graph_says_to_the_last_bit() {
    let mut numbers = Random(88_172_645_463_325_252);
    let mut finite = 0;
    for case in 0..150 {
        let (mut graph, sections) = random(&mut numbers);
        let Ok(program) = Program::new(&mut graph, &sections) else { panic!("{case}: too large") };
        let layout = Layout { gains: GAINS, parameters: 0, states: 0, sums: CARRIED };
        let runner = Runner::new(ClosedLoop { program, layout }, 1e-3, STEPS);
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
        let (alone, _) = runner
            .record(SimdLevel::widest(), &vectors[1], &Scenario::nominal(Vec::new()), 1)
            .expect("memory");
        assert_eq!(bits(&alone.values[..CARRIED]), expected[1], "{case}, looked at");
    }
    assert!(finite > 1000, "{finite} numbers to compare");
}
