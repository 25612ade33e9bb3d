//! From C to a library, by the system's compiler: in a process of its own, which is asked now and then whether it has done.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::cache::{self, Cache};
use super::emit::{self, Form, Function};
use super::load::{Loaded, Native};
use crate::lanes::SimdLevel;
use crate::program::Program;

/// How long a compiler may take; it takes a second or two.
const LIMIT: Duration = Duration::from_mins(1);

/// How long one waits before asking again.
const PATIENCE: Duration = Duration::from_millis(2);

/// What is looked for where `CC` says nothing.
const USUAL: [&str; 3] = ["cc", "gcc", "clang"];

/// Why there is no machine code; the program runs as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no compiler, which is nothing unusual.
    NoCompiler,
    /// Something has gone wrong.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCompiler => write!(
                formatter,
                "there is no C compiler: {} are not found in PATH; install one or name one by CC",
                USUAL.join(", ")
            ),
            Self::Failed(reason) => formatter.write_str(reason),
        }
    }
}

/// A C compiler, and where its results stay.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// Its program and what it is always told; empty where there is none.
    pub command: Vec<String>,
    /// The directory of compiled steps.
    pub cache: PathBuf,
    /// How long the compiler may take.
    pub limit: Duration,
    /// How much it is to optimise.
    pub optimise: &'static str,
}

impl Compiler {
    /// The compiler that `CC` names, or else a usual one; the user's cache directory.
    ///
    /// # Errors
    ///
    /// When `CC` names none that is there, or the user has no cache directory.
    pub fn usual() -> Result<Self, Refusal> {
        let named: Vec<String> = std::env::var("CC")
            .map(|text| text.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default();
        let command = match named.first() {
            Some(name) if in_path(name) => absolute(named),
            Some(name) => return Err(Refusal::Failed(format!("CC names `{name}`, which is not found"))),
            None => match USUAL.iter().find(|name| in_path(name)) {
                Some(name) => vec![(*name).to_owned()],
                None => return Err(Refusal::NoCompiler),
            },
        };
        let cache = cache::usual_place().ok_or_else(|| {
            Refusal::Failed("there is no directory for it: set XDG_CACHE_HOME or HOME".into())
        })?;
        Ok(Self { command, cache, limit: LIMIT, optimise: "-O3" })
    }

    /// Makes a shared library of a file of C99 in a directory, for any processor of this kind, and waits for it.
    ///
    /// # Errors
    ///
    /// When the compiler cannot be started, fails, or takes too long.
    pub fn library(&self, room: &Path, source: &str, library: &str) -> Result<(), Refusal> {
        let flags =
            ["-O2", "-std=c99", "-ffp-contract=off", "-fPIC", "-shared", source, "-o", library, "-lm"];
        let mut child = start(&self.command, &to_owned(&flags), room)?;
        let since = Instant::now();
        while !has_done(&mut child, since, self.limit, room, program(&self.command))? {
            std::thread::sleep(PATIENCE);
        }
        Ok(())
    }
}

/// The command as it is found from any directory.
fn absolute(mut command: Vec<String>) -> Vec<String> {
    let program = Path::new(&command[0]);
    if program.components().count() > 1
        && let Some(path) =
            std::path::absolute(program).ok().and_then(|path| path.into_os_string().into_string().ok())
    {
        command[0] = path;
    }
    command
}

/// Whether a program is found as a shell finds it.
fn in_path(name: &str) -> bool {
    if Path::new(name).components().count() > 1 {
        return Path::new(name).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| {
        directory.join(name).is_file()
            || directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).is_file()
    })
}

/// Steps as C, for a level.
#[derive(Debug, Clone)]
pub struct Source {
    text: String,
    form: Form,
    level: SimdLevel,
    /// Slots that each function works on.
    slots: Vec<usize>,
}

