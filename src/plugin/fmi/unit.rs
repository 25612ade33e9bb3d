//! The C functions of an FMU for co-simulation (FMI 2.0.5, chapters 2.1 and 4.2), and columns of a block as numbers.
//!
//! # Why `unsafe`
//!
//! An FMU is compiled code of somebody else, as a library of `plugin/load.rs` is, with the interface of the standard in place of ours. What
//! makes it sound as far as the FMU keeps to the standard:
//!
//! - all functions are there before any is called, and have the signatures of the standard;
//! - an instance stays on the thread that made it, and keeps the binary loaded;
//! - arrays of references and values have the length that is told, and live as long as the call;
//! - the callbacks are functions of this file that live as long as the program; what they are told is read up to a bound, and copied;
//! - an instance that has told a fatal error is not called again, as the standard asks, not even to be freed;
//! - a block is read and written as the 64-bit numbers that it is made of.
//!
//! An FMU that breaks the standard can do to the process whatever it likes: nothing that is called in a process can be kept from that.

#![allow(unsafe_code, reason = "compiled code of others can be called in no other way")]

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use libloading::Library;

use crate::plugin::{LANES, Refused};

type Component = *mut c_void;
type Status = c_int;
type Logger = unsafe extern "C" fn(*mut c_void, *const c_char, Status, *const c_char, *const c_char);

/// `fmi2Warning`, `fmi2Fatal`, `fmi2CoSimulation`
const WARNING: Status = 1;
const FATAL: Status = 4;
const CO_SIMULATION: c_int = 1;

/// Most bytes of what an FMU says of an error.
const TEXT_MAX: usize = 255;

/// `fmi2CallbackFunctions`
#[repr(C)]
struct Callbacks {
    logger: Logger,
    allocate: unsafe extern "C" fn(usize, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    step_finished: Option<unsafe extern "C" fn(*mut c_void, Status)>,
    environment: *mut c_void,
}

// SAFETY: it has no environment, and its functions are callable from any thread.
unsafe impl Sync for Callbacks {}

unsafe extern "C" {
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
}

static CALLBACKS: Callbacks =
    Callbacks { logger, allocate: calloc, free, step_finished: None, environment: ptr::null_mut() };

thread_local! {
    /// What an FMU has said last on this thread.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the text of an error as it is written, without what it would be filled with: that stands behind in arguments whose types nobody knows.
unsafe extern "C" fn logger(
    _environment: *mut c_void,
    _instance: *const c_char,
    status: Status,
    _category: *const c_char,
    message: *const c_char,
) {
    if status <= WARNING || message.is_null() {
        return;
    }
    let mut bytes = Vec::new();
    while bytes.len() < TEXT_MAX {
        // SAFETY: not null, and all before it were no 0.
        match unsafe { *message.cast::<u8>().add(bytes.len()) } {
            0 => break,
            byte => bytes.push(byte),
        }
    }
    let said = String::from_utf8_lossy(&bytes).replace(|c: char| c.is_control(), " ");
    let _ = SAID.try_with(|all| {
        if let Ok(mut all) = all.try_borrow_mut() {
            *all = said;
        }
    });
}

/// What was said since the last time, in words to be put behind a problem.
fn said() -> String {
    match SAID.take() {
        said if said.is_empty() => String::new(),
        said => format!("; it says \"{said}\""),
    }
}

/// The functions of a binary. They are plain addresses, good as long as it is loaded.
pub(super) struct Binary {
    instantiate: unsafe extern "C" fn(
        *const c_char,
        c_int,
        *const c_char,
        *const c_char,
        *const Callbacks,
        c_int,
        c_int,
    ) -> Component,
    free_instance: unsafe extern "C" fn(Component),
    setup: unsafe extern "C" fn(Component, c_int, f64, f64, c_int, f64) -> Status,
    enter: unsafe extern "C" fn(Component) -> Status,
    exit: unsafe extern "C" fn(Component) -> Status,
    reset: unsafe extern "C" fn(Component) -> Status,
    set: unsafe extern "C" fn(Component, *const u32, usize, *const f64) -> Status,
    get: unsafe extern "C" fn(Component, *const u32, usize, *mut f64) -> Status,
    step: unsafe extern "C" fn(Component, f64, f64, c_int) -> Status,
    guid: CString,
    resources: CString,
    // Last: what stands above is of it.
    _library: Library,
}

impl Binary {
    /// The functions of a binary that is loaded.
    pub(super) fn new(library: Library, guid: &str, resources: &str) -> Result<Self, Refused> {
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the standard says what signature the function of this name has, which is that of the field.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(|_| {
                    let problem = concat!("its binary does not export `", $name, "`");
                    Refused::new(problem, "an FMU 2.0 for co-simulation exports all functions of the standard; export it anew")
                })?
            };
        }
        let text = |text: &str| CString::new(text).unwrap_or_default();
        Ok(Self {
            instantiate: function!("fmi2Instantiate"),
            free_instance: function!("fmi2FreeInstance"),
            setup: function!("fmi2SetupExperiment"),
            enter: function!("fmi2EnterInitializationMode"),
            exit: function!("fmi2ExitInitializationMode"),
            reset: function!("fmi2Reset"),
            set: function!("fmi2SetReal"),
            get: function!("fmi2GetReal"),
            step: function!("fmi2DoStep"),
            guid: text(guid),
            resources: text(resources),
            _library: library,
        })
    }
}

