//! README's first steps, run as they stand there: every command works, and prints what README shows but for its numbers.

use std::process::Command;

const README: &str = include_str!("../README.md");

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

/// A line without its numbers and without the spaces that align them: what a run measures is its own.
fn form(line: &str) -> String {
    let mut form = String::new();
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let is_number =
            c.is_ascii_digit() && !form.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        if is_number {
            let belongs = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ',' | 'e');
            let mut last = c;
            while let Some(next) = characters.next_if(|next| belongs(next) || (last == 'e' && *next == '-')) {
                last = next;
            }
            form = form.trim_end_matches('-').to_owned() + "#";
        } else if c != ' ' || !form.ends_with(' ') {
            form.push(c);
        }
    }
    form.trim_end().to_owned()
}

/// Whether lines are as README shows them: `…` stands for any number of them.
fn fits(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "…" => (0..=printed.len()).any(|skip| fits(rest, &printed[skip..])),
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| form(line) == form(first) && fits(rest, others)),
    }
}

#[test]
fn the_first_steps_of_readme_work_and_print_what_stands_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_gainswarm"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a directory").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    // The file that a reader writes.
    let study = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a study");
    std::fs::write(directory.path().join("motor.toml"), study).expect("written");
    let configs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    std::os::unix::fs::symlink(configs, directory.path().join("configs")).expect("a link");
    let steps = steps();
    for name in ["init", "check", "tune", "validate", "report", "export", "sensitivity"] {
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
    for study in ["classical", "motor"] {
        assert!(directory.path().join(format!("outputs/{study}/report.html")).exists(), "{study}");
    }
}

#[test]
fn a_line_that_differs_in_more_than_its_numbers_is_found() {
    let shown = ["a  12.5 s", "…", "cost  1.2e-7", "b"].map(String::from);
    assert!(fits(&shown, &["a     9,000 s", "x", "cost  -3", "b"]));
    assert!(!fits(&shown, &["a  12.5 ms", "x", "cost  3", "b"]) && !fits(&shown, &["a  1 s", "b"]));
    assert_ne!(form("theta1 = 3"), form("theta2 = 3"), "a digit of a name is no number");
}
