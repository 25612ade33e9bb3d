//! A step as C: each value a constant of the vector type, so that the compiler keeps it in a register where it can.
//!
//! An operation becomes the expression that does what `run.rs` does, in the order of the program. A comparison stays a mask as long as
//! nothing needs its number, and a number that is the same for ever is written out. Two vectors go side by side, statement by statement, so
//! that one works while the other waits: a tenth to a fifth faster than one after the other; four are slower, since their values do not fit
//! into the registers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::graph::Operation;
use crate::program::{Code, Instruction, Place, SLOTS_MAX, Shape, Step};

/// What the text stands on: vectors of a processor, and the functions of [`crate::lanes`].
const VECTORS_H: &str = include_str!("vectors.h");
const FUNCTIONS_H: &str = include_str!("functions.h");

/// gcc leaves the order of instructions alone before it gives out registers, unless it is told to.
const SCHEDULE: &str = "#if defined(__GNUC__) && !defined(__clang__)\n\
    #pragma GCC optimize(\"schedule-insns\", \"sched-pressure\")\n#endif\n\n";

/// The form of the functions below; another one is not called.
pub(super) const VERSION: u64 = 1;

/// Vectors that go side by side, and what stands for which one in a statement.
const ABREAST: usize = 2;
const WHICH: char = '@';

/// How a block is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// Lanes of a vector.
    pub width: usize,
    /// Vectors of a slot, an even number.
    pub vectors: usize,
}

/// One of several functions of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) step: &'a Step,
    /// How many values are carried, in the first slots.
    pub(super) carried: usize,
}