/// What a call of an FMU has failed with.
pub(super) type Failed = String;

/// An instance of an FMU. It stays on a thread.
pub(super) struct Instance {
    component: Component,
    binary: Arc<Binary>,
}

impl Instance {
    pub(super) fn new(binary: &Arc<Binary>) -> Result<Self, Failed> {
        SAID.take();
        // SAFETY: texts end with 0, and the callbacks live as long as the program.
        let component = unsafe {
            (binary.instantiate)(
                c"gainswarm".as_ptr(),
                CO_SIMULATION,
                binary.guid.as_ptr(),
                binary.resources.as_ptr(),
                &raw const CALLBACKS,
                0,
                0,
            )
        };
        if component.is_null() {
            return Err(format!("`fmi2Instantiate` gives NULL{}", said()));
        }
        Ok(Self { component, binary: binary.clone() })
    }

    /// Begins a simulation at 0 s, with parameters and inputs.
    pub(super) fn begin(&mut self, references: [&[u32]; 2], values: [&[f64]; 2]) -> Result<(), Failed> {
        let Binary { setup, enter, exit, .. } = *self.binary;
        // SAFETY: an instance that has just been made or set back.
        self.told("fmi2SetupExperiment", |component| unsafe { setup(component, 0, 0.0, 0.0, 0, 0.0) })?;
        for (references, values) in references.into_iter().zip(values) {
            self.set(references, values)?;
        }
        // SAFETY: as the standard has it: enter, then exit.
        self.told("fmi2EnterInitializationMode", |component| unsafe { enter(component) })?;
        // SAFETY: as above.
        self.told("fmi2ExitInitializationMode", |component| unsafe { exit(component) })
    }

    /// Sets it back to what it is when it has been made.
    pub(super) fn reset(&mut self) -> Result<(), Failed> {
        let reset = self.binary.reset;
        // SAFETY: allowed in every state but after a fatal error, where there is no instance any more.
        self.told("fmi2Reset", |component| unsafe { reset(component) })
    }

    pub(super) fn set(&mut self, references: &[u32], values: &[f64]) -> Result<(), Failed> {
        assert_eq!(references.len(), values.len(), "a value a variable");
        if references.is_empty() {
            return Ok(());
        }
        let set = self.binary.set;
        let (of, values) = (references.as_ptr(), values.as_ptr());
        // SAFETY: both arrays have that length.
        self.told("fmi2SetReal", |component| unsafe { set(component, of, references.len(), values) })
    }

    pub(super) fn get(&mut self, references: &[u32], values: &mut [f64]) -> Result<(), Failed> {
        assert_eq!(references.len(), values.len(), "a value a variable");
        let get = self.binary.get;
        let (of, values) = (references.as_ptr(), values.as_mut_ptr());
        // SAFETY: both arrays have that length.
        self.told("fmi2GetReal", |component| unsafe { get(component, of, references.len(), values) })
    }

    /// Goes on from `time` by `step`, both in s.
    pub(super) fn step(&mut self, time: f64, step: f64) -> Result<(), Failed> {
        let go = self.binary.step;
        // SAFETY: an instance in step mode. It need not keep states from before.
        self.told("fmi2DoStep", |component| unsafe { go(component, time, step, 1) })
    }

    fn told(&mut self, name: &str, call: impl FnOnce(Component) -> Status) -> Result<(), Failed> {
        if self.component.is_null() {
            return Err(format!("`{name}` after a fatal error"));
        }
        let status = call(self.component);
        if status == FATAL {
            self.component = ptr::null_mut();
        }
        if (0..=WARNING).contains(&status) {
            return Ok(());
        }
        let word = match status {
            2 => "fmi2Discard",
            3 => "fmi2Error",
            FATAL => "fmi2Fatal",
            5 => "fmi2Pending",
            _ => "no status of the standard",
        };
        Err(format!("`{name}` gives {word}{}", said()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !self.component.is_null() {
            // SAFETY: it has been made by the same binary, and nothing uses it any more.
            unsafe { (self.binary.free_instance)(self.component) };
        }
    }
}

/// The numbers of a block of vectors of 64-bit numbers.
pub(super) fn numbers<V: Copy>(block: &mut [V]) -> &mut [f64] {
    let size = size_of::<V>();
    assert!(size > 0 && size.is_multiple_of(LANES.min(2) * size_of::<f64>()), "vectors of numbers");
    assert!(align_of::<V>() >= align_of::<f64>(), "aligned numbers");
    let count = size_of_val(block) / size_of::<f64>();
    // SAFETY: as many numbers as the bytes of the block hold, borrowed as it is; all that it is used with are vectors of 64-bit numbers.
    unsafe { std::slice::from_raw_parts_mut(block.as_mut_ptr().cast(), count) }
}
