//! Instances of FMUs, one a lane, on the thread that simulates the lane.
//!
//! An instance is found by what it has come to: at the start by the parameters, later by a number that is made of all that it has been told.
//! Nobody says when a simulation has ended: an instance that has not been called for a while is set back and used anew.

use std::cell::RefCell;
use std::mem::take;
use std::sync::Arc;

use super::Parts;
use super::unit::{Failed, Instance};
use crate::plugin::Which;

/// After so many calls on its thread without one of it, an instance is free. The lanes of a thread are called one block after the other.
const IDLE: u64 = 64;

/// The columns of a call.
pub(super) struct Columns<'a> {
    pub(super) numbers: &'a mut [f64],
    /// How many numbers a column has.
    pub(super) lanes: usize,
    pub(super) of: &'a [u8],
    pub(super) out: &'a [u8],
}

impl Columns<'_> {
    fn read(&self, lane: usize, to: &mut Vec<f64>) {
        to.clear();
        to.extend(self.of.iter().map(|column| self.numbers[usize::from(*column) * self.lanes + lane]));
    }

    fn write(&mut self, lane: usize, values: &[f64]) {
        for (column, value) in self.out.iter().zip(values) {
            self.numbers[usize::from(*column) * self.lanes + lane] = *value;
        }
    }
}

/// An instance in the middle of a simulation.
struct Running {
    // First: it is given back before what it is made of.
    instance: Instance,
    parts: Arc<Parts>,
    /// What it has come to.
    name: u64,
    time: f64,
    parameters: Vec<f64>,
    outputs: Vec<f64>,
    /// The call that used it last.
    used: u64,
}

#[derive(Default)]
struct Pool {
    running: Vec<Running>,
    calls: u64,
    /// Numbers of a lane, which keep their place from call to call.
    operands: Vec<f64>,
    results: Vec<f64>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// Calls a function of an FMU for each lane. What cannot be computed is NaN.
pub(super) fn call(parts: &Arc<Parts>, which: Which, mut columns: Columns<'_>) {
    POOL.with_borrow_mut(|pool| {
        pool.calls += 1;
        let [mut operands, mut results] = [take(&mut pool.operands), take(&mut pool.results)];
        for lane in 0..columns.lanes {
            columns.read(lane, &mut operands);
            results.clear();
            let done = match which {
                Which::Update => pool.update(parts, &operands, &mut results),
                _ => pool.outputs(parts, &operands, &mut results),
            };
            if done.is_err() {
                results.clear();
                results.resize(columns.out.len(), f64::NAN);
            }
            columns.write(lane, &results);
        }
        (pool.operands, pool.results) = (operands, results);
    });
}

impl Pool {
    /// Outputs, of a name and parameters.
    fn outputs(
        &mut self,
        parts: &Arc<Parts>,
        operands: &[f64],
        results: &mut Vec<f64>,
    ) -> Result<(), Failed> {
        let (name, parameters) = (operands[0], &operands[1..]);
        let place = self.find(parts, name, parameters)?;
        results.extend(&self.running[place].outputs);
        Ok(())
    }

    /// The name of what it comes to, of the step, a name, inputs and parameters.
    fn update(&mut self, parts: &Arc<Parts>, operands: &[f64], results: &mut Vec<f64>) -> Result<(), Failed> {
        let (step, name) = (operands[0], operands[1]);
        let (inputs, parameters) = operands[2..].split_at(parts.of.inputs.len());
        if operands.iter().any(|operand| !operand.is_finite()) {
            return Err("numbers that are none".into());
        }
        let place = self.find(parts, name, parameters)?;
        let done = self.running[place].step(step, inputs, parameters);
        if let Err(failed) = &done {
            // It may not be called any more but to be freed.
            drop(self.running.swap_remove(place));
            let _ = parts.failure.set(failed.clone());
            return done;
        }
        let running = &mut self.running[place];
        running.name = hash(running.name, [step].iter().chain(inputs).chain(parameters));
        results.push(shown(running.name));
        Ok(())
    }

    /// The place of an instance that has come to what is named; at the start one is made.
    fn find(&mut self, parts: &Arc<Parts>, name: f64, parameters: &[f64]) -> Result<usize, Failed> {
        let begins = name == 0.0;
        let wanted = if begins { hash(0, parameters.iter()) } else { name.to_bits() };
        let is_it = |running: &Running| {
            let is_named = if begins {
                running.name == wanted && running.time == 0.0
            } else {
                shown(running.name).to_bits() == wanted
            };
            is_named && Arc::ptr_eq(&running.parts, parts)
        };
        let place = match self.running.iter().position(is_it) {
            Some(place) => place,
            None if begins => self.begin(parts, parameters, wanted)?,
            None => return Err("no instance has come to that".into()),
        };
        self.running[place].used = self.calls;
        Ok(place)
    }

    /// The place of an instance that begins a simulation: one that is free, or a new one.
    fn begin(&mut self, parts: &Arc<Parts>, parameters: &[f64], name: u64) -> Result<usize, Failed> {
        if parameters.iter().any(|parameter| !parameter.is_finite()) {
            return Err("numbers that are none".into());
        }
        let calls = self.calls;
        let is_free = |running: &Running| running.used + IDLE < calls;
        let mut instance = None;
        if let Some(place) =
            self.running.iter().position(|running| is_free(running) && Arc::ptr_eq(&running.parts, parts))
        {
            let mut free = self.running.swap_remove(place).instance;
            instance = (parts.resets && free.reset().is_ok()).then_some(free);
        }
        // Those of studies that are over are given back.
        self.running.retain(|running| !is_free(running) || Arc::ptr_eq(&running.parts, parts));
        let instance = match instance {
            Some(instance) => instance,
            None => Instance::new(&parts.binary)?,
        };
        let begun = Running::begin(instance, parts, parameters, name);
        self.running.push(begun.inspect_err(|failed| {
            let _ = parts.failure.set(failed.clone());
        })?);
        Ok(self.running.len() - 1)
    }
}

impl Running {
    fn begin(
        mut instance: Instance,
        parts: &Arc<Parts>,
        parameters: &[f64],
        name: u64,
    ) -> Result<Self, Failed> {
        let of = &parts.of;
        instance.begin([&of.parameters, &[]], [parameters, &[]])?;
        let mut outputs = vec![0.0; of.outputs.len()];
        instance.get(&of.outputs, &mut outputs)?;
        let parameters = parameters.to_vec();
        Ok(Self { instance, parts: parts.clone(), name, time: 0.0, parameters, outputs, used: 0 })
    }

    fn step(&mut self, step: f64, inputs: &[f64], parameters: &[f64]) -> Result<(), Failed> {
        let of = &self.parts.of;
        if self.parameters != parameters {
            self.instance.set(&of.parameters, parameters)?;
            self.parameters.copy_from_slice(parameters);
        }
        self.instance.set(&of.inputs, inputs)?;
        self.instance.step(self.time, step)?;
        self.time += step;
        self.instance.get(&of.outputs, &mut self.outputs)
    }
}

/// Mixes numbers into a hash, by the finaliser of `SplitMix64` (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
fn hash<'a>(from: u64, numbers: impl Iterator<Item = &'a f64>) -> u64 {
    let mix = |hash: u64, number: &f64| {
        let mut z = (hash ^ number.to_bits()).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    numbers.fold(from, mix)
}

/// A hash as a number in [0.5, 1), which keeps 52 bits of it.
fn shown(hash: u64) -> f64 {
    f64::from_bits((hash >> 12) | (1022 << 52))
}
