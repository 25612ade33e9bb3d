//! A library on trial: it is used once it has done what the interface asks for.
//!
//! That happens on a thread of its own, with a limit of time, so that a function that never comes back does not hold the program, and so
//! that a library that changes how the processor rounds when it is loaded changes it for that thread alone. Tried are, for each function:
//!
//! - at the start and with the defaults, every result is finite and written;
//! - for numbers about these: the same numbers give the same bits again, in the opposite order of lanes, in every place of a small block, and
//!   beside lanes of NaN;
//! - nothing is written beyond the lanes or into what is read.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::code::Code;
use super::load::{Column, Loaded};
use super::{Description, Function, LANES, Operand, Places, Quantity, Refused, Which};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Columns of 8 lanes that make a block of the trial; the lanes behind are not to be written.
const PARTS: usize = 8;
const BEHIND: f64 = -7.25e77;

/// What each result holds before it is written; any NaN is one that a library gave, or that it did not write.
const UNWRITTEN: f64 = f64::NAN;

pub(super) struct Tried {
    pub(super) loaded: Arc<Code>,
    /// Of a lane of the slowest function, in s.
    pub(super) seconds: f64,
}

/// Loads a library and tries it, within a time; `bytes` are those of the file.
pub(super) fn load(path: PathBuf, bytes: Vec<u8>) -> Result<Tried, Refused> {
    let (sender, receiver) = sync_channel(1);
    let trial = move || {
        let result = open(&path, &bytes).and_then(|loaded| tried(Arc::new(Code::Library(loaded.into()))));
        // Nobody listens any more where it took too long.
        let _ = sender.send(result);
    };
    let builder = std::thread::Builder::new().name("trial of a library".into());
    let told = |problem: String| Refused::new(problem, "see docs/plugins.md");
    builder.spawn(trial).map_err(|error| told(format!("cannot be tried: {error}")))?;
    match receiver.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(Refused::new(
            format!("is too slow: what tries it, some 50 calls of a block, has taken {} s", LIMIT.as_secs()),
            "a function works on a block in microseconds; no loop may wait for NaN or infinity to converge",
        )),
        Err(RecvTimeoutError::Disconnected) => Err(told("has ended the thread that tried it".into())),
    }
}

/// A copy is loaded, so that what runs is what was read, and the file may be made anew meanwhile; where a copy cannot be loaded, which can
/// be for what it needs beside itself, the file.
fn open(path: &Path, bytes: &[u8]) -> Result<Loaded, Refused> {
    let copy = || -> std::io::Result<tempfile::NamedTempFile> {
        let mut file =
            tempfile::Builder::new().prefix("gainswarm-").suffix(std::env::consts::DLL_SUFFIX).tempfile()?;
        std::io::Write::write_all(&mut file, bytes)?;
        Ok(file)
    };
    let loaded = match copy().ok().map(|copy| Loaded::open(copy.path())) {
        Some(Err(refused)) if !refused.problem.starts_with("cannot be loaded") => Err(refused),
        Some(Ok(loaded)) => Ok(loaded),
        _ => Loaded::open(path),
    }?;
    if rounds_otherwise() {
        return Err(changes_rounding());
    }
    Ok(loaded)
}

fn tried(loaded: Arc<Code>) -> Result<Tried, Refused> {
    let mut seconds: f64 = 0.0;
    for which in loaded.description().functions() {
        let function = Function::new(loaded.clone(), which);
        let trial = Trial { function, of: loaded.description(), which, fastest: f64::INFINITY.into() };
        seconds = seconds.max(trial.run()?);
    }
    if rounds_otherwise() {
        return Err(changes_rounding());
    }
    Ok(Tried { loaded, seconds })
}

/// Whether numbers below the smallest normal one are lost, or a third is rounded another way than to the nearest.
pub(super) fn rounds_otherwise() -> bool {
    let of = |a: f64, b: f64| std::hint::black_box(a) / std::hint::black_box(b);
    let is_other = |a: f64, b: f64, expected: f64| of(a, b).to_bits() != expected.to_bits();
    of(f64::MIN_POSITIVE, 4.0) == 0.0 || is_other(1.0, 3.0, 1.0 / 3.0) || is_other(2.0, 3.0, 2.0 / 3.0)
}

pub(super) fn changes_rounding() -> Refused {
    Refused::new(
        "changes how the processor rounds, and with it the results of all that runs beside it",
        "compile and link it without -ffast-math, and leave the rounding mode alone",
    )
}

struct Trial<'a> {
    function: Function,
    of: &'a Description,
    which: Which,
    /// The shortest time that a call took for a lane, in s.
    fastest: Cell<f64>,
}

/// Numbers a lane, for each column: operands, or results.
type Lanes = Vec<Vec<f64>>;

