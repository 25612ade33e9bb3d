//! A library of somebody else, loaded, read and called.
//!
//! # Why `unsafe`
//!
//! Loading a library runs its code, its table is memory that it wrote, and calling a function by its address trusts that address. It has a
//! file of its own beside that of machine code (`native/load.rs`), since what it trusts is another: there the text is ours, here it is not,
//! and all that comes of it is looked at. What makes it sound as far as the library keeps to `include/gainswarm_plugin.h`:
//!
//! - the table is read as the structures below, which are those of the header, once it has said version and size of them;
//! - no pointer is followed that is null or not aligned; a text is read up to its 0 and no further than the longest that is allowed;
//! - all that the table says is copied; sizes are bounded before anything is made of them;
//! - each call checks that the columns lie in the block and are aligned, and gives the function pointers to these alone;
//! - the header asks functions to be reentrant and to let no exception out, so that a library can be shared and called by threads;
//! - no function outlives the library, and the instance is given back before that is unloaded.
//!
//! A library that breaks these promises can do to the process whatever it likes: nothing that is called in a process can be kept from that.

#![allow(unsafe_code, reason = "compiled code of others can be called in no other way")]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use libloading::Library;

use super::places::Places;
use super::{COLUMNS_MAX, Description, LANES, Quantity, Refused, Role, Which};

/// `GAINSWARM_PLUGIN_VERSION`
pub(super) const VERSION: u32 = 1;
/// `GAINSWARM_ALIGNMENT`
const ALIGNMENT: usize = 64;
/// `GAINSWARM_NAME_MAX`, `GAINSWARM_TEXT_MAX`
const NAME_MAX: usize = 63;
const TEXT_MAX: usize = 255;
/// `GAINSWARM_QUANTITIES_MAX`
const QUANTITIES_MAX: usize = 48;
/// `GAINSWARM_READS_TIME`, `GAINSWARM_OUTPUTS_READ_INPUTS`
const READS_TIME: u32 = 1;
const OUTPUTS_READ_INPUTS: u32 = 2;

const ENTRY: &str = "gainswarm_plugin_entry";
const TO_HEADER: &str = "see include/gainswarm_plugin.h";

/// A column of single numbers, as it stands in a block.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Column(pub [f64; LANES]);

/// `gainswarm_quantity`
#[repr(C)]
struct RawQuantity {
    name: *const c_char,
    unit: *const c_char,
    doc: *const c_char,
    value: f64,
    lower: f64,
    upper: f64,
    scale: f64,
}

/// `gainswarm_list`
#[repr(C)]
#[derive(Clone, Copy)]
struct RawList {
    of: *const RawQuantity,
    count: usize,
}

/// `gainswarm_block`
#[repr(C)]
struct RawBlock {
    lanes: usize,
    time: *const f64,
    period: *const f64,
    states: *const *const f64,
    memory: *const *const f64,
    inputs: *const *const f64,
    parameters: *const *const f64,
}

/// `gainswarm_function`
type RawFunction = unsafe extern "C" fn(*const c_void, *const RawBlock, *const *mut f64);

