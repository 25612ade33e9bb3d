//! Plants and laws as compiled code: the same results as their equations, and clear words for libraries that break their promises.

use std::path::Path;
use std::process::{Command, Output};

use gainswarm::Member;
use gainswarm::config::{Config, ConfigError};
use gainswarm::plugin::{Plugin, Which};
use gainswarm::problem::{Problem, certifier, runner};
use gainswarm::simulation::{Ending, Record, SimdLevel, Trajectory};
use gainswarm::stability::Verdict;

use crate::support::libraries::{Bench, pendulum};
use crate::support::{batch, gainswarm, stderr, stdout, write_config};

/// The examples are compiled with little optimisation: what they come to is the same, and how fast is told by benches/plugin.rs.
const EXAMPLES: &str = "plugins/examples";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("study.toml"), text)
}

fn study(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The line of a study that names an example.
fn example(bench: &Bench, file: &str) -> String {
    line(&bench.library(&Path::new(EXAMPLES).join(file), &["-O2"]))
}

fn line(library: &Path) -> String {
    format!("library = {:?}", library.display().to_string())
}

fn simulated(config: &Config) -> (Record, Trajectory) {
    let problem = Problem::new(config);
    let scenario = &problem.scenarios[0];
    problem.simulator.record(SimdLevel::widest(), &problem.values, scenario, 10).expect("memory")
}

fn column(config: &Config, trajectory: &Trajectory, name: &str) -> Vec<f64> {
    let place = config.columns().iter().position(|column| column.quantity.name == name).expect(name);
    trajectory.rows().map(|row| row[place + 1]).collect()
}

/// Gain vectors about those of the study, each a little different.
fn vectors(config: &Config) -> Vec<Vec<f64>> {
    let scaled = |k: i32| {
        let mut values = config.controller.values.clone();
        values[1] *= 1.0 + 0.005 * f64::from(k);
        values
    };
    (-5..5).map(scaled).collect()
}

#[test]
fn the_double_pendulum_as_a_library_moves_as_its_equations_say() {
    let Some(bench) = Bench::new() else { return };
    let library = study(&pendulum(&example(&bench, "double_pendulum.c"), 1e-3, 2.0));
    let equations = study(&pendulum("type = \"double_inverted_pendulum\"", 1e-3, 2.0));
    let named = |config: &Config| {
        config.plant.states().iter().map(|state| (state.name, state.unit)).collect::<Vec<_>>()
    };
    assert_eq!(named(&library), named(&equations));
    assert_eq!(library.plant.values, equations.plant.values);
    let [(_, moved), (_, expected)] = [&library, &equations].map(simulated);
    for (found, expected) in moved.rows().zip(expected.rows()) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} and {expected}");
        }
    }
    let widest = SimdLevel::widest();
    let records = |config: &Config, level| batch(&Problem::new(config), level, &vectors(config));
    let [found, expected] = [&library, &equations].map(|config| records(config, widest));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((found.ending, found.steps), (Ending::Survived, expected.steps));
        assert!((found.cost / expected.cost - 1.0).abs() < 1e-12, "{} and {}", found.cost, expected.cost);
    }
    // The same bits whatever the block.
    for level in SimdLevel::available() {
        assert_eq!(records(&library, level), found, "{}", level.name());
    }
}

#[test]
fn the_certificate_of_a_library_is_that_of_its_equations() {
    let Some(bench) = Bench::new() else { return };
    let plants = [example(&bench, "double_pendulum.c"), "type = \"double_inverted_pendulum\"".into()];
    let [library, equations] = plants.map(|plant| {
        let config = study(&pendulum(&plant, 1e-3, 1.0));
        certifier(&config)(&config.controller.values)
    });
    assert_eq!((library.verdict, equations.verdict), (Verdict::Stable, Verdict::Stable));
    assert_eq!(library.eigenvalues.iter().count(), equations.eigenvalues.iter().count());
    for (found, expected) in library.eigenvalues.iter().zip(equations.eigenvalues.iter()) {
        let apart = (found.re - expected.re).hypot(found.im - expected.im);
        assert!(apart < 1e-6 * expected.re.hypot(expected.im), "{found:?} and {expected:?}");
    }
    let margins = [library.margins.expect("margins"), equations.margins.expect("margins")];
    assert!((margins[0].phase - margins[1].phase).abs() < 1e-5, "{margins:?}");
    assert!(library.scope_text().ends_with("what is compiled code is differentiated by differences"));
    assert!(!equations.scope_text().contains("differences"));
}

