//! Machine code against the program that it was made of: the same bits at every level. And whatever goes wrong with a compiler or its
//! results, the program goes on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use gainswarm::Member;
use gainswarm::closed_loop::{ClosedLoop, Layout, Told};
use gainswarm::config::Config;
use gainswarm::graph::{Graph, Id, Symbol, TABLE};
use gainswarm::native::{Backend, Compiler, Form, Job, Native, Refusal, Source};
use gainswarm::problem::{self, Problem};
use gainswarm::program::{Carried, Program, Sections};
use gainswarm::simulation::{
    Batch, Extent, Records, Runner, Scenario, SimdLevel, Simulator, Terms, Workspace,
};

use crate::programs::{CARRIED, GAINS, Random, STEPS, mechanism, random};
use crate::support::pendulum::pendulum;
use crate::support::{results, stderr, write_config};

/// The system's compiler with a cache of its own; how much it optimises changes no bit, but how long it takes. `None` where there is none.
fn compiler(cache: &Path) -> Option<Compiler> {
    let cache = cache.join("cache");
    Compiler::usual().ok().map(|usual| Compiler { cache, optimise: "-O1", ..usual })
}

/// A runner, and what it is to run.
#[derive(Clone)]
struct Case {
    name: String,
    runner: Runner,
    vectors: Vec<Vec<f64>>,
    scenarios: Vec<Scenario>,
    terms: usize,
}

impl Case {
    fn of_graph(name: String, graph: (Graph, Sections), vectors: Vec<Vec<f64>>) -> Self {
        let (mut graph, sections) = graph;
        let terms = sections.results.len() - 2;
        let program = Program::new(&mut graph, &sections).expect("a program");
        let layout = Layout { gains: GAINS, terms: vec![true; terms], ..Layout::default() };
        let runner = Runner::new(
            ClosedLoop { program, layout, told: Told::default() },
            1e-3,
            STEPS,
            Vec::new().into(),
        );
        Self { name, runner, vectors, scenarios: vec![Scenario::nominal(Vec::new())], terms }
    }

    /// A study whose gains are varied, until some of them fail.
    fn of_study(config: &Config) -> Self {
        let problem = Problem::new(config);
        let vectors = (0..40).map(|k| {
            let factor = if k % 5 == 4 { -3.0 } else { 0.5 + 0.025 * f64::from(k) };
            problem.values.iter().map(|value| factor * value).collect()
        });
        Self {
            name: config.plant.name().to_owned(),
            runner: problem::runner(config),
            vectors: vectors.collect(),
            terms: problem.limits.len(),
            scenarios: problem.scenarios,
        }
    }

    /// The words of all records; any NaN is a NaN.
    fn run(&self, level: SimdLevel) -> Vec<Vec<u64>> {
        let runner = &self.runner;
        let bytes = runner.workspace_bytes(level, Terms::Needed);
        let mut workspace = Workspace::reserve(bytes, runner.lanes(level)).expect("memory");
        let jobs = self.vectors.len() * self.scenarios.len();
        let (queue, records) = (AtomicUsize::new(0), Records::new(jobs, self.terms).expect("memory"));
        let batch = Batch {
            values: &self.vectors.concat(),
            width: self.vectors[0].len(),
            scenarios: &self.scenarios,
            chosen: None,
            bounds: &vec![f64::INFINITY; self.vectors.len()],
            reaches: &vec![1.0; self.scenarios.len()],
            terms: Terms::Needed,
            extent: Extent::Whole,
            queue: &queue,
            end: jobs,
            records: &records,
        };
        runner.run(level, &batch, &mut workspace);
        let bits = |number: f64| if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() };
        (0..jobs)
            .map(|job| {
                let record = records.get(job);
                let head = [record.ending as u64, record.steps, bits(record.cost)];
                head.into_iter().chain(record.values.map(bits)).collect()
            })
            .collect()
    }

    fn adopt(&self, level: SimdLevel, native: Native) -> Result<(), Refusal> {
        self.runner.adopt(level, native, &self.vectors[0], &self.scenarios)
    }
}

/// Random programs.
fn random_cases() -> Vec<Case> {
    let mut numbers = Random(0x2545_f491_4f6c_dd1d);
    let mut cases = Vec::new();
    for (kind, make) in [("random", random as fn(&mut Random) -> _), ("mechanism", mechanism)] {
        for case in 0..8 {
            let graph = make(&mut numbers);
            let vectors = (0..70).map(|_| (0..GAINS).map(|_| numbers.number()).collect()).collect();
            cases.push(Case::of_graph(format!("{kind} {case}"), graph, vectors));
        }
    }
    assert!(cases.iter().all(|case| case.terms == CARRIED));
    cases
}