impl Source {
    /// The plain steps of programs, in their order.
    #[must_use]
    pub fn new(level: SimdLevel, form: Form, programs: &[&Program]) -> Self {
        let names: Vec<String> = (0..programs.len()).map(name).collect();
        let functions: Vec<Function<'_>> = programs
            .iter()
            .zip(&names)
            .map(|(program, name)| Function { name, step: &program.plain, carried: program.plain.carried })
            .collect();
        let slots = programs.iter().map(|program| program.plain.slots).collect();
        Self { text: emit::text(form, &functions), form, level, slots }
    }

    /// The C text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The level whose instructions it is compiled to.
    #[must_use]
    pub fn level(&self) -> SimdLevel {
        self.level
    }

    /// How it is compiled, for whoever wants to do it by hand.
    #[must_use]
    pub fn command(&self) -> String {
        format!("cc {} -shared step.c -o step.so -lm", self.flags("-O3").join(" "))
    }

    /// What a compiler is told.
    fn flags(&self, optimise: &str) -> Vec<String> {
        let machine = if cfg!(target_arch = "aarch64") { "-mcpu=native" } else { "-march=native" };
        let narrow: &[&str] = match self.level {
            SimdLevel::Avx512 => &["-mprefer-vector-width=512"],
            // A level is what its name says, also on a processor that can do more.
            SimdLevel::Avx2 => &["-mno-avx512f"],
            _ => &[],
        };
        let common = [
            optimise,
            machine,
            "-std=gnu11",
            "-fno-fast-math",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-fno-trapping-math",
            "-fPIC",
            "-pipe",
            "-w",
        ];
        to_owned(&[&common, narrow].concat())
    }
}

fn name(place: usize) -> String {
    format!("gainswarm_step_{place}")
}

/// A compilation that goes on by itself; one that is dropped is ended.
#[derive(Debug)]
pub struct Job {
    compiler: Vec<String>,
    flags: Vec<String>,
    limit: Duration,
    form: Form,
    /// Slots that each function works on.
    slots: Vec<usize>,
    cache: Cache,
    /// A directory to compile in; the text stands there, and not in memory.
    room: TempDir,
    /// What the library is made of, as far as it is known.
    key: String,
    stage: Stage,
    child: Child,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The compiler is asked what it is and what processor it sees.
    Asking,
    Compiling,
}

impl Job {
    /// Starts a compilation.
    ///
    /// # Errors
    ///
    /// When the compiler cannot be started or the cache cannot be written.
    pub fn start(source: &Source, with: &Compiler) -> Result<Self, Refusal> {
        let cache = Cache::open(&with.cache).map_err(Refusal::Failed)?;
        let room = cache.room().map_err(Refusal::Failed)?;
        let told = |error: std::io::Error| Refusal::Failed(format!("{}: {error}", room.path().display()));
        fs::write(room.path().join(SOURCE), &source.text).map_err(told)?;
        let flags = source.flags(with.optimise);
        let compiler = with.command.clone();
        let all = [compiler.join("\n"), flags.join("\n")];
        let key = cache::digest(&[source.text.as_bytes(), all[0].as_bytes(), all[1].as_bytes()]);
        let child = start(&compiler, &[&flags[..], &to_owned(&QUESTION)].concat(), room.path())?;
        Ok(Self {
            compiler,
            flags,
            limit: with.limit,
            form: source.form,
            slots: source.slots.clone(),
            cache,
            room,
            key,
            stage: Stage::Asking,
            child,
            since: Instant::now(),
        })
    }