/// A plant whose every function is there: x' = t + m + u, y = 2 x + u, m grows by the step.
fn everything(flags: &str) -> String {
    format!(
        r#"
#include "gainswarm_plugin.h"
#include <stdlib.h>
static const gainswarm_quantity x[] = {{{{"x", "m", 0, 0.5, 0, 0, 0}}}}, m[] = {{{{"m", 0, 0, 0.25, 0, 0, 0}}}};
static const gainswarm_quantity u[] = {{{{"u", 0, 0, 0, 0, 3.0, 0}}}}, y[] = {{{{"y", 0, 0, 0, 0, 0, 0}}}};
static void rates(const void *instance, const gainswarm_block *block, double *const *results)
{{
    for (size_t i = 0; i < block->lanes; i++)
        results[0][i] = *(const double *)instance * block->time[i] + block->memory[0][i] + block->inputs[0][i];
}}
static void outputs_of(const void *instance, const gainswarm_block *block, double *const *results)
{{
    (void)instance;
    for (size_t i = 0; i < block->lanes; i++)
        results[0][i] = 2 * block->states[0][i] + (block->inputs ? block->inputs[0][i] : 0);
}}
static void update(const void *instance, const gainswarm_block *block, double *const *results)
{{
    (void)instance;
    for (size_t i = 0; i < block->lanes; i++) results[0][i] = block->memory[0][i] + block->period[i];
}}
static void *opened(void) {{ double *one = malloc(sizeof *one); *one = 1; return one; }}
static const gainswarm_plugin plugin = {{
    .version = GAINSWARM_PLUGIN_VERSION, .size = sizeof(gainswarm_plugin), .kind = GAINSWARM_PLANT, .flags = {flags}, .name = "everything",
    .states = {{x, 1}}, .memory = {{m, 1}}, .inputs = {{u, 1}}, .outputs = {{y, 1}}, .rates = rates, .outputs_of = outputs_of,
    .update = update, .open = opened, .close = free,
}};
GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void) {{ return &plugin; }}
"#
    )
}

/// A law that gives what the plant is to be given.
const GIVES: &str = "[controller]\nequations = \"u = k + 0.001*seen\"\n[controller.inputs]\nseen = {}\n\
    [controller.gains]\nk = { default = 5.0, search = [0.0, 9.0] }\n[controller.outputs]\nu = {}\n[connect]\nseen = \"SEEN\"\n\
    [simulation]\ndt = 0.01\nduration = 1.0\n[[scenarios]]\n[cost.area]\nintegrate = \"x^2\"\n";

#[test]
fn time_memory_inputs_outputs_and_the_instance_are_what_the_header_says() {
    let Some(bench) = Bench::new() else { return };
    let library =
        bench.text("everything", &everything("GAINSWARM_READS_TIME | GAINSWARM_OUTPUTS_READ_INPUTS"));
    let text = format!("[plant]\n{}\n{GIVES}", line(&library)).replace("SEEN", "x");
    let config = study(&text);
    let (record, trajectory) = simulated(&config);
    assert_eq!(record.ending, Ending::Survived);
    let [x, m, y] = ["x", "m", "y"].map(|name| column(&config, &trajectory, name));
    for (place, time) in trajectory.rows().map(|row| row[0]).enumerate() {
        // m is held over a step of h and is 0.25 + t at its beginning: of x' = t + m + u with u = 3, the limit, x = 0.5 + t²/2 + 0.25 t + t(t − h)/2 + 3 t.
        let expected = 0.5 + 0.5 * time * time + 3.25 * time + 0.5 * time * (time - 0.01);
        assert!((m[place] - 0.25 - time).abs() < 1e-12, "m = {} at {time}", m[place]);
        assert!((x[place] - expected).abs() < 1e-12, "x = {} at {time}, not {expected}", x[place]);
        assert!((y[place] - 2.0 * expected - 3.0).abs() < 1e-12, "y = {} at {time}", y[place]);
    }
    // An output that the input feeds through to cannot be measured in the same step, and one that does not read it can.
    let error = parse(&text.replace("\"x\"\n", "\"y\"\n")).expect_err("a circle");
    assert!(error.problem.contains("is a circle"), "{error}");
    let library = bench.text("through", &everything("GAINSWARM_READS_TIME"));
    study(&format!("[plant]\n{}\n{GIVES}", line(&library)).replace("SEEN", "y"));
}