/// Operations of the language by themselves, on what is at the edges of their ranges, and between.
fn operations() -> Vec<Case> {
    let edges = [
        0.0,
        1.0,
        0.5,
        0.0625,
        2.5,
        21.9,
        22.1,
        710.0,
        746.0,
        1e-310,
        f64::MIN_POSITIVE,
        1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
        3.0,
        1e-9,
    ];
    let edges: Vec<f64> = edges.iter().flat_map(|edge| [*edge, -edge]).collect();
    let mut numbers = Random(88_172_645_463_325_252);
    let mut vectors: Vec<Vec<f64>> = Vec::new();
    for a in &edges {
        for b in &edges {
            let c = edges[numbers.below(edges.len())];
            vectors.push(vec![*a, *b, c, 0.0, 0.0]);
        }
    }
    for case in 0..400 {
        let scale = [1e-3, 0.1, 1.0, 30.0, 300.0][case % 5];
        vectors.push((0..GAINS).map(|_| scale * numbers.number()).collect());
    }
    let all: Vec<usize> = (0..TABLE.len()).collect();
    let case = |places: &[usize]| {
        let mut graph = Graph::new();
        let inputs: Vec<Symbol> = (0..).map(Symbol).take(GAINS + 1).collect();
        // What is carried is not known before the step.
        let operands: Vec<Symbol> = (100..).map(Symbol).take(3).collect();
        let ids: Vec<Id> = operands.iter().map(|symbol| graph.symbol(*symbol)).collect();
        let firsts: Vec<Id> = inputs.iter().map(|symbol| graph.symbol(*symbol)).collect();
        let mut carried: Vec<Carried> =
            (0..3).map(|k| Carried { symbol: operands[k], first: firsts[k], next: ids[k] }).collect();
        for (symbol, place) in (200..).map(Symbol).zip(places) {
            let entry = &TABLE[*place];
            let next = graph.apply(entry.operation, &ids[..entry.operands]);
            carried.push(Carried { symbol, first: firsts[3], next });
        }
        let zero = graph.number(0.0);
        let mut results = vec![zero, zero];
        results.extend(carried.iter().map(|carried| graph.symbol(carried.symbol)));
        let sections =
            Sections { inputs, needed: carried.len(), carried, stop: zero, shown: Vec::new(), results };
        Case::of_graph(format!("operations {places:?}"), (graph, sections), vectors.clone())
    };
    all.chunks(14).map(case).collect()
}

/// Whole studies: angles, limits, delays, noise, signals, uncertain plants.
fn studies() -> Vec<Case> {
    let study = |text: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml");
        Case::of_study(&Config::parse(&path, text).unwrap_or_else(|error| panic!("{error}")))
    };
    let delayed = "[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = 0.05\n[controller]\ntype = \"pid\"\n\
                   [connect]\nmeasurement = \"x\"\n[simulation]\nduration = 0.5\n[cost.itae]\n[cost.chattering]\n[[response]]\noutput = \"x\"\n\
                   [[scenarios]]\ncount = 3\nsignals = { reference = { type = \"noise\", amplitude = 1.0, frequency = 3.0 } }\n\
                   noise = { x = 0.01 }\nuncertainty = { dead_time = 50.0 }\ndead_time = 7\n\
                   [[scenarios]]\nsignals = { reference = { amplitude = 1.0, start = 0.2 } }\ncontrol_period = 3\n";
    let motor = std::fs::read_to_string("configs/dc_motor_pid.toml").expect("a shipped study");
    let motor = motor.replace("duration = 6.0", "duration = 0.4").replace("start = 3.0", "start = 0.2");
    vec![
        Case::of_study(&pendulum(false, 0.1, 400)),
        Case::of_study(&pendulum(true, 0.1, 200)),
        study(delayed),
        study(&motor),
    ]
}