    /// What has come of it, once it has ended; it is over then.
    pub fn poll(&mut self) -> Option<Result<Vec<Native>, Refusal>> {
        self.advance().transpose()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// When there is no machine code.
    pub fn wait(mut self) -> Result<Vec<Native>, Refusal> {
        loop {
            if let Some(result) = self.poll() {
                return result;
            }
            std::thread::sleep(PATIENCE);
        }
    }

    fn advance(&mut self) -> Result<Option<Vec<Native>>, Refusal> {
        let room = self.room.path();
        if !has_done(&mut self.child, self.since, self.limit, room, program(&self.compiler))? {
            return Ok(None);
        }
        let made = match self.stage {
            Stage::Asking => {
                let answer = fs::read(self.room.path().join(ANSWER)).unwrap_or_default();
                self.key = cache::digest(&[self.key.as_bytes(), &answer]);
                self.cache.find(&self.key).map_err(Refusal::Failed)?
            }
            Stage::Compiling => {
                Some(self.cache.keep(&self.key, &self.room.path().join(LIBRARY)).map_err(Refusal::Failed)?)
            }
        };
        match made {
            Some(path) => self.load(&path).map(Some),
            None => self.compile().map(|()| None),
        }
    }

    fn compile(&mut self) -> Result<(), Refusal> {
        let flags = [&self.flags[..], &to_owned(&TASK)].concat();
        self.child = start(&self.compiler, &flags, self.room.path())?;
        self.stage = Stage::Compiling;
        self.since = Instant::now();
        Ok(())
    }

    /// The functions of a library; one that cannot be used is removed.
    fn load(&self, path: &Path) -> Result<Vec<Native>, Refusal> {
        let functions = Loaded::open(path).and_then(|loaded| {
            let slots = self.slots.iter().enumerate();
            slots.map(|(place, slots)| loaded.function(&name(place), self.form, *slots)).collect()
        });
        functions.map_err(|reason| {
            cache::remove(path);
            Refusal::Failed(format!("what `{}` has made cannot be loaded: {reason}", program(&self.compiler)))
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Files in the room of a compilation.
const SOURCE: &str = "step.c";
const LIBRARY: &str = "step.library";
const ANSWER: &str = "answer";
const COMPLAINTS: &str = "complaints";

/// What a compiler is asked for first: the macros that it defines, which say its version and what the processor can do.
const QUESTION: [&str; 5] = ["-dM", "-E", "-x", "c", "-"];
const TASK: [&str; 5] = ["-shared", SOURCE, "-o", LIBRARY, "-lm"];

fn to_owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Starts a compiler in a directory; what it says goes into files there, so that it never waits for a reader.
fn start(compiler: &[String], flags: &[String], room: &Path) -> Result<Child, Refusal> {
    let Some((program, own)) = compiler.split_first() else { return Err(Refusal::NoCompiler) };
    let told = |error: std::io::Error| Refusal::Failed(format!("`{program}` cannot be started: {error}"));
    let mut command = Command::new(program);
    command
        .args(own)
        .args(flags)
        .current_dir(room)
        .stdin(Stdio::null())
        .stdout(File::create(room.join(ANSWER)).map_err(told)?)
        .stderr(File::create(room.join(COMPLAINTS)).map_err(told)?);
    // A group of its own: the compiler starts others, which are to end with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(told)
}

/// Whether a compiler has done its work.
fn has_done(
    child: &mut Child,
    since: Instant,
    limit: Duration,
    room: &Path,
    program: &str,
) -> Result<bool, Refusal> {
    match child.try_wait() {
        Ok(Some(status)) if status.success() => Ok(true),
        Ok(Some(status)) => Err(Refusal::Failed(complaint(program, status, room))),
        Ok(None) if since.elapsed() <= limit => Ok(false),
        Ok(None) => {
            end(child);
            let seconds = limit.as_secs_f64();
            Err(Refusal::Failed(format!("`{program}` has not ended within {seconds} s")))
        }
        Err(error) => Err(Refusal::Failed(format!("`{program}`: {error}"))),
    }
}

/// What a compiler that failed has said.
fn complaint(program: &str, status: ExitStatus, room: &Path) -> String {
    let said = fs::read_to_string(room.join(COMPLAINTS)).unwrap_or_default();
    let line = said.lines().find(|line| line.contains("error")).or(said.lines().next()).unwrap_or_default();
    format!("`{program}` has failed ({status}): {}", line.trim())
}

fn program(compiler: &[String]) -> &str {
    compiler.first().map_or("", String::as_str)
}

/// Ends a process and those that it has started, if they still run.
fn end(child: &mut Child) {
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