#[test]
fn a_law_as_a_library_acts_as_its_equations_say() {
    let Some(bench) = Bench::new() else { return };
    let loop_of = |law: &str| {
        format!(
            "[plant]\nnumerator = [2.0]\ndenominator = [1.0, 1.0]\n[controller]\n{law}\nKp = 3.0\nKi = 2.0\nu_max = 1.2\n[connect]\nmeasurement = \"y\"\n\
             [simulation]\ndt = 0.01\nduration = 4.0\n[[scenarios]]\nsignals = {{ reference = 1.5 }}\ncontrol_period = 2\n\
             [cost.area]\nintegrate = \"(1.5 - y)^2 + u^2\"\n"
        )
    };
    let equations = "equations = \"\"\"\nerror = reference - measurement\nwanted = Kp*error + integral\nu = clamp(wanted, -u_max, u_max)\n\
        integral' = if u == wanted then Ki*error else 0\n\"\"\"\n";
    let declared = "[controller.inputs]\nreference = {}\nmeasurement = {}\n[controller.states]\nintegral = {}\n[controller.outputs]\nu = {}\n\
        [controller.gains]\nKp = { default = 1.0 }\nKi = { default = 1.0, search = [0.0, 9.0] }\nu_max = { default = 1.0 }\n[connect]";
    let library = format!(
        "{}\n[[tune]]\nparameter = \"Ki\"\nlower = 0.0\nupper = 9.0\n",
        loop_of(&example(&bench, "pi_law.c"))
    );
    let library = study(&library);
    let equations = study(&loop_of(equations).replacen("[connect]", declared, 1));
    let [(found, moved), (expected, wanted)] = [&library, &equations].map(simulated);
    assert!((found.cost / expected.cost - 1.0).abs() < 1e-12, "{} and {}", found.cost, expected.cost);
    let [u, expected] =
        [(&library, &moved), (&equations, &wanted)].map(|(config, moved)| column(config, moved, "u"));
    assert!(u.iter().zip(&expected).all(|(u, expected)| (u - expected).abs() < 1e-12), "{u:?}");
    assert!(u.contains(&1.2) && u.iter().any(|u| u.abs() < 1.0), "it is limited at first, and then not");
}

#[test]
fn calls_stay_on_the_program_and_a_law_that_asks_for_equations_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let plant = example(&bench, "double_pendulum.c");
    let config = study(&pendulum(&plant, 1e-3, 1.0));
    let problem = Problem::new(&config);
    assert!(problem.simulator.source(SimdLevel::widest()).is_none());
    assert_eq!(runner(&config).closed_loop().program.plain.calls.len(), 4, "a call a stage of RK4");
    let error = parse(&format!(
        "[plant]\n{plant}\n[controller]\ntype = \"classical\"\n[[scenarios]]\n[cost.control_effort]\n"
    ));
    let error = error.expect_err("no equations").to_string();
    assert!(
        error
            .contains("controller asks for the equations of its plant, and double_pendulum is compiled code"),
        "{error}"
    );
}

/// `gainswarm check` of a study of a library, with what the environment variable HOSTILE is.
fn check(directory: &Path, library: &Path, hostile: &str) -> Output {
    let text = format!(
        "[plant]\n{}\n[controller]\ntype = \"p\"\n[connect]\nmeasurement = \"x\"\nu = \"u\"\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n[cost.area]\nintegrate = \"x^2\"\n",
        line(library)
    );
    let config = write_config(directory, "hostile", text);
    let run = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(["check", &config])
        .env("HOSTILE", hostile)
        .output();
    run.expect("the binary starts")
}

