//! Controllers as code against the engine: every law that ships, with random gains and 10,000 periods of random inputs, gives the same bits in C (gcc and clang,
//! -O0 and -O3), Rust and Python. One process a language for all laws together.

mod cases;
mod said;
mod text;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use gainswarm::report::FormatKind;
use gainswarm::report::export::{Export, Math, Precision};

use crate::support::{stderr, stdout};
use cases::{Case, every_case};

/// What C programs pass.
const STRICT: [&str; 7] =
    ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "-ffp-contract=off"];

fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
    if !is_there {
        eprintln!("skipped: no {program} here");
    }
    is_there
}

/// The text of a case in a format.
fn written(case: &Case, format: FormatKind, precision: Precision, math: Math) -> String {
    let mut export = Export::new(&case.config, &case.values);
    (export.code.precision, export.code.math) = (precision, math);
    format.text(&export).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).current_dir(directory).args(arguments).output();
    let run = run.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(run.status.success(), "{program} {arguments:?}\n{}\n{}", stderr(&run), stdout(&run));
    stdout(&run)
}

fn bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(directory: &Path, name: &str) -> Vec<f64> {
    let bytes = std::fs::read(directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().expect("eight bytes"))).collect()
}

/// Writes the inputs of all cases.
fn inputs(directory: &Path) {
    for case in every_case() {
        std::fs::write(directory.join(format!("{}.in", case.name)), bytes(&case.inputs)).expect("room");
    }
}

/// More periods than there are.
const ALL: usize = 1_000_000;

/// Asserts that a program has given the bits of the engine, any NaN a NaN.
fn assert_same(directory: &Path, by: &str, most: usize) {
    let bits = |number: f64| if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() };
    for case in every_case() {
        let found = numbers(directory, &format!("{}.{by}", case.name));
        let width = case.outputs.len();
        assert_eq!(found.len(), case.expected.len().min(most * width), "{} by {by}", case.name);
        for (place, (found, expected)) in found.iter().zip(&case.expected).enumerate() {
            let (period, output) = (place / width, case.outputs[place % width]);
            assert!(
                bits(*found) == bits(*expected),
                "{} by {by}: {output} is {found:?} and not {expected:?} in period {period}",
                case.name
            );
        }
    }
}

/// A C program that runs all cases.
fn c_program(directory: &Path, precision: Precision, math: Math) {
    let (mut includes, mut calls) = (String::new(), String::new());
    let real = if precision == Precision::Float { "float" } else { "double" };
    for case in every_case() {
        let name = &case.name;
        let header = written(case, FormatKind::CController, precision, math);
        std::fs::write(directory.join(format!("{name}.h")), header).expect("room");
        let _ = writeln!(includes, "#include \"{name}.h\"");
        let (given, made) = (case.measured, case.outputs.len());
        let _ = write!(
            calls,
            "    {{\n        gainswarm_{name} c;\n        gainswarm_{name}_init(&c, &GAINSWARM_{}_GAINS);\n        open_case(\"{name}\", argv[1]);\n        \
             for (;;) {{\n            gainswarm_{name}_inputs in;\n            gainswarm_{name}_outputs out;\n            {real} row[{given}];\n            \
             if (!next(row, {given})) {{ break; }}\n            memcpy(&in, row, sizeof row);\n            gainswarm_{name}_step(&c, &in, &out);\n            \
             {real} results[{made}];\n            memcpy(results, &out, sizeof results);\n            give(results, {made});\n        }}\n        close_case();\n    }}\n",
            name.to_ascii_uppercase()
        );
    }
    let program = format!(
        "#include <stdio.h>\n#include <string.h>\n{includes}\nstatic FILE *from;\nstatic FILE *to;\n\
         static void open_case(const char *name, const char *suffix) {{\n    char path[200];\n    snprintf(path, sizeof path, \"%s.in\", name);\n    from = fopen(path, \"rb\");\n    \
         snprintf(path, sizeof path, \"%s.%s\", name, suffix);\n    to = fopen(path, \"wb\");\n}}\nstatic void close_case(void) {{\n    fclose(from);\n    fclose(to);\n}}\n\
         static int next({real} *row, int count) {{\n    for (int k = 0; k < count; k++) {{\n        double number;\n        if (fread(&number, sizeof number, 1, from) != 1) {{ return 0; }}\n        \
         row[k] = ({real})number;\n    }}\n    return 1;\n}}\n\
         static void give(const {real} *row, int count) {{\n    for (int k = 0; k < count; k++) {{\n        double number = (double)row[k];\n        fwrite(&number, sizeof number, 1, to);\n    }}\n}}\n\n\
         int main(int argc, char **argv) {{\n    (void)argc;\n{calls}    return 0;\n}}\n"
    );
    std::fs::write(directory.join("main.c"), program).expect("room");
}