impl Trial<'_> {
    /// Seconds that a call takes for a lane, if it does what it should.
    fn run(&self) -> Result<f64, Refused> {
        let all = PARTS * LANES;
        let start = self.operands(1, |_, _| 0.0);
        let results = self.call(&start)?;
        if let Some(place) = results.iter().position(|result| !result[0].is_finite()) {
            let what = match results[place][0] {
                value if value.is_nan() => "NaN, or does not write it".to_owned(),
                value => value.to_string(),
            };
            return Err(self.refuse(
                &format!(
                    "gives {what}, for {} at the start and with the defaults",
                    self.of.result(self.which, place)
                ),
                "see what it does with the values and defaults that it declares",
            ));
        }
        // Places between −1 and 1 that are all different.
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let spread = |column: usize, lane: usize| {
            let turn = 0.618_033_988_749_894_9 * (1 + lane + all * column) as f64;
            2.0 * turn.fract() - 1.0
        };
        let operands = self.operands(all, spread);
        let expected = self.call(&operands)?;
        for _ in 0..3 {
            if !is_same(&self.call(&operands)?, &expected) {
                return Err(self.refuse(
                    "gives other results for the same numbers",
                    "keep nothing from one call to the next but in the memory of a lane, and write every lane",
                ));
            }
        }
        self.places(&operands, &expected)?;
        Ok(self.fastest.get())
    }

    /// Whether the lanes keep to themselves.
    fn places(&self, operands: &Lanes, expected: &Lanes) -> Result<(), Refused> {
        let reversed =
            |lanes: &Lanes| lanes.iter().map(|lane| lane.iter().rev().copied().collect()).collect();
        let mut is_kept = is_same(&self.call(&reversed(operands))?, &reversed(expected));
        let some = |lanes: &Lanes, from: usize, count: usize| -> Lanes {
            lanes.iter().map(|lane| lane[from..from + count].to_vec()).collect()
        };
        for from in (0..LANES).map(|place| 5 * place) {
            let alone = self.call(&some(operands, from, LANES))?;
            is_kept &= is_same(&alone, &some(expected, from, LANES));
        }
        for kept in [0, 9, PARTS * LANES - 1] {
            let mut among = operands.clone();
            for lane in among.iter_mut().flat_map(|lanes| lanes.iter_mut().enumerate()) {
                if lane.0 != kept {
                    *lane.1 = f64::NAN;
                }
            }
            is_kept &= is_same(&some(&self.call(&among)?, kept, 1), &some(expected, kept, 1));
        }
        if is_kept {
            return Ok(());
        }
        Err(self.refuse(
            "gives other bits where a lane has another place or other neighbours",
            "treat each lane by itself; where a compiler treats the last lanes of a loop in another way, forbid it to (-ffp-contract=off)",
        ))
    }

    /// The operands of some lanes: the start and the defaults, moved by a share of their size.
    fn operands(&self, lanes: usize, share: impl Fn(usize, usize) -> f64) -> Lanes {
        let columns = self.of.operands(self.which).into_iter().enumerate();
        let one = |(column, operand): (usize, Operand)| {
            (0..lanes.next_multiple_of(LANES)).map(|lane| self.number(operand, share(column, lane))).collect()
        };
        columns.map(one).collect()
    }

    fn number(&self, operand: Operand, share: f64) -> f64 {
        let moved = |of: &Quantity, by: f64| {
            let value = if of.value.is_nan() { 0.0 } else { of.value };
            value + by * share * of.scale.max(value.abs())
        };
        match (operand, self.of.quantity(operand)) {
            (Operand::Time, _) => 0.5 + 0.5 * share,
            (Operand::Period, _) => 1e-3,
            // Within what is allowed.
            (Operand::Parameter(_), Some(of)) => {
                let [low, high] = of.range;
                let value = moved(of, 0.01);
                if low < high { value.clamp(low, high) } else { of.value }
            }
            (_, Some(of)) => moved(of, 1.0),
            (_, None) => 0.0,
        }
    }

    /// The results of some lanes, as many as are a block of their own.
    fn call(&self, operands: &Lanes) -> Result<Lanes, Refused> {
        let lanes = operands.first().map_or(LANES, Vec::len);
        let parts = lanes / LANES;
        let (reads, writes) = (self.function.operands(), self.function.results());
        // A column of guards behind all, and one before each result.
        let columns = reads + 2 * writes + 1;
        let mut block = vec![Column([BEHIND; LANES]); columns * parts];
        let read = |block: &[Column], column: usize| -> Vec<f64> {
            block[column * parts..][..parts].iter().flat_map(|part| part.0).collect()
        };
        let write = |block: &mut [Column], column: usize, numbers: &[f64]| {
            for (part, numbers) in block[column * parts..][..parts].iter_mut().zip(numbers.chunks(LANES)) {
                part.0.copy_from_slice(numbers);
            }
        };
        for (column, numbers) in operands.iter().enumerate() {
            write(&mut block, column, numbers);
        }
        #[allow(clippy::cast_possible_truncation, reason = "few columns")]
        let byte = |column: usize| column as u8;
        let of: Vec<u8> = (0..reads).map(byte).collect();
        let out: Vec<u8> = (0..writes).map(|result| byte(reads + 2 * result + 1)).collect();
        for column in &out {
            write(&mut block, usize::from(*column), &vec![UNWRITTEN; lanes]);
        }
        let places = Places::new(&of, &out);
        let since = Instant::now();
        self.function.call(&mut block, parts, &places);
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        self.fastest.set(self.fastest.get().min(since.elapsed().as_secs_f64() / lanes as f64));
        let guards = (0..=writes).map(|result| reads + 2 * result);
        if guards
            .into_iter()
            .any(|column| read(&block, column).iter().any(|number| number.to_bits() != BEHIND.to_bits()))
        {
            return Err(
                self.refuse("writes beyond its lanes", "write results[k][lane] for lane < lanes alone")
            );
        }
        let is_kept = |(column, numbers): (usize, &Vec<f64>)| {
            read(&block, column).iter().zip(numbers).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        if !operands.iter().enumerate().all(is_kept) {
            return Err(self.refuse("writes into what it may only read", "write the results alone"));
        }
        Ok(out.iter().map(|column| read(&block, usize::from(*column))).collect())
    }

    fn refuse(&self, problem: &str, remedy: &str) -> Refused {
        Refused::new(format!("its `{}` {problem}", self.which.name()), remedy)
    }
}

/// Whether all bits are the same; any NaN is a NaN.
fn is_same(a: &Lanes, b: &Lanes) -> bool {
    let bits = |number: f64| if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() };
    let is_one = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).all(|(a, b)| bits(*a) == bits(*b));
    a.iter().zip(b).all(is_one)
}
