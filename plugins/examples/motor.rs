//! The DC motor of models/plants/dc_motor.toml as compiled code, in Rust, without a crate.
//!
//!     rustc --edition 2021 -O -C target-cpu=native --crate-type cdylib -o libmotor.so plugins/examples/motor.rs

use std::ffi::{c_char, c_void};
use std::ptr::null;

#[repr(C)]
pub struct Quantity {
    name: *const c_char,
    unit: *const c_char,
    doc: *const c_char,
    value: f64,
    lower: f64,
    upper: f64,
    scale: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct List {
    of: *const Quantity,
    count: usize,
}

#[repr(C)]
pub struct Block {
    lanes: usize,
    time: *const f64,
    period: *const f64,
    states: *const *const f64,
    memory: *const *const f64,
    inputs: *const *const f64,
    parameters: *const *const f64,
}

type Function = unsafe extern "C" fn(*const c_void, *const Block, *const *mut f64);

#[repr(C)]
pub struct Plugin {
    version: u32,
    size: u32,
    kind: u32,
    flags: u32,
    name: *const c_char,
    summary: *const c_char,
    source: *const c_char,
    states: List,
    memory: List,
    inputs: List,
    parameters: List,
    outputs: List,
    rates: Option<Function>,
    outputs_of: Option<Function>,
    update: Option<Function>,
    step: Option<Function>,
    open: Option<unsafe extern "C" fn() -> *mut c_void>,
    close: Option<unsafe extern "C" fn(*mut c_void)>,
}

// What it points to is static and never written.
unsafe impl Sync for Plugin {}
unsafe impl Sync for Quantity {}

const fn quantity(name: &'static std::ffi::CStr, unit: &'static std::ffi::CStr, value: f64, range: [f64; 2]) -> Quantity {
    let [lower, upper] = range;
    Quantity { name: name.as_ptr(), unit: unit.as_ptr(), doc: null(), value, lower, upper, scale: 0.0 }
}

const ANY: [f64; 2] = [0.0, 0.0];
static STATES: [Quantity; 2] = [quantity(c"omega", c"rad/s", 0.0, ANY), quantity(c"current", c"A", 0.0, ANY)];
static INPUTS: [Quantity; 2] = [quantity(c"voltage", c"V", 0.0, ANY), quantity(c"load", c"N m", 0.0, ANY)];
static PARAMETERS: [Quantity; 6] = [
    quantity(c"J", c"kg m\u{b2}", 0.0004, [1e-9, 1e3]),
    quantity(c"D", c"N m s/rad", 0.0022, [0.0, 1e3]),
    quantity(c"K", c"N m/A", 0.015, [1e-9, 1e3]),
    quantity(c"Kb", c"V s/rad", 0.05, [0.0, 1e3]),
    quantity(c"R", c"ohm", 0.4, [1e-9, 1e6]),
    quantity(c"L", c"H", 2.7, [1e-9, 1e3]),
];
static OUTPUTS: [Quantity; 1] = [quantity(c"speed_rpm", c"rpm", 0.0, ANY)];

const NOTHING: List = List { of: null(), count: 0 };

/// A column as a slice.
///
/// # Safety
///
/// `of` has more than `place` columns of `lanes` numbers.
unsafe fn column<'a>(of: *const *const f64, place: usize, lanes: usize) -> &'a [f64] {
    std::slice::from_raw_parts(*of.add(place), lanes)
}

unsafe fn result<'a>(of: *const *mut f64, place: usize, lanes: usize) -> &'a mut [f64] {
    std::slice::from_raw_parts_mut(*of.add(place), lanes)
}

unsafe extern "C" fn rates(_: *const c_void, block: *const Block, results: *const *mut f64) {
    let Block { lanes, states, inputs, parameters, .. } = *block;
    let [omega, current] = [0, 1].map(|k| column(states, k, lanes));
    let [voltage, load] = [0, 1].map(|k| column(inputs, k, lanes));
    let [j, d, k, kb, r, l] = [0, 1, 2, 3, 4, 5].map(|k| column(parameters, k, lanes));
    let [omega_rate, current_rate] = [0, 1].map(|k| result(results, k, lanes));
    for i in 0..lanes {
        omega_rate[i] = (k[i] * current[i] - d[i] * omega[i] - load[i]) / j[i];
        current_rate[i] = (voltage[i] - r[i] * current[i] - kb[i] * omega[i]) / l[i];
    }
}

unsafe extern "C" fn outputs_of(_: *const c_void, block: *const Block, results: *const *mut f64) {
    let Block { lanes, states, .. } = *block;
    for (rpm, omega) in result(results, 0, lanes).iter_mut().zip(column(states, 0, lanes)) {
        *rpm = omega * 60.0 / std::f64::consts::TAU;
    }
}

static PLUGIN: Plugin = Plugin {
    version: 1,
    size: size_of::<Plugin>() as u32,
    kind: 1,
    flags: 0,
    name: c"motor".as_ptr(),
    summary: c"armature-controlled DC motor with viscous friction".as_ptr(),
    source: c"as models/plants/dc_motor.toml".as_ptr(),
    states: List { of: STATES.as_ptr(), count: STATES.len() },
    memory: NOTHING,
    inputs: List { of: INPUTS.as_ptr(), count: INPUTS.len() },
    parameters: List { of: PARAMETERS.as_ptr(), count: PARAMETERS.len() },
    outputs: List { of: OUTPUTS.as_ptr(), count: OUTPUTS.len() },
    rates: Some(rates),
    outputs_of: Some(outputs_of),
    update: None,
    step: None,
    open: None,
    close: None,
};

#[no_mangle]
pub extern "C" fn gainswarm_plugin_entry() -> *const Plugin {
    &PLUGIN
}