#[test]
fn c_controllers_give_the_bits_of_the_engine_whatever_compiles_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    inputs(directory);
    c_program(directory, Precision::Double, Math::Own);
    for compiler in ["gcc", "clang"] {
        if !is_there(compiler) {
            continue;
        }
        for optimise in ["-O0", "-O3"] {
            let by = format!("{compiler}{optimise}");
            let strict = [&STRICT[..], &[optimise, "main.c", "-o", &by, "-lm"]].concat();
            run(directory, compiler, &strict);
            run(directory, &format!("./{by}"), &[&by]);
            assert_same(directory, &by, ALL);
        }
    }
}

#[test]
fn rust_controllers_give_the_bits_of_the_engine() {
    if !is_there("rustc") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    inputs(directory);
    let (mut modules, mut calls) = (String::new(), String::new());
    for case in every_case() {
        let name = &case.name;
        let text = written(case, FormatKind::RustController, Precision::Double, Math::Own);
        let given = text::fields(&text, "pub struct Inputs {");
        let field = |(k, field): (usize, &String)| format!("{field}: row[{k}], ");
        let fields: String = given.iter().enumerate().map(field).collect();
        let made = text::fields(&text, "pub struct Outputs {");
        let result = |field: &String| format!("out.{field}, ");
        let results: String = made.iter().map(result).collect();
        std::fs::write(directory.join(format!("{name}.rs")), text).expect("room");
        let _ = writeln!(modules, "mod {name};");
        let _ = writeln!(
            calls,
            "    let mut controller = {name}::Controller::new(&{name}::GAINS);\n    \
             run(\"{name}\", {}, |row| {{ let out = controller.step(&{name}::Inputs {{ {fields}}}); vec![{results}] }});",
            given.len()
        );
    }
    let program = format!(
        "#![allow(dead_code)]\n{modules}\nfn run(name: &str, width: usize, mut step: impl FnMut(&[f64]) -> Vec<f64>) {{\n    \
         let bytes = std::fs::read(format!(\"{{name}}.in\")).unwrap();\n    \
         let numbers: Vec<f64> = bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect();\n    \
         let out: Vec<u8> = numbers.chunks_exact(width).flat_map(|row| step(row)).flat_map(f64::to_le_bytes).collect();\n    \
         std::fs::write(format!(\"{{name}}.rust\"), out).unwrap();\n}}\n\nfn main() {{\n{calls}}}\n"
    );
    std::fs::write(directory.join("main.rs"), program).expect("room");
    run(directory, "rustc", &["--edition", "2021", "-O", "-D", "warnings", "main.rs", "-o", "controllers"]);
    run(directory, "./controllers", &[]);
    assert_same(directory, "rust", ALL);
}

/// The periods that Python's own product and sum in whole numbers is tried in, which is slow.
const SLOW_PERIODS: usize = 50;

