//! Model texts: random ones against an independent evaluation, broken ones against their errors, mutated ones against nothing but panics.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]

use std::collections::BTreeMap;

use gainswarm::graph::{Graph, Operation, Symbol, TABLE};
use gainswarm::model::{
    Base, Declarations, Input, Kind, Lowered, Misread, Model, Parameter, Quantity, State, Unit,
};

/// Numbers that are as random as a test needs, and the same everywhere (Marsaglia 2003, doi:10.18637/jss.v008.i14).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * 4.0 - 2.0
    }
}

fn named(name: &str, unit: &str) -> Quantity {
    let unit = (!unit.is_empty()).then(|| Unit::parse(unit).expect("a unit"));
    Quantity { name: name.into(), unit, ..Quantity::default() }
}

/// A plant with the states `x` and `v`, the input `u` and the parameter `p`.
fn declared(units: [&str; 4]) -> Declarations {
    let state = |name, unit| State { quantity: named(name, unit), ..State::default() };
    Declarations {
        states: vec![state("x", units[0]), state("v", units[1])],
        inputs: vec![Input { quantity: named("u", units[2]), default: Some(0.0), limit: None }],
        parameters: vec![Parameter {
            quantity: named("p", units[3]),
            default: 1.0,
            range: [0.5, 2.0],
            ..Parameter::default()
        }],
        ..Declarations::default()
    }
}

fn plant(text: &str) -> Result<Model, Misread> {
    Model::new(Kind::Plant, declared(["", "", "", ""]), text)
}

/// The nodes of a model on symbols, and the values that a statement has for x, v, u, p, t.
fn values(model: &Model, names: &[&str], at: [f64; 5]) -> Vec<f64> {
    let mut graph = Graph::new();
    let place = |base: Base| match base {
        Base::State(k) => k as u32,
        Base::Input(_) => 2,
        Base::Parameter(_) => 3,
        Base::Time | Base::Step => 4,
    };
    let mut fresh = 100;
    let Lowered { values, rates, .. } = model
        .lowered(&mut graph, &mut |graph, base| graph.symbol(Symbol(place(base))), None, &mut || {
            fresh += 1;
            Symbol(fresh)
        })
        .expect("a checked model");
    let rates: BTreeMap<&str, _> = ["x'", "v'"].into_iter().zip(rates.into_iter().flatten()).collect();
    let roots: Vec<_> =
        names.iter().map(|name| rates.get(name).copied().unwrap_or_else(|| values[*name])).collect();
    graph.evaluated(&roots, &|symbol| at[symbol.0 as usize])
}

/// A random expression and its value by the standard library.
fn random(dice: &mut Random, depth: usize, at: &[f64; 5]) -> (String, f64) {
    if depth == 0 || dice.below(8) == 0 {
        return match dice.below(7) {
            0 => ("x".into(), at[0]),
            1 => ("v".into(), at[1]),
            2 => ("u".into(), at[2]),
            3 => ("p".into(), at[3]),
            4 => ("t".into(), at[4]),
            5 => ("pi".into(), std::f64::consts::PI),
            _ => {
                let number = (dice.number() * 1000.0).round() / 1000.0;
                (format!("{}", number.abs()), number.abs())
            }
        };
    }
    let (a, va) = random(dice, depth - 1, at);
    let (b, vb) = random(dice, depth - 1, at);
    let (text, value) = match dice.below(27) {
        0 => (format!("{a} + {b}"), va + vb),
        1 => (format!("{a} - ({b})"), va - vb),
        2 => (format!("({a})*({b})"), va * vb),
        3 => (format!("({a})/(2 + abs({b}))"), va / (2.0 + vb.abs())),
        4 => (format!("-({a})"), -va),
        5 => (format!("({a})^2"), va * va),
        6 => (format!("(1.5 + abs({a}))^sin({b})"), (1.5 + va.abs()).powf(vb.sin())),
        7 => (format!("sin({a})"), va.sin()),
        8 => (format!("cos({a})"), va.cos()),
        9 => (format!("tanh({a})"), va.tanh()),
        10 => (format!("atan2({a}, 3 + ({b})^2)"), va.atan2(3.0 + vb * vb)),
        11 => (format!("exp(-abs({a}))"), (-va.abs()).exp()),
        12 => (format!("log(1 + abs({a}))"), (1.0 + va.abs()).ln()),
        13 => (format!("sqrt(abs({a}))"), va.abs().sqrt()),
        14 => (format!("min({a}, {b})"), va.min(vb)),
        15 => (format!("max({a}, {b}, 0.25)"), va.max(vb).max(0.25)),
        16 => (format!("clamp({a}, -1, 1.5)"), va.clamp(-1.0, 1.5)),
        17 => (format!("(if {a} < {b} then {a} else {b} + 1)"), if va < vb { va } else { vb + 1.0 }),
        18 => (
            format!("(if {a} >= {b} and {a} > 0 then 2 else {b})"),
            if va >= vb && va > 0.0 { 2.0 } else { vb },
        ),
        19 => (
            format!("(if not ({a} <= 0.5) or {b} < 0 then {b} else {a})"),
            if va > 0.5 || vb < 0.0 { vb } else { va },
        ),
        20 => (format!("hypot({a}, {b})"), va.hypot(vb)),
        21 => (format!("deadzone({a}, 0.3)"), va - va.clamp(-0.3, 0.3)),
        22 => (format!("sat({a})"), va.clamp(-1.0, 1.0)),
        23 => (
            format!("sign({a})*asin(sat(0.4*({a})))"),
            if va == 0.0 { 0.0 } else { va.signum() * (0.4 * va).clamp(-1.0, 1.0).asin() },
        ),
        24 => (format!("cbrt({a})"), va.cbrt()),
        25 => (
            format!("log10(cosh(sat({a})) + abs(sinh(sat({b}))))"),
            (va.clamp(-1.0, 1.0).cosh() + vb.clamp(-1.0, 1.0).sinh().abs()).log10(),
        ),
        _ => (format!("({a} != {a} + 1)*({b})"), vb),
    };
    if value.abs() < 100.0 {
        (text, value)
    } else {
        (format!("tanh(({text})/1000)"), (value / 1000.0).tanh())
    }
}

