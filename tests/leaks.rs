//! What the audit and a tuning say of a program that leaks.
//!
//! This is a binary of its own, since the counters are the whole process's; the cases run one after the other. The program that ships has no
//! way to leak on purpose: what leaks here is made here.

use std::ffi::OsString;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gainswarm::audit::{self, Audit, AuditPlan, ControllerAudit, Phase, Watcher};
use gainswarm::config::Config;
use gainswarm::engine::Resources;
use gainswarm::memory::Meter;
use gainswarm::problem::Problem;
use gainswarm::simulation::{
    Batch, Ending, Record, Scenario, SimdLevel, Simulator, Terms, Trajectory, Workspace,
};
use gainswarm::{Error, cli};

#[global_allocator]
static METER: Meter = Meter;

/// What becomes of a problem before it is measured.
type Alter = fn(Problem) -> Problem;

/// What is kept until its problem is dropped, what is kept for ever, and how many problems have been made.
type Kept = Mutex<Vec<u8>>;
static FOR_EVER: Kept = Mutex::new(Vec::new());
static PROBLEMS: AtomicU64 = AtomicU64::new(0);

/// Lets what is kept grow, by not a byte more.
fn keep(kept: &Kept, bytes: usize) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.reserve_exact(bytes);
    let all = kept.len() + bytes;
    kept.resize(all, 0);
}

/// A simulator that does something more after each batch.
struct Faulty {
    inner: Box<dyn Simulator>,
    after: fn(&Faulty, &Batch<'_>),
    own: Kept,
    /// Simulations of the batch for which a byte has been kept.
    counted: AtomicUsize,
}

impl Simulator for Faulty {
    fn flops_a_step(&self) -> f64 {
        self.inner.flops_a_step()
    }