/// The whole text: a function a step.
pub(super) fn text(form: Form, functions: &[Function<'_>]) -> String {
    let Form { width, vectors } = form;
    let mut text = format!(
        "// A step of simulations over a block of lanes, made by gainswarm {}.\n//\n\
         // A block has {vectors} vectors of {width} lanes a slot, a number a lane. A function advances the `active` lanes, a bit each, by up to `steps` steps, until \
         one of\n// them stops; it gives the steps done, and in `stopped` the lanes that stop, a bit each. What becomes of the others is left open.\n\n\
         #define WIDTH {width}\n#define VECTORS {vectors}\n\n{SCHEDULE}{VECTORS_H}\n{FUNCTIONS_H}\n\
         typedef v stored __attribute__((may_alias));\n\
         // The lanes of the vectors that go side by side; those that have nothing to do are left out.\n\
         #define ABREAST ((UINT64_C(1) << {ABREAST} * WIDTH) - 1)\n\
         #define AT(slot, n) (*(stored *)(block + ((slot) * VECTORS + k + n) * WIDTH))\n",
        env!("CARGO_PKG_VERSION")
    );
    for Function { name, step, carried } in functions {
        let slots = step.slots;
        let body = Body::of(step, *carried);
        let _ = write!(
            text,
            "\nconst uint64_t {name}_form[4] = {{{VERSION}, WIDTH, VECTORS, {slots}}};\n\n\
             uint64_t {name}(double *restrict block, uint64_t steps, uint64_t active, uint64_t *restrict stopped) {{\n    \
             uint64_t done = 0, stops = 0;\n    while (done < steps && stops == 0) {{\n        \
             for (int k = 0; k < VECTORS; k += {ABREAST}) {{\n            if (!(active >> (k * WIDTH) & ABREAST)) continue;\n{body}        }}\n        stops &= active;\n        done++;\n    }}\n    \
             *stopped = stops;\n    return done;\n}}\n",
        );
    }
    text
}

/// What stands for a value.
#[derive(Debug, Clone)]
enum Value {
    Number(String),
    /// A mask, which is as good as 1 or 0.
    Mask(String),
}

impl Value {
    fn number(&self) -> String {
        match self {
            Self::Number(name) => name.clone(),
            Self::Mask(name) => format!("number_({name})"),
        }
    }

    fn mask(&self) -> String {
        match self {
            Self::Number(name) => format!("truth_({name})"),
            Self::Mask(name) => name.clone(),
        }
    }
}

/// The statements of a step for one vector.
struct Body {
    lines: Vec<String>,
    /// What each slot holds so far; what it held before the step is not here until it is asked for.
    slots: BTreeMap<usize, Value>,
    uniforms: BTreeMap<usize, f64>,
    /// The slots that the step reads as they were before it.
    before: BTreeSet<usize>,
    written: BTreeSet<usize>,
    values: usize,
}

impl Body {
    fn of(step: &Step, carried: usize) -> String {
        let mut body = Self {
            lines: Vec::new(),
            slots: BTreeMap::new(),
            uniforms: BTreeMap::new(),
            before: BTreeSet::new(),
            written: BTreeSet::new(),
            values: 0,
        };
        for (place, number) in &step.constants {
            match place {
                Place::Slot(slot) => {
                    body.slots.insert(usize::from(*slot), Value::Number(constant(*number)));
                }
                Place::Uniform(place) => {
                    body.uniforms.insert(usize::from(*place), *number);
                }
            }
        }
        for instruction in &step.instructions {
            body.instruction(instruction);
        }
        let stop = body.read(step.stop.into()).mask();
        let shown: BTreeSet<usize> = step.shown.iter().copied().map(usize::from).collect();
        let is_kept = |slot: &usize| *slot < carried || shown.contains(slot) || body.before.contains(slot);
        let kept: Vec<usize> = body.written.iter().copied().filter(is_kept).collect();
        for slot in kept {
            let value = body.slots[&slot].number();
            body.lines.push(format!("AT({slot}, {WHICH}) = {value};"));
        }
        body.lines.push(format!("stops |= bits_({stop}) << ((k + {WHICH}) * WIDTH);"));
        let vectors = |line: &String| {
            let line = format!("            {line}\n");
            (0..ABREAST).map(|vector| line.replace(WHICH, &vector.to_string())).collect::<String>()
        };
        body.lines.iter().map(vectors).collect()
    }

    /// What a slot holds.
    fn read(&mut self, slot: usize) -> Value {
        debug_assert!(slot < SLOTS_MAX, "a byte");
        if let Some(value) = self.slots.get(&slot) {
            return value.clone();
        }
        self.before.insert(slot);
        let name = format!("s{slot}_{WHICH}");
        self.lines.push(format!("const v {name} = AT({slot}, {WHICH});"));
        let value = Value::Number(name);
        self.slots.insert(slot, value.clone());
        value
    }

    fn number(&mut self, slot: usize) -> String {
        self.read(slot).number()
    }

    fn uniform(&self, place: usize) -> String {
        constant(self.uniforms.get(&place).copied().unwrap_or(0.0))
    }

    fn fresh(&mut self) -> String {
        self.values += 1;
        format!("t{}_{WHICH}", self.values)
    }

    /// A new value: the name under which it can be read.
    fn named(&mut self, value: &Value) -> Value {
        let name = self.fresh();
        match value {
            Value::Number(expression) => {
                self.lines.push(format!("const v {name} = {expression};"));
                Value::Number(name)
            }
            Value::Mask(expression) => {
                self.lines.push(format!("const m {name} = {expression};"));
                Value::Mask(name)
            }
        }
    }

    fn write(&mut self, slot: usize, value: Value) {
        self.written.insert(slot);
        self.slots.insert(slot, value);
    }

    fn set(&mut self, slot: usize, expression: String) {
        let value = self.named(&Value::Number(expression));
        self.write(slot, value);
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let (of, out) = instruction.places();
        if let Some(shape) = instruction.code.shape() {
            return self.joined(shape, of, out[0]);
        }
        match instruction.code {
            Code::SinCos => {
                let angle = self.number(of[0]);
                self.call_of_two(&format!("sin_cos({angle}"), out);
            }
            Code::Turn | Code::TurnBy => {
                let [sin, cos, by] = [0, 1, 2].map(|place| self.number(of[place]));
                let by = match instruction.code {
                    Code::TurnBy => format!("{} * {by}", self.uniform(of[3])),
                    _ => by,
                };
                self.call_of_two(&format!("turned({sin}, {cos}, {by}"), out);
            }
            Code::Solve | Code::SolveNegated => self.solve(instruction.code, of, out),
            Code::Cross | Code::CrossBy => {
                let [a, b, c, d] = [0, 1, 2, 3].map(|place| self.number(of[place]));
                let factor = match instruction.code {
                    Code::CrossBy => format!("{} * ", self.uniform(of[4])),
                    _ => String::new(),
                };
                self.set(out[0], format!("{factor}fma_({c}, {d}, {a} * {b})"));
                self.set(out[1], format!("{factor}fnma_({c}, {b}, {a} * {d})"));
            }
            Code::Scale => {
                let a = self.number(of[0]);
                let [p, q] = [1, 2].map(|place| self.uniform(of[place]));
                self.set(out[0], format!("{p} * {a}"));
                let product = self.number(out[0]);
                self.set(out[1], format!("{q} * {product}"));
            }
            Code::Square => {
                let [a, b] = [0, 1].map(|place| self.number(of[place]));
                let p = self.uniform(of[2]);
                self.set(out[0], format!("fma_({p}, {a}, {b})"));
                let sum = self.number(out[0]);
                self.set(out[1], format!("{sum} * {sum}"));
            }
            Code::Move => {
                let value = self.read(of[0]);
                self.write(out[0], value);
            }
            Code::Spread => {
                let value = Value::Number(self.uniform(of[0]));
                self.write(out[0], value);
            }
            Code::Call => unreachable!("a step with calls stays with the program, see `Runner::source`"),
            _ => {
                let operation = instruction.operation;
                let operands: Vec<Value> =
                    (0..operation.operands()).map(|place| self.read(of[place])).collect();
                let value = self.operation(operation, &operands);
                self.write(out[0], value);
            }
        }
    }

    /// A function with two results.
    fn call_of_two(&mut self, call: &str, out: [usize; 2]) {
        let [first, second] = [self.fresh(), self.fresh()];
        self.lines.push(format!("v {first}, {second}; {call}, &{first}, &{second});"));
        self.write(out[0], Value::Number(first));
        self.write(out[1], Value::Number(second));
    }

    fn solve(&mut self, code: Code, of: [usize; 6], out: [usize; 2]) {
        let [a, b, c, d, e, f] = of.map(|slot| self.number(slot));
        let inverse = format!("splat(1.0) / fnma_({b}, {c}, {a} * {d})");
        let Value::Number(inverse) = self.named(&Value::Number(inverse)) else { return };
        let [x, y] = match code {
            Code::SolveNegated => {
                [format!("fnma_({e}, {d}, {b} * {f})"), format!("fnma_({a}, {f}, {e} * {c})")]
            }
            _ => [format!("fnma_({b}, {f}, {e} * {d})"), format!("fnma_({e}, {c}, {a} * {f})")],
        };
        self.set(out[0], format!("{x} * {inverse}"));
        self.set(out[1], format!("{y} * {inverse}"));
    }

    /// An operation, and another one with its result.
    fn joined(&mut self, Shape { first, then, uniform }: Shape, of: [usize; 6], out: usize) {
        let count = first.operands();
        let all = count + then.map_or(0, |(then, _)| then.operands() - 1);
        let mut operands: Vec<Value> = (0..all)
            .map(|place| match uniform >> place & 1 {
                1 => Value::Number(self.uniform(of[place])),
                _ => self.read(of[place]),
            })
            .collect();
        let mut others = operands.split_off(count);
        let mut value = self.operation(first, &operands);
        if let Some((then, place)) = then {
            others.insert(place, value);
            value = self.operation(then, &others);
        }
        self.write(out, value);
    }

    fn operation(&mut self, operation: Operation, operands: &[Value]) -> Value {
        let value = expression(operation, operands);
        self.named(&value)
    }
}

/// A number in all lanes.
fn constant(number: f64) -> String {
    match number {
        f64::INFINITY => "splat(INFINITE)".into(),
        f64::NEG_INFINITY => "splat(-INFINITE)".into(),
        number if number.is_nan() => "splat(__builtin_nan(\"\"))".into(),
        // The shortest decimal that reads as the same bits.
        number => format!("splat({number:?})"),
    }
}

/// What an operation does, as `arithmetic` and `apply` of `graph/operation.rs` do it.
fn expression(operation: Operation, of: &[Value]) -> Value {
    let a = || of[0].number();
    let b = || of[1].number();
    let c = || of[2].number();
    let [p, q] = [0, 1].map(|place| of.get(place).map_or_else(String::new, Value::mask));
    let number = match operation {
        Operation::Not => return Value::Mask(format!("not_({p})")),
        Operation::And => return Value::Mask(format!("and_({p}, {q})")),
        Operation::Or => return Value::Mask(format!("or_({p}, {q})")),
        Operation::Less => return Value::Mask(format!("lt({}, {})", a(), b())),
        Operation::LessEqual => return Value::Mask(format!("le({}, {})", a(), b())),
        Operation::Equal => return Value::Mask(format!("eq({}, {})", a(), b())),
        Operation::Neg => format!("-{}", a()),
        Operation::Add => format!("{} + {}", a(), b()),
        Operation::Sub => format!("{} - {}", a(), b()),
        Operation::Mul => format!("{} * {}", a(), b()),
        Operation::Div => format!("{} / {}", a(), b()),
        Operation::Select => format!("select({p}, {}, {})", b(), c()),
        other => {
            let operands: Vec<String> = of.iter().map(Value::number).collect();
            format!("{}({})", function(other), operands.join(", "))
        }
    };
    Value::Number(number)
}

/// The function of the headers that does an operation.
fn function(operation: Operation) -> &'static str {
    match operation {
        Operation::Abs => "abs_",
        Operation::Sign => "sign_",
        Operation::Sqrt => "sqrt_",
        Operation::Cbrt => "cbrt_",
        Operation::Sin => "sin_",
        Operation::Cos => "cos_",
        Operation::Tan => "tan_",
        Operation::Asin => "asin_",
        Operation::Acos => "acos_",
        Operation::Atan => "atan_",
        Operation::Sinh => "sinh_",
        Operation::Cosh => "cosh_",
        Operation::Tanh => "tanh_",
        Operation::Exp => "exp_",
        Operation::Log => "log_",
        Operation::Log10 => "log10_",
        Operation::Floor => "floor_",
        Operation::Round => "round_",
        Operation::Pow => "pow_",
        Operation::Min => "min_",
        Operation::Max => "max_",
        Operation::Atan2 => "atan2_",
        Operation::Hypot => "hypot_",
        Operation::Mod => "mod_",
        Operation::MulAdd => "fma_",
        Operation::MulSub => "fms_",
        Operation::NegMulAdd => "fnma_",
        Operation::SinTurned => "sin_turned",
        Operation::CosTurned => "cos_turned",
        other => unreachable!("{other:?} is written as an expression"),
    }
}