/// `gainswarm_plugin`
#[repr(C)]
struct RawPlugin {
    version: u32,
    size: u32,
    kind: u32,
    flags: u32,
    name: *const c_char,
    summary: *const c_char,
    source: *const c_char,
    states: RawList,
    memory: RawList,
    inputs: RawList,
    parameters: RawList,
    outputs: RawList,
    rates: Option<RawFunction>,
    outputs_of: Option<RawFunction>,
    update: Option<RawFunction>,
    step: Option<RawFunction>,
    open: Option<unsafe extern "C" fn() -> *mut c_void>,
    close: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// A function, and how many columns of each kind it reads.
#[derive(Debug, Clone, Copy)]
struct Callable {
    function: RawFunction,
    reads_time: bool,
    reads_period: bool,
    states: usize,
    memory: usize,
    inputs: usize,
    parameters: usize,
    results: usize,
}

/// A library.
pub(super) struct Loaded {
    description: Description,
    functions: [Option<Callable>; 4],
    instance: *mut c_void,
    close: Option<unsafe extern "C" fn(*mut c_void)>,
    // Last: what stands above is of it.
    _library: Library,
}

// SAFETY: the header asks functions to be reentrant, and `close` to be callable on any thread; the instance is read by them alone.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

impl Drop for Loaded {
    fn drop(&mut self) {
        if let (Some(close), false) = (self.close, self.instance.is_null()) {
            // SAFETY: `open` of the same library has made it, and nothing else gives it back.
            unsafe { close(self.instance) };
        }
    }
}

impl Loaded {
    /// The library in a file, with what it declares.
    pub(super) fn open(path: &Path) -> Result<Self, Refused> {
        let library = library(path)?;
        // SAFETY: what has this name is a function without arguments that gives a table, or the library breaks its promise.
        let table = unsafe {
            let entry = library.get::<unsafe extern "C" fn() -> *const RawPlugin>(ENTRY.as_bytes());
            let entry = entry.map_err(|_| {
                Refused::new(
                    format!("exports no `{ENTRY}`"),
                    "include gainswarm_plugin.h and define it, as extern \"C\" in C++; in other languages export that name",
                )
            })?;
            entry()
        };
        let raw = table_at(table)?;
        let description = described(raw)?;
        let functions = functions(raw, &description)?;
        let instance = instance(raw)?;
        Ok(Self { description, functions, instance, close: raw.close, _library: library })
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    /// Calls a function on columns of a block, each `vectors` of its vectors.
    #[inline]
    pub(super) fn call<V: Copy>(&self, which: Which, block: &mut [V], vectors: usize, places: &Places) {
        let Some(callable) = &self.functions[which as usize] else { return };
        let Callable { states, memory, inputs, parameters, results, .. } = *callable;
        let first = usize::from(callable.reads_time) + usize::from(callable.reads_period);
        let reads = first + states + memory + inputs + parameters;
        let numbers = vectors * size_of::<V>() / size_of::<f64>();
        assert!(numbers > 0 && numbers.is_multiple_of(LANES), "lanes of the interface");
        assert_eq!(block.as_ptr().align_offset(ALIGNMENT), 0, "aligned columns");
        assert!((places.highest() + 1) * vectors <= block.len(), "columns of the block");
        let all = places.all();
        assert!(
            places.reads() == reads && all.len() == reads + results && all.len() <= COLUMNS_MAX,
            "columns"
        );

        let base: *mut f64 = block.as_mut_ptr().cast();
        let mut columns = [const { MaybeUninit::<*mut f64>::uninit() }; COLUMNS_MAX];
        for (column, place) in columns.iter_mut().zip(all) {
            // SAFETY: no place is above the highest, and up to that the block has columns.
            column.write(unsafe { base.add(usize::from(*place) * numbers) });
        }
        let columns = columns.as_ptr().cast::<*const f64>();
        // SAFETY: the results' columns stand behind those that are read.
        let written = unsafe { columns.add(reads) }.cast::<*mut f64>();
        let mut from = 0;
        let mut kind = |count: usize| {
            // SAFETY: as many columns have been written as all kinds have together.
            let start = unsafe { columns.add(from) };
            from += count;
            if count == 0 { ptr::null() } else { start }
        };
        let mut single = |has: bool| {
            let start = kind(usize::from(has));
            // SAFETY: a column that has been written.
            if start.is_null() { ptr::null() } else { unsafe { *start } }
        };
        let (time, period) = (single(callable.reads_time), single(callable.reads_period));
        let (states, memory, inputs) = (kind(states), kind(memory), kind(inputs));
        let block =
            RawBlock { lanes: numbers, time, period, states, memory, inputs, parameters: kind(parameters) };
        // SAFETY: the library declares a function of this signature; the columns are there and aligned, and nothing else uses them meanwhile.
        unsafe { (callable.function)(self.instance, &raw const block, written) };
    }
}

/// Loads a library with all that it needs, so that nothing is missing later.
pub(super) fn library(path: &Path) -> Result<Library, Refused> {
    let told = |error: libloading::Error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Refused::new(
            format!("cannot be loaded: {}", cause.replace(|c: char| c.is_control(), " ")),
            "look at what it needs (ldd), and link it with that",
        )
    };
    #[cfg(unix)]
    {
        use libloading::os::unix;
        // SAFETY: the user has asked for this library; what its start-up code does is told in the documentation.
        let library = unsafe { unix::Library::open(Some(path), unix::RTLD_NOW | unix::RTLD_LOCAL) };
        library.map(Into::into).map_err(told)
    }
    #[cfg(not(unix))]
    {
        // SAFETY: as above.
        unsafe { Library::new(path) }.map_err(told)
    }
}

/// The table, once it is known to be one of this version.
fn table_at<'a>(table: *const RawPlugin) -> Result<&'a RawPlugin, Refused> {
    if table.is_null() || !table.is_aligned() {
        let problem =
            if table.is_null() { "gives a null table" } else { "gives a table that is not aligned" };
        return Err(Refused::new(problem, "return the address of a static gainswarm_plugin"));
    }
    // SAFETY: not null, aligned; tables of all versions begin with these two numbers.
    let [version, size] = unsafe { *table.cast::<[u32; 2]>() };
    if version != VERSION {
        let problem = format!("has version {version} of the interface, and this program version {VERSION}");
        return Err(Refused::new(problem, "compile it with the header that came with this program"));
    }
    if size as usize != size_of::<RawPlugin>() {
        let expected = size_of::<RawPlugin>();
        let problem = format!("has a table of {size} bytes, and this version one of {expected}");
        return Err(Refused::new(problem, "set size = sizeof(gainswarm_plugin)"));
    }
    // SAFETY: it says that it is this table; it stays as it is while the library is loaded.
    Ok(unsafe { &*table })
}

/// All that the table declares, copied.
fn described(raw: &RawPlugin) -> Result<Description, Refused> {
    let role = match raw.kind {
        1 => Role::Plant,
        2 => Role::Law,
        other => {
            return Err(Refused::new(
                format!("is of kind {other}"),
                "set kind to GAINSWARM_PLANT or GAINSWARM_LAW",
            ));
        }
    };
    if raw.flags & !(READS_TIME | OUTPUTS_READ_INPUTS) != 0 {
        let problem = format!("has flags {:#x} that this version does not know", raw.flags);
        return Err(Refused::new(problem, TO_HEADER));
    }
    let states = quantities("states", raw.states)?;
    let outputs = quantities("outputs", raw.outputs)?;
    match role {
        Role::Plant if states.is_empty() => {
            return Err(Refused::new("is a plant without states", "declare what its rates move"));
        }
        Role::Law if !states.is_empty() => {
            return Err(Refused::new("is a law with states", "declare what it remembers as memory"));
        }
        Role::Law if outputs.is_empty() => {
            return Err(Refused::new("is a law without outputs", "declare what it gives"));
        }
        _ => {}
    }
    Ok(Description {
        role,
        name: text("its name", raw.name, NAME_MAX)?,
        summary: text("its summary", raw.summary, TEXT_MAX)?,
        source: text("its source", raw.source, TEXT_MAX)?,
        states,
        memory: quantities("memory", raw.memory)?,
        inputs: quantities("inputs", raw.inputs)?,
        parameters: quantities("parameters", raw.parameters)?,
        outputs,
        reads_time: raw.flags & READS_TIME != 0,
        feeds_through: raw.flags & OUTPUTS_READ_INPUTS != 0,
    })
}

fn quantities(kind: &str, list: RawList) -> Result<Vec<Quantity>, Refused> {
    if list.count > QUANTITIES_MAX {
        let problem = format!("declares {} {kind}", list.count);
        return Err(Refused::new(problem, format!("allowed: at most {QUANTITIES_MAX}")));
    }
    if list.count > 0 && (list.of.is_null() || !list.of.is_aligned()) {
        let problem = format!("declares {} {kind}, but their list is null or not aligned", list.count);
        return Err(Refused::new(problem, "give the address of an array of gainswarm_quantity"));
    }
    let one = |place: usize| {
        // SAFETY: not null, aligned, and the table says that there are so many.
        let raw = unsafe { &*list.of.add(place) };
        let what = format!("the name of {kind}[{place}]");
        if raw.name.is_null() {
            return Err(Refused::new(format!("{what} is null"), "give each quantity a name"));
        }
        let name = text(&what, raw.name, NAME_MAX)?;
        let of = |part: &str| format!("the {part} of `{}`", name.escape_debug());
        if raw.scale.is_nan() || raw.scale.is_infinite() || raw.scale < 0.0 {
            return Err(Refused::new(
                format!("{} is {}", of("scale"), raw.scale),
                "allowed: a number above 0, or 0 for 1",
            ));
        }
        Ok(Quantity {
            unit: text(&of("unit"), raw.unit, NAME_MAX)?,
            doc: text(&of("doc"), raw.doc, TEXT_MAX)?,
            value: raw.value,
            range: [raw.lower, raw.upper],
            scale: if raw.scale == 0.0 { 1.0 } else { raw.scale },
            name,
        })
    };
    (0..list.count).map(one).collect()
}

/// A text of at most `most` bytes; nothing where there is none.
fn text(what: &str, at: *const c_char, most: usize) -> Result<String, Refused> {
    if at.is_null() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    loop {
        // SAFETY: not null, and all before it were no 0.
        let byte = unsafe { *at.cast::<u8>().add(bytes.len()) };
        if byte == 0 {
            break;
        }
        if bytes.len() == most {
            let problem = format!("{what} has more than {most} bytes, or no 0 at its end");
            return Err(Refused::new(problem, "shorten it, or end it with 0"));
        }
        bytes.push(byte);
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Refused::new(format!("{what} is no UTF-8"), "write it as UTF-8"))?;
    if text.chars().any(char::is_control) {
        let problem = format!("{what} has control characters: \"{}\"", text.escape_debug());
        return Err(Refused::new(problem, "leave them out"));
    }
    Ok(text)
}

/// The functions, each with how many columns it reads.
fn functions(raw: &RawPlugin, description: &Description) -> Result<[Option<Callable>; 4], Refused> {
    let mut functions = [None; 4];
    for which in description.functions() {
        let found = match which {
            Which::Rates => raw.rates,
            Which::Outputs => raw.outputs_of,
            Which::Update => raw.update,
            Which::Step => raw.step,
        };
        let Some(function) = found else {
            return Err(Refused::new(format!("has no `{}`: it is null", which.name()), TO_HEADER));
        };
        let Description { states, memory, inputs, parameters, reads_time, .. } = description;
        let reads_inputs = which != Which::Outputs || description.feeds_through;
        let callable = Callable {
            function,
            reads_time: *reads_time,
            reads_period: matches!(which, Which::Update | Which::Step),
            states: states.len(),
            memory: memory.len(),
            inputs: if reads_inputs { inputs.len() } else { 0 },
            parameters: parameters.len(),
            results: description.results(which),
        };
        let (operands, results) = (description.operands(which).len(), callable.results);
        if operands + 2 * results >= COLUMNS_MAX {
            let problem = format!("reads {operands} columns in `{}` and writes {results}", which.name());
            let allowed = format!("allowed: fewer than {COLUMNS_MAX}, each result counted twice");
            return Err(Refused::new(problem, allowed));
        }
        functions[which as usize] = Some(callable);
    }
    Ok(functions)
}

fn instance(raw: &RawPlugin) -> Result<*mut c_void, Refused> {
    if raw.open.is_some() != raw.close.is_some() {
        return Err(Refused::new("has one of `open` and `close`", "define both, or neither"));
    }
    let Some(open) = raw.open else { return Ok(ptr::null_mut()) };
    // SAFETY: the table declares a function of this signature.
    let instance = unsafe { open() };
    if instance.is_null() {
        return Err(Refused::new("could not be opened: its `open` gives NULL", "see what it needs"));
    }
    Ok(instance)
}