#[test]
fn python_controllers_give_the_bits_of_the_engine() {
    if !is_there("python3") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    inputs(directory);
    for case in every_case() {
        let text = written(case, FormatKind::PythonController, Precision::Double, Math::Own);
        std::fs::write(directory.join(format!("{}.py", case.name)), text).expect("room");
    }
    let names: Vec<String> =
        every_case().iter().map(|case| format!("({:?}, {})", case.name, case.measured)).collect();
    // The C library's fma has the same bits as Python's own, which is there from 3.13 on, and as the exact one of the module.
    let program = format!(
        "import array, ctypes, ctypes.util, importlib\n\
         library = ctypes.CDLL(ctypes.util.find_library('m') or None)\n\
         fma = library.fma\nfma.restype, fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3\n\
         def run(name, width, suffix, module, most):\n    rows = array.array('d')\n    rows.frombytes(open(name + '.in', 'rb').read())\n    \
         controller, out = module.Controller(), array.array('d')\n    for k in range(0, min(len(rows), most * width), width):\n        \
         out.extend(controller.step(*rows[k:k + width]))\n    open(name + '.' + suffix, 'wb').write(out.tobytes())\n\
         for name, width in [{}]:\n    module = importlib.import_module(name)\n    run(name, width, 'exact', module, {SLOW_PERIODS})\n    \
         module._fma = fma\n    run(name, width, 'python', module, 10**9)\n",
        names.join(", ")
    );
    run(directory, "python3", &["-B", "-c", &program]);
    assert_same(directory, "python", ALL);
    assert_same(directory, "exact", SLOW_PERIODS);
}

/// The share of the numbers of the first periods that are near those of the engine: a switch may turn a moment later.
fn share_near(directory: &Path, by: &str, near: f64) -> f64 {
    let (mut all, mut good) = (0.0, 0.0);
    for case in every_case() {
        let found = numbers(directory, &format!("{}.{by}", case.name));
        for (found, expected) in found.iter().zip(&case.expected).take(FIRST * case.outputs.len()) {
            let is_near = (found - expected).abs() <= near * (1.0 + expected.abs());
            all += 1.0;
            good += f64::from(
                is_near || found.is_nan() && expected.is_nan() || found.to_bits() == expected.to_bits(),
            );
        }
    }
    assert!(all > 1000.0, "{all}");
    good / all
}

/// The periods in which what has no promise of bits is compared.
const FIRST: usize = 100;

#[test]
fn c_controllers_in_float_and_with_libm_come_near_and_compile_without_a_warning() {
    if !is_there("gcc") {
        return;
    }
    for (precision, math, near) in [
        (Precision::Float, Math::Own, 1e-3),
        (Precision::Float, Math::Libm, 1e-3),
        (Precision::Double, Math::Libm, 1e-11),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path();
        inputs(directory);
        c_program(directory, precision, math);
        let strict = [&STRICT[..], &["-O0", "main.c", "-o", "near", "-lm"]].concat();
        run(directory, "gcc", &strict);
        run(directory, "./near", &["near"]);
        let share = share_near(directory, "near", near);
        assert!(share > 0.97, "{precision:?} {math:?}: {share}");
    }
}

#[test]
fn what_a_compiler_must_not_do_is_refused_by_the_header() {
    if !is_there("gcc") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    c_program(directory, Precision::Double, Math::Own);
    let refused =
        Command::new("gcc").current_dir(directory).args(["-ffast-math", "-fsyntax-only", "main.c"]).output();
    let refused = refused.expect("gcc runs");
    assert!(!refused.status.success() && stderr(&refused).contains("-ffast-math"), "{}", stderr(&refused));
}

#[test]
fn octave_runs_the_functions_and_comes_near() {
    let octave = ["octave-cli", "octave"];
    let Some(octave) = octave.iter().find(|name| is_there(name)) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    inputs(directory);
    let mut program = String::new();
    for case in every_case() {
        let name = &case.name;
        let text = written(case, FormatKind::MatlabFunction, Precision::Double, Math::Libm);
        std::fs::write(directory.join(format!("gainswarm_{name}.m")), text).expect("room");
        let made: Vec<String> = (1..=case.outputs.len()).map(|place| format!("o({place})")).collect();
        let given: Vec<String> = (1..=case.measured).map(|place| format!("x({place}, k)")).collect();
        let _ = writeln!(
            program,
            "f = fopen('{name}.in'); x = fread(f, [{}, {FIRST}], 'double'); fclose(f); r = []; o = [];\n\
             for k = 1:{FIRST} [{}] = gainswarm_{name}({}); r = [r, o]; end\n\
             f = fopen('{name}.octave', 'w'); fwrite(f, r, 'double'); fclose(f);",
            case.measured,
            made.join(", "),
            given.join(", ")
        );
    }
    std::fs::write(directory.join("all.m"), program).expect("room");
    run(directory, octave, &["--no-gui", "all.m"]);
    let share = share_near(directory, "octave", 1e-11);
    assert!(share > 0.97, "{share}");
}