#[test]
fn machine_code_has_the_bits_of_the_program_at_every_level() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some(compiler) = compiler(directory.path()) else { return };
    let cases: Vec<Case> = [random_cases(), operations(), studies()].into_iter().flatten().collect();
    // The program has the same bits at every level, which `programs.rs` sees to.
    let expected: Vec<_> = cases.iter().map(|case| case.run(SimdLevel::widest())).collect();
    for level in SimdLevel::available() {
        let form = Form { width: cases[0].runner.lanes(level) / 8, vectors: 8 };
        let programs: Vec<&Program> = cases.iter().map(|case| &case.runner.closed_loop().program).collect();
        let source = Source::new(level, form, &programs);
        let code = compiled(&source, &compiler).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(code.len(), cases.len());
        for ((case, expected), native) in cases.iter().zip(&expected).zip(code) {
            let case = case.clone();
            case.adopt(level, native).unwrap_or_else(|error| panic!("{}, {level:?}: {error}", case.name));
            let alone = Case { vectors: vec![case.vectors[3].clone()], ..case.clone() };
            let place = 3 * case.scenarios.len();
            assert_eq!(alone.run(level), expected[place..][..case.scenarios.len()], "{}, alone", case.name);
            for (job, (expected, found)) in expected.iter().zip(&case.run(level)).enumerate() {
                assert_eq!(found, expected, "{} at {level:?}, job {job}", case.name);
            }
        }
    }
}

/// A small runner to compile, with the text of its step.
fn small() -> (Case, Source) {
    let case = Case::of_study(&pendulum(false, 0.1, 60));
    let source = case.runner.source(SimdLevel::widest()).expect("a text");
    (case, source)
}

/// A compiler that is a shell script: it is asked for its macros first, and answers `answer`; what it does then is `work`.
#[cfg(unix)]
fn fake(directory: &Path, work: &str) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("fake-cc");
    std::fs::write(&path, format!("#!/bin/sh\ncase \"$*\" in *-dM*) echo answer; exit 0;; esac\n{work}\n"))
        .expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("made a program");
    vec![path.to_str().expect("UTF-8").to_owned()]
}

/// What a compilation comes to.
fn compiled(source: &Source, compiler: &Compiler) -> Result<Vec<Native>, Refusal> {
    Job::start(source, compiler).and_then(Job::wait)
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(cache)
        .map_or_else(|_| Vec::new(), |all| all.map(|one| one.expect("an entry").path()).collect())
}

#[test]
#[cfg(unix)]
fn a_compiler_that_fails_hangs_or_writes_nonsense_is_refused_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some(usual) = compiler(directory.path()) else { return };
    let (case, source) = small();
    let real = usual.command.join(" ");
    let stranger = format!("echo 'int x;' | {real} -shared -fPIC -x c - -o step.library");
    for (work, words) in [
        (
            "echo 'step.c:1: error: no space left' >&2; exit 3",
            "has failed (exit status: 3): step.c:1: error: no space left",
        ),
        ("exit 0", "has written no library"),
        (": > step.library", "cannot be loaded"),
        ("echo nonsense > step.library", "cannot be loaded"),
        (&stranger, "cannot be loaded"),
        ("kill -9 $$", "has failed (signal: 9"),
    ] {
        let compiler = Compiler { command: fake(directory.path(), work), ..usual.clone() };
        let refusal = compiled(&source, &compiler).expect_err(work).to_string();
        assert!(refusal.contains(words), "{work}: {refusal}");
        assert_eq!(entries(&compiler.cache), Vec::<PathBuf>::new(), "{work}");
    }
    // One that hangs is ended with all that it has started.
    let work = "sleep 100 & echo $! > ../../child; wait";
    let limit = Duration::from_millis(200);
    let compiler = Compiler { command: fake(directory.path(), work), limit, ..usual.clone() };
    let refusal = compiled(&source, &compiler).expect_err("it hangs").to_string();
    assert!(refusal.contains("has not ended within 0.2 s"), "{refusal}");
    assert_eq!(entries(&compiler.cache), Vec::<PathBuf>::new());
    let child = std::fs::read_to_string(directory.path().join("child")).expect("it had started another");
    let is_gone = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        state.is_err() || state.is_ok_and(|state| state.contains(") Z "))
    };
    assert!((0..500).any(|_| is_gone() || {
        std::thread::sleep(Duration::from_millis(2));
        false
    }));
    // One that is not there, and none at all.
    let missing = Compiler { command: vec!["/nowhere/cc".into()], ..usual.clone() };
    assert!(
        compiled(&source, &missing)
            .expect_err("missing")
            .to_string()
            .contains("`/nowhere/cc` cannot be started")
    );
    let none = Compiler { command: Vec::new(), ..usual.clone() };
    assert_eq!(compiled(&source, &none).err(), Some(Refusal::NoCompiler));
    // One that makes other numbers: machine code has to do what the program does before it is trusted.
    let work = format!("sed -i 's/splat(0.5)/splat(0.25)/' step.c; {real} \"$@\"");
    let compiler = Compiler { command: fake(directory.path(), &work), ..usual };
    let native = compiled(&source, &compiler).expect("a library").remove(0);
    let refusal = case.adopt(SimdLevel::widest(), native).expect_err("other bits").to_string();
    assert!(refusal.contains("does not do what the program does"), "{refusal}");
    assert_eq!(entries(&compiler.cache), Vec::<PathBuf>::new());
}

