//! What is made from the definitions of the command line: completions, manual, suggestions.

use std::process::{Command, Output, Stdio};

use crate::support::{gainswarm, stderr, stdout};

/// The commands that the help shows.
fn commands() -> Vec<String> {
    let help = stdout(&gainswarm(&["--help"]));
    let (_, list) = help.split_once("Commands:\n").expect("commands");
    let names = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split(' ').nth(2));
    let names: Vec<String> =
        names.filter(|name| !name.is_empty() && *name != "help").map(Into::into).collect();
    for known in ["tune", "check", "init", "export", "completions", "man", "ask-tell"] {
        assert!(names.iter().any(|name| name == known), "{known} in {names:?}");
    }
    names
}

/// The long options that a help shows.
fn options(help: &str) -> Vec<&str> {
    let words = help.lines().filter(|line| line.starts_with("  ")).flat_map(str::split_whitespace);
    words.filter(|word| word.starts_with("--") && word.len() > 2).collect()
}

#[test]
fn the_completions_of_bash_are_a_script_that_knows_every_command() {
    let run = gainswarm(&["completions", "bash"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let script = stdout(&run);
    for name in commands() {
        assert!(script.contains(&format!("gainswarm,{name})")), "{name}");
    }
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash");
    std::io::Write::write_all(&mut bash.stdin.take().expect("a pipe"), script.as_bytes()).expect("read");
    assert!(bash.wait().expect("an end").success());
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&gainswarm(&["completions", shell])).contains("tune"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_a_command_that_names_its_options() {
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("man1");
    let run = gainswarm(&["man", pages.to_str().expect("UTF-8")]);
    assert!(run.status.success() && stdout(&run).is_empty(), "{}", stderr(&run));
    let page = |name: &str| {
        let text = std::fs::read_to_string(pages.join(name)).expect("a page");
        assert!(text.starts_with(".ie ") || text.starts_with(".TH "), "{text}");
        text.replace("\\-", "-")
    };
    let program = page("gainswarm.1");
    let names = commands();
    assert_eq!(std::fs::read_dir(&pages).expect("pages").count(), names.len() + 1);
    for name in names {
        assert!(program.contains(&format!("gainswarm-{name}(1)")), "{name}");
        let text = page(&format!("gainswarm-{name}.1"));
        let help = stdout(&gainswarm(&[&name, "--help"]));
        let (_, rest) = help.split_once("Options:\n").expect("options");
        // What follows a line that is not indented is examples.
        let listed = rest.split_once("\n\nExample").map_or(rest, |(listed, _)| listed);
        for option in options(listed) {
            assert!(text.contains(option.trim_end_matches([',', '`', ')', ';'])), "{option} in {text}");
        }
        assert!(text.contains("gainswarm 0.") && text.contains("--help"), "{text}");
    }
    let run = gainswarm(&["man", pages.join("gainswarm.1/below").to_str().expect("UTF-8")]);
    assert!(
        run.status.code() == Some(1) && stderr(&run).contains("give another directory"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn a_misspelt_command_controller_or_format_is_refused_with_the_name_that_was_meant() {
    let refused = |run: Output, meant: &str| {
        assert_eq!(run.status.code(), Some(2));
        assert!(stderr(&run).contains(&format!("'{meant}'")), "{}", stderr(&run));
        assert!(stderr(&run).contains("similar"), "{}", stderr(&run));
    };
    refused(gainswarm(&["exprot", "outputs"]), "export");
    refused(gainswarm(&["audit", "--controllers", "clasical"]), "classical");
    let run = gainswarm(&["init", "--controller", "clasical"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("(did you mean `classical`?)"), "{}", stderr(&run));
    refused(gainswarm(&["export", "outputs", "--format", "pyton"]), "python");
    refused(gainswarm(&["completions", "bsh"]), "bash");
}

#[test]
fn a_negative_number_is_answered_by_the_option_that_it_was_given_to() {
    // The placeholders of options that take numbers.
    let numeric = [
        "<N>",
        "<BYTES>",
        "<DURATION>",
        "<FACTOR>",
        "<RATE>",
        "<MS>",
        "<PERCENT>",
        "<NUMBERS>",
        "<S>",
        "<SHARE>",
    ];
    let mut count = 0;
    for name in commands() {
        let help = stdout(&gainswarm(&[&name, "--help"]));
        let words: Vec<&str> = help.split_whitespace().collect();
        let pairs = words.windows(2).filter(|pair| pair[0].starts_with("--") && numeric.contains(&pair[1]));
        for pair in pairs {
            count += 1;
            let run = gainswarm(&[&name, pair[0], "-1"]);
            let said = stderr(&run);
            assert!(run.status.code() == Some(2) && !said.contains("unexpected argument"), "{name} {said}");
        }
    }
    assert!(count > 20, "{count} options");
}
