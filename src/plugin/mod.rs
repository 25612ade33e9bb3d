//! Plants and laws as compiled code: a library with the C interface of `include/gainswarm_plugin.h`, checked, tried and called.
//!
//! ```text
//! image.rs   a file → is it a whole library for this processor?      before anything of it runs
//! load.rs    a library → what it declares, and its functions         the one place of it with `unsafe`
//! trial.rs   does it do what the interface asks for?                 lanes, NaN, the same bits, time
//! fmi/       FMUs in place of a library, a lane an instance          with the feature `fmi`; its unit.rs has `unsafe` too
//! differences.rs   how a function changes, of which nobody knows the derivative
//! ```
//!
//! To the rest of the crate a library is a [`Description`], as a model file is declarations, and some [`Function`]s: calls in the middle of
//! a program, columns of lanes in and columns out. What a library does to its own process (a wild pointer, an exit) cannot be helped.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

mod code;
mod differences;
#[cfg(feature = "fmi")]
mod fmi;
mod image;
mod load;
mod places;
mod trial;

use code::Code;

#[cfg(feature = "fmi")]
pub(crate) use fmi::platform as fmi_platform;
pub use load::Column;
pub use places::Places;

/// Lanes of a column for single numbers: the number of lanes of a call is a multiple of it.
pub const LANES: usize = 8;

/// Most columns of a call: as many as a program has slots.
pub const COLUMNS_MAX: usize = 256;

/// Larger libraries are refused, in bytes.
const SIZE_MAX: u64 = 1 << 28;

/// What a library is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its states move.
    Plant,
    /// It acts once a control period.
    Law,
}

/// A state, an input, a parameter or an output as a library declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Its unit; empty where nothing is said of it.
    pub unit: String,
    /// What it is.
    pub doc: String,
    /// Its value at the start, or its default; NaN of an input that something must drive.
    pub value: f64,
    /// The smallest and largest allowed value; both 0 for any.
    pub range: [f64; 2],
    /// Its usual size, above 0.
    pub scale: f64,
}

/// What a library declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What it is.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub summary: String,
    /// Where its equations are from.
    pub source: String,
    /// What moves by its rates; of a plant.
    pub states: Vec<Quantity>,
    /// What a lane remembers beside.
    pub memory: Vec<Quantity>,
    /// What acts on it.
    pub inputs: Vec<Quantity>,
    /// Its parameters, of a law its gains.
    pub parameters: Vec<Quantity>,
    /// What can be measured, of a law what it gives.
    pub outputs: Vec<Quantity>,
    /// Whether its functions read the time.
    pub reads_time: bool,
    /// Whether the outputs of a plant read its inputs.
    pub feeds_through: bool,
}

/// Which of a library's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// The derivatives of a plant's states.
    Rates,
    /// The outputs of a plant.
    Outputs,
    /// What a plant remembers after a step.
    Update,
    /// The outputs of a law, then what it remembers.
    Step,
}

impl Which {
    const ALL: [Self; 4] = [Self::Rates, Self::Outputs, Self::Update, Self::Step];

    /// As the header calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rates => "rates",
            Self::Outputs => "outputs_of",
            Self::Update => "update",
            Self::Step => "step",
        }
    }
}

/// What a function reads, in the order of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// The time in s.
    Time,
    /// The integration step of a plant, the control period of a law, in s.
    Period,
    /// A state, by its place.
    State(usize),
    /// What is remembered, by its place.
    Memory(usize),
    /// An input, by its place.
    Input(usize),
    /// A parameter, by its place.
    Parameter(usize),
}

impl Description {
    /// What a function reads, in the order of its columns.
    #[must_use]
    pub fn operands(&self, which: Which) -> Vec<Operand> {
        let has_period = matches!(which, Which::Update | Which::Step);
        let inputs = if which == Which::Outputs && !self.feeds_through { 0 } else { self.inputs.len() };
        let once = |has: bool, operand: Operand| has.then_some(operand);
        (once(self.reads_time, Operand::Time).into_iter())
            .chain(once(has_period, Operand::Period))
            .chain((0..self.states.len()).map(Operand::State))
            .chain((0..self.memory.len()).map(Operand::Memory))
            .chain((0..inputs).map(Operand::Input))
            .chain((0..self.parameters.len()).map(Operand::Parameter))
            .collect()
    }