    fn lanes(&self, level: SimdLevel) -> usize {
        self.inner.lanes(level)
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize {
        self.inner.workspace_bytes(level, terms)
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        if batch.queue.load(Relaxed) == 0 {
            // No worker has begun, so nothing of this batch has ended.
            self.counted.store(0, Relaxed);
        }
        self.inner.run(level, batch, workspace);
        (self.after)(self, batch);
    }

    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        self.inner.record(level, values, scenario, stride)
    }
}

fn faulty(problem: Problem, after: fn(&Faulty, &Batch<'_>)) -> Problem {
    let counted = AtomicUsize::new(0);
    let simulator = Box::new(Faulty { inner: problem.simulator, after, own: Kept::default(), counted });
    Problem { simulator, ..problem }
}

/// A function of its own, so that a backtrace names it.
#[inline(never)]
fn allocate() {
    drop(black_box(Box::new([0_u8; 64])));
}

/// Every batch allocates, and frees what it has allocated.
fn allocation(problem: Problem) -> Problem {
    faulty(problem, |_, _| allocate())
}

/// Every batch allocates and keeps what it has allocated.
fn leak(problem: Problem) -> Problem {
    faulty(problem, |_, _| keep(&FOR_EVER, 64))
}

/// Every batch keeps a byte for every control step of its longest simulation, until its problem is dropped.
fn growth(problem: Problem) -> Problem {
    faulty(problem, |faulty, batch| {
        let longest = (0..batch.end).map(|job| batch.records.get(job).steps).max().unwrap_or(0);
        keep(&faulty.own, usize::try_from(longest).expect("a number of steps"));
    })
}

/// Every simulation keeps a byte for ever.
fn byte(problem: Problem) -> Problem {
    faulty(problem, |faulty, batch| {
        let ended = (0..batch.end).filter(|job| batch.records.get(*job).ending != Ending::Pending).count();
        let before = faulty.counted.swap(ended, Relaxed);
        keep(&FOR_EVER, ended.saturating_sub(before));
    })
}

/// Every problem that is made, and so every tuning, keeps a block for ever.
fn block(problem: Problem) -> Problem {
    keep(&FOR_EVER, 64);
    problem
}

/// What is kept once: the size of what a thread leaves behind in the queues of rayon.
const ONCE_BYTES: usize = 2304;

/// The 1st, the 8th, the 64th, … problem that is made keeps as much as a thread leaves: a constant every time, however late.
fn once(problem: Problem) -> Problem {
    let count = PROBLEMS.fetch_add(1, Relaxed) + 1;
    if count.is_power_of_two() && count.trailing_zeros().is_multiple_of(3) {
        keep(&FOR_EVER, ONCE_BYTES);
    }
    problem
}

const STUDY: &str = "[cost.itae]\n[plant]\ntype = \"mass_spring_damper\"\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"x\"\n\
    [[response]]\noutput = \"x\"\n[simulation]\nduration = 4.0\n\
    [[scenarios]]\nsignals = { reference = { type = \"step\", amplitude = 1.0 } }\n\
    [[tune]]\nparameter = \"Kp\"\nlower = 4.0\nupper = 5.0\n";

struct Deaf;

impl Watcher for Deaf {
    fn phase(&mut self, _line: &str) {}

    fn found(&mut self, _audit: &Audit) -> Result<(), Error> {
        Ok(())
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn plan(alter: Alter) -> AuditPlan {
    let base = Config::parse("study.toml".as_ref(), STUDY).expect("a valid study");
    AuditPlan {
        controllers: vec![base.controller.name()],
        base: Some(base),
        cycles: 5,
        steps: 4000,
        soak: Some(Duration::from_millis(500)),
        alert_factor: 2.0,
        resources: Resources { threads: 3, ..Resources::default() },
        alter,
    }
}

fn audited(plan: &AuditPlan) -> ControllerAudit {
    let mut audit = audit::run(plan, &mut Deaf).expect("an audit");
    assert!(audit.works(), "{:?}", audit.self_test);
    audit.findings.remove(0)
}

fn red(finding: &ControllerAudit) -> Vec<&str> {
    finding.phases.iter().filter(|phase| !phase.green).map(|phase| phase.name).collect()
}

/// Each fault turns red what it breaks and nothing else.
fn the_audit_finds_every_fault_where_it_is() {
    let cases: [(&str, Alter, &[&str], f64); 6] = [
        ("none", std::convert::identity, &[], 0.0),
        ("leak", leak, &["memory patterns", "leak detection", "stress", "batch", "soak", "cleanup"], 0.0),
        ("allocation", allocation, &["memory patterns", "stress", "batch", "soak"], 0.0),
        // Nothing of it is left when its problem is dropped.
        ("growth", growth, &["memory patterns", "history bounds", "stress", "batch", "soak"], 1.0),
        // The smallest leaks: a byte a simulation, and a block a tuning, which a single tuning does not show.
        ("byte", byte, &["memory patterns", "leak detection", "stress", "batch", "soak", "cleanup"], 0.0),
        ("block", block, &["leak detection", "cleanup"], 0.0),
    ];
    for (name, alter, expected, bytes_per_step) in cases {
        let finding = audited(&plan(alter));
        assert_eq!(red(&finding), expected, "{name}: {:?}", finding.phases);
        let points =
            [("memory patterns", 20), ("leak detection", 25), ("history bounds", 10), ("stress", 20)];
        let points = points.iter().chain(&[("batch", 10), ("soak", 0), ("cleanup", 15)]);
        let lost: u32 = points.filter(|(phase, _)| expected.contains(phase)).map(|(_, points)| points).sum();
        assert_eq!(finding.score(), 100 - lost, "{name}");
        assert_eq!(finding.bytes_per_step.to_bits(), f64::to_bits(bytes_per_step), "{name}");
        assert_eq!(finding.is_ready(), expected.is_empty(), "{name}");
        let told = |phase: &Phase| {
            phase.allocated_in.first().is_some_and(|function| function.contains("leaks::allocate"))
        };
        let is_told = match name {
            "none" => finding.phases.iter().all(|phase| phase.allocated_in.is_empty()),
            "allocation" => finding.phases.iter().all(|phase| phase.green || told(phase)),
            _ => true,
        };
        assert!(is_told, "{name}: {:?}", finding.phases);
    }
}

fn what_is_kept_once_is_no_leak_however_late() {
    let finding = audited(&plan(once));
    assert!(red(&finding).is_empty(), "{:?}", finding.phases);
    let cleanup = finding.phases.iter().find(|phase| phase.name == "cleanup").expect("the phase");
    let rounds: Vec<i64> = cleanup.samples.iter().map(|sample| sample.live_bytes).collect();
    let once = i64::try_from(ONCE_BYTES).expect("bytes");
    let steps = rounds.windows(2).filter(|pair| pair[1] == pair[0] + once).count();
    let level = rounds.windows(2).filter(|pair| pair[1] == pair[0]).count();
    assert_eq!(
        (rounds.len(), steps, level),
        (24, 1, 22),
        "it has been seen, once, and nothing else: {rounds:?}"
    );
}

fn growth_beyond_the_alert_factor_is_told() {
    let beyond = |alert_factor: f64| {
        let finding = audited(&AuditPlan { alert_factor, soak: None, ..plan(leak) });
        finding.phases.iter().any(|phase| phase.finding.contains("beyond the alert factor"))
    };
    assert!(beyond(0.1), "blocks of 64 bytes soon are more than a tenth of a simulation");
    assert!(!beyond(1e6));
}

/// Says what the program's arguments are when this binary is to be the program.
const ARGUMENTS: &str = "ARGUMENTS_OF_A_PROGRAM_THAT_LEAKS";

/// The program, beside a thread that leaks.
#[test]
#[ignore = "no test: the program that leaks"]
fn program() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    std::thread::spawn(|| {
        loop {
            std::mem::forget(black_box(vec![0_u8; 200]));
            std::thread::sleep(Duration::from_micros(100));
        }
    });
    std::process::exit(cli::run(arguments.split('\n').map(OsString::from)).into());
}

/// The program on some arguments, beside a thread that leaks.
fn leaking(arguments: &[&str]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--ignored", "--exact", "program", "--nocapture"]);
    let all = [&["gainswarm"], arguments].concat();
    command.env(ARGUMENTS, all.join("\n")).output().expect("this binary starts")
}

fn sound(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gainswarm")).args(arguments).output().expect("the binary starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The last entry of a column.
fn last(file: &Path, column: &str) -> i64 {
    let mut csv = csv::Reader::from_path(file).expect("a table");
    let header = csv.headers().expect("a header").clone();
    let at = header.iter().position(|name| name == column).expect("the column");
    csv.records().last().expect("a row").expect("a row")[at].parse().expect("bytes")
}

fn a_tuning_that_grows_says_so_once_and_stops_at_its_memory_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("grows.toml");
    // With new swarms it would have nothing left to do after some 15,000 generations.
    let study = format!("{STUDY}[swarm]\nparticles = 4\nrestarts = {{ times = 0 }}\n");
    std::fs::write(&config, study.replace("duration = 4.0", "duration = 4.0\nearly_abandonment = false"))
        .expect("a file");
    let (config, output) = (config.to_str().expect("UTF-8"), directory.path().join("out"));
    let fixed = ["tune", config, "--threads", "1", "--output", output.to_str().expect("UTF-8")];
    let with = |options: &[&'static str]| [&fixed[..], options].concat();
    let growth = |file: &str| last(&output.join(file), "growth_bytes");

    let clean = sound(&with(&["--generations", "10"]));
    assert!(clean.status.success() && !stderr(&clean).contains("memory grows"), "{}", stderr(&clean));
    assert_eq!(growth("summary.csv"), 0);

    let grown = leaking(&with(&["--generations", "200", "--force"]));
    assert_eq!(grown.status.code(), Some(0), "{}", stderr(&grown));
    let said = stderr(&grown);
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("memory grows")).collect();
    assert_eq!(warnings.len(), 1, "it is said once: {said}");
    assert!(
        warnings[0].starts_with("warning: memory grows: ")
            && warnings[0].ends_with("; this is a bug of gainswarm"),
        "{said}"
    );
    assert!(growth("summary.csv") > 0 && growth("convergence.csv") > 0);

    let refused = stderr(&sound(&with(&["--generations", "100000", "--force", "--memory-limit", "1K"])));
    let (_, rest) = refused.split_once("needs ").expect("a number");
    let needed: u64 = rest.split(' ').next().expect("a number").parse().expect("a number");
    let limit = format!("{}", needed + 100_000);
    let limited = [&with(&["--generations", "100000", "--force", "--memory-limit"])[..], &[&limit]].concat();
    let stopped = leaking(&limited);
    let said = stderr(&stopped);
    assert_eq!(stopped.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("error: the run uses more memory than memory_limit allows and stops").count(), 1);
    assert_eq!(said.matches("memory grows").count(), 1, "{said}");
    assert!(!said.contains("no gain vector was found"), "its gains hold: {said}");
    let grown = growth("summary.csv");
    assert!(grown > 0, "{grown} bytes");

    let done = last(&output.join("summary.csv"), "generations");
    let more = (done + 10).to_string();
    let resumed =
        sound(&[&with(&["--resume", "--memory-limit", "1G", "--generations"])[..], &[&more]].concat());
    assert_eq!(resumed.status.code(), Some(0), "{}", stderr(&resumed));
    assert_eq!(growth("summary.csv"), grown, "what has grown before is not forgotten");
}

#[test]
fn what_leaks_is_found_and_what_does_not_is_not() {
    a_tuning_that_grows_says_so_once_and_stops_at_its_memory_limit();
    the_audit_finds_every_fault_where_it_is();
    what_is_kept_once_is_no_leak_however_late();
    growth_beyond_the_alert_factor_is_told();
}

/// How often the audit misses one of the smallest leaks: never in `RUNS` audits of each.
#[test]
#[ignore = "takes minutes: scripts/audit_often.sh runs it"]
fn the_smallest_leaks_are_found_every_time() {
    let runs: u32 = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(100);
    let leaks: [(&str, Alter); 2] = [("byte", byte), ("block", block)];
    for (name, alter) in leaks {
        let plan = AuditPlan { cycles: 100, steps: 21_000, soak: None, ..plan(alter) };
        let found = (0..runs).filter(|_| red(&audited(&plan)).contains(&"cleanup")).count();
        println!("{name}: found {found} of {runs} times");
        assert_eq!(u32::try_from(found), Ok(runs), "{name}");
    }
}