#[test]
fn random_expressions_have_the_values_of_an_independent_evaluation() {
    let mut dice = Random(0x1234_5678_9abc_def1);
    for case in 0..2000 {
        let at = std::array::from_fn(|_| dice.number());
        let (text, expected) = random(&mut dice, 1 + case % 5, &at);
        let model =
            plant(&format!("x' = v\nv' = {text}\n")).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = values(&model, &["v'"], at)[0];
        assert!(
            (found - expected).abs() <= 1e-9 * (1.0 + expected.abs()),
            "{text} is {found}, not {expected}, at {at:?}"
        );
    }
}

#[test]
fn derivatives_are_those_of_small_differences() {
    let mut dice = Random(0xfeed_beef_0000_0001);
    let mut seen = 0;
    for entry in TABLE.iter().filter(|entry| entry.operands <= 3) {
        for _ in 0..20 {
            let mut graph = Graph::new();
            let symbols: Vec<_> = (0..3).map(|k| graph.symbol(Symbol(k))).collect();
            let node = graph.apply(entry.operation, &symbols[..entry.operands]);
            let mut at: [f64; 3] = std::array::from_fn(|_| dice.number());
            match entry.operation {
                Operation::Asin | Operation::Acos => at[0] /= 2.1,
                Operation::Sqrt | Operation::Log | Operation::Log10 | Operation::Pow | Operation::Cbrt => {
                    at[0] = 0.1 + at[0].abs();
                }
                _ => {}
            }
            for k in 0..entry.operands {
                let slope = graph.derivative(node, Symbol(k as u32));
                let found = graph.evaluated(&[slope], &|symbol| at[symbol.0 as usize])[0];
                let moved = |by: f64| {
                    let mut there = at;
                    there[k] += by;
                    graph.evaluated(&[node], &|symbol| there[symbol.0 as usize])[0]
                };
                let h = 1e-6;
                let (ahead, behind) = (moved(h), moved(-h));
                let is_corner = (ahead - moved(0.0) - (moved(0.0) - behind)).abs() > 1e-7;
                if !is_corner {
                    let expected = (ahead - behind) / (2.0 * h);
                    assert!(
                        (found - expected).abs() <= 1e-6 * (1.0 + expected.abs()),
                        "{:?} by {k} at {at:?}: {found}, not {expected}",
                        entry.operation
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn equations_in_textbook_form_are_solved_for_their_highest_derivatives() {
    // Two coupled equations: 2 x'' + v'' = u - x, x'' + 3 v'' = p.
    let model = plant("2*x'' + v'' = u - x\nx'' + 3*v'' = p").expect("a model");
    let states: Vec<&str> = model.declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
    assert_eq!(states, ["x", "v", "x_dot", "v_dot"]);
    let mut graph = Graph::new();
    let mut fresh = 98;
    let lowered = model
        .lowered(
            &mut graph,
            &mut |graph, base| match base {
                Base::State(k) => graph.symbol(Symbol(k as u32)),
                Base::Input(_) => graph.number(7.0),
                Base::Parameter(_) => graph.number(4.0),
                _ => graph.number(0.0),
            },
            None,
            &mut || {
                fresh += 1;
                Symbol(fresh)
            },
        )
        .expect("a solution");
    let roots: Vec<_> = lowered.rates.into_iter().flatten().collect();
    let found = graph.evaluated(&roots, &|symbol| [1.0, 0.0, 0.5, 0.25][symbol.0 as usize]);
    // x'' = (3·6 − 4)/5, v'' = (2·4 − 6)/5
    let expected = [0.5, 0.25, 2.8, 0.4];
    assert!(
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15),
        "{found:?}"
    );
}

#[test]
fn broken_models_are_refused_where_they_are_broken() {
    let units = ["rad", "A", "V", "ohm"];
    for (text, line, words) in [
        ("x' = v\nv' = w", 2, "`w` is unknown"),
        ("x' = v\nv' = velocty", 2, "`velocty` is unknown"),
        ("x' = v\nv' = sin(x, v)", 2, "`sin` is given 2 values"),
        ("x' = v\nv' = sine(x)", 2, "the function `sine` is unknown"),
        ("x' = v", 1, "no statement gives v'"),
        ("x' = v\nv' = x\nv' = -x", 3, "`v'` is given twice"),
        ("x' = v\na = b\nb = a\nv' = a", 2, "needs itself"),
        ("x' = v\nv' = (x", 2, "expected: `)`"),
        ("x' = v\nv' = x +", 2, "expected: a value"),
        ("x' = v\nv' = 1 2", 2, "expected: an operator"),
        ("x' = v\nv' = 1e999", 2, "is not a number"),
        ("x' = v\nv' = $", 2, "has no meaning here"),
        ("x' = v\nx = 3\nv' = 1", 2, "no statement can give it a value"),
        ("x' = v\nv' = x'''", 2, "3 primes"),
        ("x' = v\nv' = if x then 1", 2, "expected: `else`"),
        ("x' = v\nv' = x < v < u", 2, "a second comparison"),
        ("2*x'' + v'' = u\n4*x'' + 2*v'' = p", 1, "do not determine"),
        ("x''*x'' = u\nv' = 0", 1, "not linear in `x''`"),
        ("x'' + v'' = u", 1, "1 equations stand here for 2"),
        ("x' = v\nv+ = 1", 2, "has no control period"),
        ("x' = v\nv' = lie_drift(x)", 2, "there is no plant"),
    ] {
        let error = plant(text).expect_err(text);
        let shown = error.shown(text);
        assert!(shown.contains(words) || error.remedy.contains(words), "{text}\n{shown}");
        assert!(shown.starts_with(&format!("line {line}, ")), "{text}\n{shown}");
    }
    for (text, words) in [
        ("x' = v\nv' = 0", "1/s ≠ A"),
        ("x' = x/t\nv' = v + u", "A ≠ V"),
        ("x' = x/t\nv' = u/p", "A/s ≠ A"),
        ("x' = sin(v)/t\nv' = v/t", "A ≠ 1"),
    ] {
        let error = Model::new(Kind::Plant, declared(units), text).expect_err(text);
        assert!(error.problem.contains(words), "{text}\n{error}");
    }
    Model::new(Kind::Plant, declared(units), "x' = 2/t\nv' = (u/p - v)/t").expect("units that fit");
}

#[test]
fn nesting_size_and_names_are_bounded() {
    let deep = format!("x' = v\nv' = {}x{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(plant(&deep).expect_err("too deep").problem.contains("nested too deeply"));
    let signs = format!("x' = v\nv' = {}x", "-".repeat(100_000));
    assert!(plant(&signs).expect_err("too deep").problem.contains("nested too deeply"));
    let long = format!("x' = v\nv' = {}x", "x + ".repeat(100_000));
    plant(&long).expect("a long sum is no deep one");
    let name = format!("x' = v\nv' = {}", "a".repeat(1000));
    assert!(plant(&name).expect_err("too long").problem.contains("too long"));
    // Each doubles what the one before has been differentiated into; it ends all the same.
    let line = |k: usize| format!("a{} = a{k}*sin(a{k}) + a{k}", k + 1);
    let text = std::iter::once("a0 = x".into()).chain((0..199).map(line)).collect::<Vec<_>>().join("\n");
    plant(&(text + "\nx' = v\nv' = a199")).expect("shared values stay shared");
}

/// What is wrong with the text of a file.
fn refused(text: &str) -> String {
    Model::parse("model.toml".as_ref(), text).expect_err("not a model").to_string()
}

#[test]
fn texts_that_name_one_another_neither_overflow_the_stack_nor_take_for_ever() {
    let plant = |rate: &str, texts: &str| {
        format!("kind = \"plant\"\nequations = \"x' = {rate}\"\n[states]\nx = {{}}\n[expressions]\n{texts}")
    };
    assert!(refused(&plant("a", "a = \"a\"")).contains("needs itself"));
    assert!(refused(&plant("a", "a = \"b + 1\"\nb = \"2*a\"")).contains("needs itself"));
    // Each stands twice in the one before: 2^30 times the last one.
    let chain = (0..30).map(|k| format!("a{k} = \"sin(a{0}) + a{0}\"\n", k + 1)).collect::<Vec<_>>().concat();
    Model::parse("model.toml".as_ref(), &plant("a0", &(chain + "a30 = \"x\""))).expect("a model");
    let many = (0..100_000).map(|k| format!("a{k} = \"\"\n")).collect::<Vec<_>>().concat();
    assert!(refused(&plant("1", &many)).contains("allowed: at most 32"));
}

#[test]
fn units_of_long_chains_of_values_are_found_in_a_moment() {
    let started = std::time::Instant::now();
    let line = |k: usize| format!("a{k} = {}a{}\n", "x + ".repeat(30), k + 1);
    let lines: String = (0..4000).map(line).collect();
    let equations = format!("{lines}a4000 = x\nx' = a0");
    let text =
        format!("kind = \"plant\"\nequations = \"\"\"\n{equations}\"\"\"\n[states]\nx = {{ unit = \"m\" }}");
    assert!(refused(&text).contains("the units do not fit: m/s ≠ m"));
    // Not by going over all of them until nothing is new.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn a_name_as_long_as_a_file_is_compared_with_none() {
    // To compare two of this length takes as many steps as the product of their lengths.
    let [declared, wanted] = ["a", "b"].map(|letter| letter.repeat(300_000));
    let text = format!(
        "[plant]\nequations = \"x' = u\"\n[plant.states]\nx = {{}}\n[plant.inputs]\nu = {{}}\n\
         [controller]\nequations = \"v = 1\"\n[controller.outputs]\n{declared} = {{}}\n[connect]\nu = \"{wanted}\"\n"
    );
    let error = gainswarm::config::Config::parse("study.toml".as_ref(), &text).expect_err("unknown");
    assert!(error.problem.ends_with("is unknown"), "{} bytes", error.problem.len());
}

#[test]
fn nested_motions_along_the_plant_are_refused_before_they_take_long() {
    let law = format!("u = k*{}sin(x)*y{}", "lie_drift(".repeat(10), ")".repeat(10));
    let text = format!(
        "[plant]\nequations = \"x' = sin(x*y)*cos(y) + u; y' = exp(x)*z + sin(z)*x; z' = tanh(x*y*z)\"\n\
         [plant.states]\nx = {{}}\ny = {{}}\nz = {{}}\n[plant.inputs]\nu = {{}}\n\
         [controller]\nequations = \"{law}\"\n\
         [controller.gains]\nk = {{ default = 1.0, search = [0.1, 2.0] }}\n\
         [[scenarios]]\ninitial_state = [0.1, 0.1, 0.1]\n[cost.c]\nintegrate = \"x^2\"\n"
    );
    let error = gainswarm::config::Config::parse("study.toml".as_ref(), &text).expect_err("too large");
    assert!(error.problem.contains("too large"), "{error}");
}

#[test]
fn mutated_and_random_texts_never_panic() {
    let valid = "a = if x > 0 and not (v < 1) then clamp(u, -p, p) else -x^2/3\nx'' = -a + 2*x' - sin(t)*hypot(p, x)\nv' = min(a, 1e-3, v)";
    let parts = [
        "x", "v'", "x''", "(", ")", "+", "-", "*", "/", "^", "=", "==", "<", ",", "if", "then", "else",
        "and", "not", "1.5", "e9", ".", "'", "\n", ";", "#", "sin(", "clamp(", "table(", "θ", "\0", "0x",
        "−", "\u{feff}",
    ];
    let mut dice = Random(77);
    let mut accepted = 0;
    for case in 0..20_000 {
        let text: String = if case % 2 == 0 {
            let mut characters: Vec<char> = valid.chars().collect();
            for _ in 0..=dice.below(4) {
                let at = dice.below(characters.len());
                match dice.below(3) {
                    0 => drop(characters.remove(at)),
                    1 => characters[at] = characters[dice.below(characters.len())],
                    _ => parts[dice.below(parts.len())].chars().for_each(|c| characters.insert(at, c)),
                }
            }
            characters.into_iter().collect()
        } else {
            (0..dice.below(30)).map(|_| parts[dice.below(parts.len())]).collect::<Vec<_>>().join(" ")
        };
        match plant(&text) {
            Ok(_) => accepted += 1,
            Err(error) => drop(error.shown(&text)),
        }
    }
    println!("{accepted} of 20,000 are models");
}