    /// How many results a function has.
    #[must_use]
    pub fn results(&self, which: Which) -> usize {
        match which {
            Which::Rates => self.states.len(),
            Which::Outputs => self.outputs.len(),
            Which::Update => self.memory.len(),
            Which::Step => self.outputs.len() + self.memory.len(),
        }
    }

    /// The functions that it must have.
    #[must_use]
    pub fn functions(&self) -> Vec<Which> {
        let is_its = |which: &Which| (*which == Which::Step) == (self.role == Role::Law);
        Which::ALL.into_iter().filter(|which| is_its(which) && self.results(*which) > 0).collect()
    }

    /// What an operand is.
    fn quantity(&self, operand: Operand) -> Option<&Quantity> {
        match operand {
            Operand::Time | Operand::Period => None,
            Operand::State(place) => self.states.get(place),
            Operand::Memory(place) => self.memory.get(place),
            Operand::Input(place) => self.inputs.get(place),
            Operand::Parameter(place) => self.parameters.get(place),
        }
    }

    /// What a result of a function is called.
    fn result(&self, which: Which, place: usize) -> String {
        let of = |quantities: &[Quantity], place: usize| quantities[place].name.clone();
        match which {
            Which::Rates => format!("the derivative of `{}`", of(&self.states, place)),
            Which::Update => format!("`{}`", of(&self.memory, place)),
            Which::Outputs | Which::Step => match place.checked_sub(self.outputs.len()) {
                None => format!("`{}`", of(&self.outputs, place)),
                Some(place) => format!("`{}`", of(&self.memory, place)),
            },
        }
    }
}

/// Why a library is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong with it.
    pub problem: String,
    /// What is allowed, or what to do about it.
    pub remedy: String,
}

impl Refused {
    fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.problem, self.remedy)
    }
}

/// A library that has been loaded, checked and tried. Clones share it; it is unloaded with the last of them and of its functions.
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Code>,
    path: Arc<Path>,
    digest: Arc<str>,
    seconds: f64,
}

impl Plugin {
    /// Loads the library in a file.
    ///
    /// # Errors
    ///
    /// When it is no library for this processor, does not have this interface, or does not do what the interface asks for.
    pub fn load(path: &Path) -> Result<Self, Refused> {
        let remedy = "give the path of a shared library, see docs/plugins.md";
        let path = std::fs::canonicalize(path)
            .map_err(|error| Refused::new(format!("{}: {error}", path.display()), remedy))?;
        let told = |problem: String| Refused::new(format!("{}: {problem}", path.display()), remedy);
        let bytes = crate::text::read_bounded(&path, SIZE_MAX).map_err(told)?;
        image::check(&bytes).map_err(told)?;
        let digest = digest(&bytes);
        let trial::Tried { loaded, seconds } = trial::load(path.clone(), bytes).map_err(|refused| {
            Refused { problem: format!("{}: {}", path.display(), refused.problem), ..refused }
        })?;
        Ok(Self { loaded, path: path.into(), digest: digest.into(), seconds })
    }

    /// Loads the FMU in a file. Of more parameters than a plant can have, those are taken that are `named`.
    ///
    /// # Errors
    ///
    /// When it is no FMU 2.0 for co-simulation on this platform, does not do what the standard asks for, or this program is built without the
    /// feature `fmi`.
    pub fn load_fmu(path: &Path, named: &dyn Fn(&str) -> bool) -> Result<Self, Refused> {
        let remedy = "give the path of an FMU 2.0 for co-simulation, see docs/fmi.md";
        let path = std::fs::canonicalize(path)
            .map_err(|error| Refused::new(format!("{}: {error}", path.display()), remedy))?;
        let told = |problem: String| Refused::new(format!("{}: {problem}", path.display()), remedy);
        let bytes = crate::text::read_bounded(&path, SIZE_MAX).map_err(told)?;
        let unit = unit(&bytes, named).map_err(|refused| Refused {
            problem: format!("{}: {}", path.display(), refused.problem),
            ..refused
        })?;
        let (code, seconds) = unit;
        Ok(Self { loaded: code.into(), path: path.into(), digest: digest(&bytes).into(), seconds })
    }

    /// Whether it remembers what nobody sees, as an FMU does, so that nothing can be said of small disturbances.
    #[must_use]
    pub fn hides_state(&self) -> bool {
        self.loaded.hides_state()
    }