#[test]
#[cfg(unix)]
fn what_is_compiled_is_kept_and_one_that_was_tampered_with_is_told_of_and_made_anew() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let Some(compiler) = compiler(directory.path()) else { return };
    let (case, source) = small();
    compiled(&source, &compiler).expect("a library");
    let [entry] = &entries(&compiler.cache)[..] else { panic!("one library") };
    let whole = std::fs::read(entry).expect("bytes");
    // A compiler that answers and does no more finds it.
    let lazy = format!("{} \"$@\"", compiler.command.join(" "));
    let asked = directory.path().join("asked");
    let script = format!("echo \"$*\" >> {}; {lazy}", asked.display());
    let wrapped = directory.path().join("wrapped-cc");
    std::fs::write(&wrapped, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&wrapped, std::fs::Permissions::from_mode(0o755)).expect("made a program");
    let wrapped = Compiler { command: vec![wrapped.to_str().expect("UTF-8").into()], ..compiler.clone() };
    let calls = || std::fs::read_to_string(&asked).map_or(0, |text| text.lines().count());
    compiled(&source, &wrapped).expect("a library");
    assert_eq!(calls(), 2, "it is asked, and compiles");
    compiled(&source, &wrapped).expect("a library");
    assert_eq!(calls(), 3, "it is asked: another compiler is another library");

    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    for damaged in [&turned[..], &whole[..whole.len() / 2], &[]] {
        std::fs::write(entry, damaged).expect("written");
        let refusal = compiled(&source, &compiler).expect_err("it was damaged").to_string();
        assert!(refusal.contains("was damaged and is removed"), "{refusal}");
        let native = compiled(&source, &compiler).expect("made anew").remove(0);
        assert_eq!(std::fs::read(entry).expect("bytes"), whole);
        drop(native);
    }
    let native = compiled(&source, &compiler).expect("a library").remove(0);
    case.adopt(SimdLevel::widest(), native).expect("the bits of the program");

    // A directory that cannot be made, or that others can write into.
    std::fs::write(directory.path().join("file"), "").expect("a file");
    let cache = directory.path().join("file").join("cache");
    let refusal =
        compiled(&source, &Compiler { cache, ..compiler.clone() }).expect_err("no directory").to_string();
    assert!(refusal.contains("file/cache"), "{refusal}");
    std::fs::set_permissions(&compiler.cache, std::fs::Permissions::from_mode(0o777)).expect("opened");
    let refusal = compiled(&source, &compiler).expect_err("anybody's").to_string();
    assert!(refusal.contains("others may write into"), "{refusal}");
}

/// A tuning as a user runs it, in an environment of its own.
struct Tuning {
    directory: tempfile::TempDir,
}