#[test]
fn hostile_and_broken_libraries_get_a_clear_word_and_do_no_harm() {
    let Some(bench) = Bench::new() else { return };
    let room = bench.room.path();
    let library = bench.library(Path::new("tests/data/hostile.c"), &["-O1", "-Wno-error"]);
    let run = check(room, &library, "nothing");
    assert!(run.status.success(), "{}", stderr(&run));
    let said = stdout(&run).replace("\n#", "").split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "hostile: states x in m",
        "inputs u in m/s (0 by default)",
        "outputs y in m",
        "parameters a in 1/s (1, 0 … 10)",
        "functions rates, outputs_of",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let cases = [
        ("null table", "gives a null table"),
        ("crooked table", "gives a table that is not aligned"),
        ("version", "has version 7 of the interface, and this program version 1"),
        ("size", "has a table of 12 bytes"),
        ("kind", "is of kind 3"),
        ("flags", "has flags 0x200 that this version does not know"),
        ("null list", "declares 1 states, but their list is null"),
        ("no states", "is a plant without states"),
        ("negative", "declares 18446744073709551615 inputs"),
        ("huge", "declares 1000000 parameters"),
        ("twice", "`x` is declared twice"),
        ("clash", "`a` is declared twice"),
        ("null name", "the name of states[0] is null"),
        ("no utf-8", "the name of states[0] is no UTF-8"),
        ("unterminated", "the name of states[0] has more than 63 bytes, or no 0 at its end"),
        ("word", "`dt` cannot be a name"),
        ("unit", "`furlongs` is no unit"),
        ("start", "the start of `x` is NaN"),
        ("default", "the default of `a`, 11, is out of its range"),
        ("null rates", "has no `rates`: it is null"),
        ("null outputs", "has no `outputs_of`: it is null"),
        ("open", "its `open` gives NULL"),
        ("no close", "has one of `open` and `close`"),
        ("law", "is a law with states"),
        ("nan", "its `rates` gives NaN, or does not write it, for the derivative of `x` at the start"),
        ("infinite", "its `rates` gives inf, for the derivative of `x` at the start"),
        ("unwritten", "its `rates` gives NaN, or does not write it"),
        ("nan outputs", "its `outputs_of` gives NaN, or does not write it, for `y`"),
        ("remembers", "its `rates` gives other results for the same numbers"),
        ("neighbours", "its `rates` gives other bits where a lane has another place or other neighbours"),
        ("places", "its `rates` gives other bits where a lane has another place or other neighbours"),
        ("beyond", "its `rates` writes beyond its lanes"),
        ("writes", "its `rates` writes into what it may only read"),
        ("rounding", "changes how the processor rounds"),
        ("slow", "is too slow"),
    ];
    for (hostile, expected) in cases {
        refused(&check(room, &library, hostile), hostile, expected);
    }
}

fn refused(run: &Output, name: &str, expected: &str) {
    let said = stderr(run);
    assert_eq!(run.status.code(), Some(2), "{name}: {said}");
    assert!(said.contains(expected) && said.contains("plant.library"), "{name}: {said}");
    assert!(!said.contains("panicked"), "{name}: {said}");
}

#[test]
fn files_that_are_no_library_are_not_loaded() {
    let Some(bench) = Bench::new() else { return };
    let room = bench.room.path();
    let library = bench.text("everything", &everything("GAINSWARM_READS_TIME"));
    let whole = std::fs::read(&library).expect("a library");
    let file = |name: &str, bytes: &[u8]| {
        let path = room.join(name);
        std::fs::write(&path, bytes).expect("written");
        check(room, &path, "")
    };
    refused(&check(room, &room.join("missing.so"), ""), "missing", "No such file");
    refused(&check(room, room, ""), "a directory", "is a directory");
    refused(&file("empty.so", b""), "empty", "is empty");
    let entryless = bench.text("entryless", "int nothing;\n");
    refused(&check(room, &entryless, ""), "no symbol", "exports no `gainswarm_plugin_entry`");
    if !cfg!(target_os = "linux") {
        return;
    }
    refused(&file("text.so", b"[plant]\n"), "a text", "is no shared library, but a text");
    refused(
        &file("image.so", b"\x89PNG\r\n\xff"),
        "an image",
        "is no shared library, but a file of another kind",
    );
    for length in [10, 63, 64, 1000, 5000, whole.len() / 2, whole.len() - 1] {
        refused(&file("cut.so", &whole[..length]), "cut off", "is cut off");
    }
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let other = if cfg!(target_arch = "aarch64") { (62, "x86_64") } else { (183, "aarch64") };
    refused(&file("other.so", &with(18, other.0)), "another processor", &format!("is made for {}", other.1));
    refused(&file("small.so", &with(4, 1)), "32 bits", "is no 64-bit little-endian library");
    refused(&file("program.so", &with(16, 2)), "a program", "link it with -shared");
    let missing = bench.text(
        "missing",
        "extern void nowhere(void);\n#include \"gainswarm_plugin.h\"\nconst gainswarm_plugin *gainswarm_plugin_entry(void) { nowhere(); return 0; }\n",
    );
    refused(&check(room, &missing, ""), "a missing symbol", "cannot be loaded");
}