    /// What an FMU has failed with first, since it was loaded; nothing of a library.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.loaded.failure()
    }

    /// What it declares.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.loaded.description()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file, to the base 16.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How long a call of its slowest function took for a lane when it was tried, in s.
    #[must_use]
    pub fn seconds_a_lane(&self) -> f64 {
        self.seconds
    }

    /// One of its functions.
    ///
    /// # Panics
    ///
    /// When it does not have it, see [`Description::functions`].
    #[must_use]
    pub fn function(&self, which: Which) -> Function {
        assert!(self.description().functions().contains(&which), "{} of {self:?}", which.name());
        Function::new(self.loaded.clone(), which)
    }
}

/// The same file.
impl PartialEq for Plugin {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.digest == other.digest
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("path", &self.path)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// A function of a library that is loaded.
#[derive(Clone)]
pub struct Function {
    loaded: Arc<Code>,
    which: Which,
    results: usize,
    /// The usual size of each operand.
    scales: Arc<[f64]>,
    /// Columns one after the other.
    in_order: Arc<Places>,
}

impl Function {
    fn new(loaded: Arc<Code>, which: Which) -> Self {
        let description = loaded.description();
        let scale = |operand| description.quantity(operand).map_or(1.0, |of| of.scale);
        let scales: Arc<[f64]> = description.operands(which).into_iter().map(scale).collect();
        let results = description.results(which);
        Self { which, results, in_order: Places::in_order(scales.len(), results).into(), scales, loaded }
    }

    /// Whether it remembers what no column holds.
    #[must_use]
    pub fn hides_state(&self) -> bool {
        self.loaded.hides_state()
    }

    /// How many columns it reads.
    #[must_use]
    pub fn operands(&self) -> usize {
        self.scales.len()
    }

    /// How many columns it writes.
    #[must_use]
    pub fn results(&self) -> usize {
        self.results
    }

    /// What it makes of columns of a block, each `vectors` of its vectors.
    ///
    /// # Panics
    ///
    /// When a place is beyond the block, the columns are no lanes as the interface has them, or there are more or fewer places than columns.
    ///
    /// # Allocation
    ///
    /// None of ours.
    #[inline]
    pub fn call<V: Copy>(&self, block: &mut [V], vectors: usize, places: &Places) {
        self.loaded.call(self.which, block, vectors, places);
    }

    /// What it gives for single numbers, in the first lane; the bits are those of every lane.
    ///
    /// # Panics
    ///
    /// When there are more or fewer numbers than columns.
    ///
    /// # Allocation
    ///
    /// None of ours.
    pub fn of(&self, operands: impl IntoIterator<Item = f64>, results: &mut [f64]) {
        let mut columns = [Column::default(); COLUMNS_MAX];
        let mut count = 0;
        for (column, operand) in columns.iter_mut().zip(operands) {
            *column = Column([operand; LANES]);
            count += 1;
        }
        assert_eq!((count, results.len()), (self.scales.len(), self.results), "{:?}", self.which);
        self.columns(&mut columns);
        for (result, column) in results.iter_mut().zip(&columns[count..]) {
            *result = column.0[0];
        }
    }

    /// Columns one after the other, operands and then results.
    fn columns(&self, columns: &mut [Column; COLUMNS_MAX]) {
        self.call(&mut columns[..], 1, &self.in_order);
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.loaded, &other.loaded) && self.which == other.which
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.which.name(), self.loaded.description().name)
    }
}

#[cfg(feature = "fmi")]
fn unit(bytes: &[u8], named: &dyn Fn(&str) -> bool) -> Result<(Code, f64), Refused> {
    fmi::Unit::load(bytes, named).map(|(unit, seconds)| (Code::Unit(unit), seconds))
}

#[cfg(not(feature = "fmi"))]
fn unit(_: &[u8], _: &dyn Fn(&str) -> bool) -> Result<(Code, f64), Refused> {
    let problem = "cannot be loaded: this program is built without FMI";
    Err(Refused::new(problem, "build it with it: cargo install --path . --features fmi"))
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    let half =
        |from: usize| digest[from..from + 16].iter().fold(0_u128, |half, byte| half << 8 | u128::from(*byte));
    format!("{:032x}{:032x}", half(0), half(16))
}