impl Tuning {
    const STUDY: &str = "seed = 5\n[plant]\ntype = \"dc_motor\"\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"omega\"\nvoltage = \"u\"\n\
                         [simulation]\nduration = 1.0\n[[scenarios]]\nsignals = { reference = 100.0 }\n[cost.ise]\nsignals = [\"error\"]\n\
                         [swarm]\nparticles = 24\n[swarm.stopping]\ngenerations = 8\n";

    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        write_config(directory.path(), "study.toml", Self::STUDY);
        Self { directory }
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
        command.args(["tune", "study.toml", "--quiet", "--threads", "2", "--output", name]);
        command.args(arguments).current_dir(&self.directory).env_remove("CC");
        command.env("XDG_CACHE_HOME", self.directory.path().join("home")).stderr(Stdio::piped());
        command
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("home").join("gainswarm")
    }

    /// Its results, and what it says on stderr.
    fn run(&self, name: &str, mut command: Command) -> ((String, String, Vec<String>), String) {
        let output = command.output().expect("the binary starts");
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        (results(&self.directory.path().join(name)), stderr(&output))
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_tuning_has_the_same_results_whatever_runs_its_simulations() {
    let tuning = Tuning::new();
    let (expected, said) = tuning.run("program", tuning.command("program", &["--backend", "program"]));
    assert_eq!(said, "");
    assert!(expected.2.contains(&"hot_path_allocations=0".to_owned()), "{:?}", expected.2);
    let warning = |said: &str, reason: &str| {
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("warning: no machine code: ") && said.contains(reason), "{said}");
        assert!(said.contains("the program runs the simulations, with the same results"), "{said}");
    };
    let mut missing = tuning.command("missing", &["--backend", "native"]);
    missing.env("CC", "/nowhere/cc");
    let (found, said) = tuning.run("missing", missing);
    assert_eq!(found, expected);
    warning(&said, "CC names `/nowhere/cc`, which is not found");
    let mut bare = tuning.command("bare", &["--backend", "native"]);
    bare.env("PATH", "/nowhere");
    let (found, said) = tuning.run("bare", bare);
    assert_eq!(found, expected);
    warning(&said, "there is no C compiler: cc, gcc, clang are not found in PATH");
    if compiler(tuning.directory.path()).is_none() {
        return;
    }
    let (found, said) = tuning.run("native", tuning.command("native", &["--backend", "native"]));
    assert_eq!((&found, said), (&expected, String::new()));
    assert_eq!(entries(&tuning.cache()).len(), 1, "it was compiled");
    // Begun on the one, and gone on with on the other.
    let first = ["--backend", "native", "--generations", "4"];
    tuning.run("parts", tuning.command("parts", &first));
    let (found, said) = tuning.run("parts", tuning.command("parts", &["--backend", "program", "--resume"]));
    assert_eq!((found.0, found.1, said), (expected.0, expected.1, String::new()));

    let export = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(["export", "native", "--format", "c-simulation", "--output", "step.c"])
        .current_dir(&tuning.directory)
        .status();
    assert!(export.expect("the binary starts").success());
    let text = std::fs::read_to_string(tuning.directory.path().join("step.c")).expect("the text");
    let command = text.lines().find_map(|line| line.strip_prefix("// cc ")).expect("how to compile it");
    let Some(Compiler { command: compiler, .. }) = compiler(tuning.directory.path()) else { return };
    let compile = Command::new(&compiler[0])
        .args(compiler[1..].iter().map(String::as_str).chain(command.split(' ')))
        .current_dir(&tuning.directory)
        .status();
    assert!(compile.expect("the compiler starts").success(), "{command}");
}

#[test]
fn a_config_says_what_runs_its_simulations() {
    let config = |backend: &str| {
        let text =
            Tuning::STUDY.replace("duration = 1.0", &format!("duration = 1.0\nbackend = \"{backend}\""));
        Config::parse(Path::new("study.toml"), &text)
    };
    for backend in Backend::ALL {
        let config = config(backend.name()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.simulation.backend, *backend);
        assert_eq!(Config::parse(Path::new("again.toml"), &config.to_toml()).expect("the same"), config);
    }
    let error = config("jit").expect_err("no backend").to_string();
    assert!(
        error.contains("simulation.backend = \"jit\"") && error.contains("auto, program, native"),
        "{error}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_long_tuning_goes_over_to_machine_code_between_two_generations() {
    let tuning = Tuning::new();
    if compiler(tuning.directory.path()).is_none() {
        return;
    }
    let mut long = tuning.command("long", &["--generations", "100000"]);
    let mut run = long.spawn().expect("the binary starts");
    let maps = format!("/proc/{}/maps", run.id());
    let cache = tuning.cache().to_str().expect("UTF-8").to_owned();
    let start = Instant::now();
    while !std::fs::read_to_string(&maps).is_ok_and(|maps| maps.contains(&cache)) {
        assert!(start.elapsed() < Duration::from_mins(1) && run.try_wait().expect("a state").is_none());
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill").success());
    let output = run.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let (_, convergence, summary) = results(&tuning.directory.path().join("long"));
    assert!(summary.contains(&"hot_path_allocations=0".to_owned()), "{summary:?}");
    let done = summary.iter().find_map(|cell| cell.strip_prefix("generations=")).expect("a number");
    let done: usize = done.parse().expect("a number");
    // The last generation of a budget judges the personal bests as a whole; an interrupted one need not, so that one more is asked for.
    let more = (done + 1).to_string();
    let program = tuning.command("short", &["--backend", "program", "--generations", &more]);
    let ((_, expected, _), _) = tuning.run("short", program);
    let found: Vec<&str> = convergence.lines().collect();
    let expected: Vec<&str> = expected.lines().take(done + 1).collect();
    assert_eq!(found, expected, "after {done} generations");
}
