//! README's first steps, run as they stand there.

use std::process::Command;

const README: &str = include_str!("../README.md");

/// What differs from run to run and from machine to machine.
const OWN: [&str; 4] = ["simulations/s", "control steps/s", "wall time", "# memory"];

/// A command and the lines that it prints.
type Step = (String, Vec<String>);

/// The commands in the blocks of README that show a terminal.
fn steps() -> Vec<Step> {
    let blocks = README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.into(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.into()),
            (None, None) => panic!("{line} comes before any command"),
        }
    }
    steps
}

/// Whether lines are as README shows them: `…` stands for any number of them, figures of the machine for others.
fn fits(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "…" => (0..=printed.len()).any(|skip| fits(rest, &printed[skip..])),
        Some((line, rest)) => printed.split_first().is_some_and(|(first, others)| {
            let is_own = OWN.iter().any(|own| line.starts_with(own) && first.starts_with(own));
            (is_own || line.trim_end() == first.trim_end()) && fits(rest, others)
        }),
    }
}

#[test]
fn the_first_steps_of_readme_print_what_stands_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_gainswarm"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a directory").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let steps = steps();
    for name in ["init", "check", "tune", "validate", "report", "export"] {
        assert!(steps.iter().any(|(command, _)| command.starts_with(&format!("gainswarm {name}"))), "{name}");
    }
    for (command, shown) in steps.iter().filter(|(command, _)| !command.starts_with("cargo ")) {
        let run = Command::new("sh")
            .args(["-c", command])
            .current_dir(directory.path())
            .env("PATH", &path)
            .output()
            .expect("a shell");
        let (printed, said) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{command}: {said}");
        let lines: Vec<&str> = printed.lines().collect();
        assert!(fits(shown, &lines), "{command} prints\n{printed}\nand README shows\n{}", shown.join("\n"));
    }
    assert!(directory.path().join("outputs/classical/report.html").exists());
}

#[test]
fn a_line_that_differs_is_found() {
    let shown = ["a", "…", "wall time  1 s", "b"].map(String::from);
    assert!(fits(&shown, &["a", "x", "y", "wall time  2 s", "b"]));
    assert!(!fits(&shown, &["a", "x", "wall time  2 s", "c"]) && !fits(&shown, &["a", "b"]));
}