#[test]
fn a_library_is_part_of_what_a_study_is() {
    let Some(bench) = Bench::new() else { return };
    let room = bench.room.path();
    let library = bench.library(Path::new("plugins/examples/double_pendulum.c"), &["-O1"]);
    let config = write_config(room, "pendulum", pendulum(&line(&library), 1e-3, 0.2));
    let output = room.join("results").display().to_string();
    let arguments = ["tune", &config, "--output", &output, "--quiet"];
    let run = gainswarm(&[&arguments[..], &["--json"]].concat());
    assert!(run.status.success(), "{}", stderr(&run));
    let summary: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(summary["hot_path_allocations"], 0, "{summary}");
    let digest = Plugin::load(&library).unwrap_or_else(|refused| panic!("{refused}")).digest().to_owned();
    let manifest = std::fs::read_to_string(room.join("results/manifest.json")).expect("a manifest");
    assert!(manifest.contains(&digest));
    let gains = format!("{output}/gains.csv");
    for arguments in [
        &["certify", &config, "--gains", &gains][..],
        &["simulate", &config, "--gains", &gains, "--every", "100"],
        &["validate", &config, "--gains", &gains, "--samples", "20", "--output", &output],
        &["report", &output],
        &["export", &output, "--format", "python"],
    ] {
        let run = gainswarm(arguments);
        assert!(run.status.success(), "{arguments:?}: {}", stderr(&run));
    }
    let page = std::fs::read_to_string(room.join("results/report.html")).expect("a page");
    assert!(page.contains("compiled code: libdouble_pendulum"));
    // The same name, and other code: another study.
    bench.library(Path::new("plugins/examples/double_pendulum.c"), &["-O1", "-DNDEBUG", "-g"]);
    let run = gainswarm(&[&arguments[..], &["--resume"]].concat());
    assert_eq!(run.status.code(), Some(2), "{}", stdout(&run));
    assert!(stderr(&run).contains("library_sha256"), "{}", stderr(&run));
}

#[test]
fn a_section_says_one_thing_and_a_config_may_name_the_content_of_a_library() {
    let Some(bench) = Bench::new() else { return };
    let plant = example(&bench, "double_pendulum.c");
    let digest =
        study(&pendulum(&plant, 1e-3, 0.1)).plant.of.model.library().expect("one").digest().to_owned();
    study(&pendulum(&format!("{plant}\nlibrary_sha256 = \"{digest}\""), 1e-3, 0.1));
    for (other, expected) in [
        ("type = \"dc_motor\"", "plant.library cannot be combined with type"),
        ("file = \"plant.toml\"", "plant.library cannot be combined with file"),
        ("equations = \"x' = u\"", "plant.library cannot be combined with equations"),
        ("library_sha256 = \"00\"", "plant.library_sha256 is not that of"),
        ("[plant.states]\nx = {}", "states"),
        ("link1_mas = 0.2", "link1_mass"),
        ("link1_mass = 0.0", "plant.link1_mass = 0"),
    ] {
        let error = parse(&pendulum(&format!("{plant}\n{other}"), 1e-3, 0.1)).expect_err(other).to_string();
        assert!(error.contains(expected), "{other}: {error}");
    }
    let law = pendulum(&plant, 1e-3, 0.1).replace("type = \"state_feedback\"", &plant);
    let error = parse(&law).expect_err("a plant is no law").to_string();
    assert!(
        error.contains("`double_pendulum` is a plant") && error.contains("controller.library"),
        "{error}"
    );
}

#[test]
fn a_description_says_what_functions_read_and_write() {
    let Some(bench) = Bench::new() else { return };
    let library = bench.text("everything", &everything("GAINSWARM_READS_TIME"));
    let plugin = Plugin::load(&library).unwrap_or_else(|refused| panic!("{refused}"));
    let function = plugin.function(Which::Rates);
    assert_eq!((function.operands(), function.results()), (4, 1), "t, x, m, u → x'");
    let mut rate = [0.0];
    function.of([0.5, 2.0, 0.25, -1.0], &mut rate);
    assert_eq!(rate[0].to_bits(), (-0.25_f64).to_bits());
    // x' = t + m + u: twice the change of m, minus that of u.
    function.differences([[0.5, 0.0], [2.0, 7.0], [0.25, 2.0], [-1.0, -1.0]].into_iter(), &mut rate);
    assert!((rate[0] - 1.0).abs() < 1e-10, "{rate:?}");
}
