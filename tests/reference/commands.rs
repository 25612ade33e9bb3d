//! Commands and exit codes, from the definitions of the command line.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command};
use gainswarm::cli::{EXIT_CODES, command};

use super::pages::{code, hold, table};

/// An option or argument as it is written.
fn written(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default();
    let values: Vec<String> = values
        .iter()
        .map(|value| if arg.is_positional() { value.to_string() } else { format!("<{value}>") })
        .collect();
    let takes = arg.get_action().takes_values();
    let mut parts: Vec<String> = arg.get_short().map(|short| format!("-{short}")).into_iter().collect();
    parts.extend(arg.get_long().map(|long| format!("--{long}")));
    let mut text = parts.join(", ");
    if takes && !values.is_empty() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&values.join(" "));
    }
    let is_many = matches!(arg.get_action(), ArgAction::Append)
        || arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    if is_many && takes { format!("{text}…") } else { text }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let names: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| code(value.get_name()))
        .collect();
    // A switch takes the values true and false, which nobody writes.
    let names = if arg.get_action().takes_values() && !names.is_empty() {
        format!("; one of {}", names.join(", "))
    } else {
        String::new()
    };
    format!("{}{names}", help.trim().replace('<', "\\<"))
}

fn default(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
    if arg.get_action().takes_values() { values.join(", ") } else { String::new() }
}

fn section(of: &mut Command, name: &str) -> String {
    let mut text = format!(
        "## `{name}`\n\n{}\n\n",
        of.get_long_about().or(of.get_about()).map(ToString::to_string).unwrap_or_default()
    );
    let usage = of.render_usage().to_string();
    let _ = writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: ").trim());
    let shown = |arg: &&Arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let (arguments, options): (Vec<&Arg>, Vec<&Arg>) =
        of.get_arguments().filter(shown).partition(|arg| arg.is_positional());
    let rows: Vec<[String; 3]> = arguments
        .into_iter()
        .chain(options)
        .map(|arg| [code(&written(arg)), meaning(arg), default(arg)])
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(["argument or option", "meaning", "default"], rows));
    }
    if let Some(after) = of.get_after_long_help().or(of.get_after_help()) {
        let _ = writeln!(text, "```text\n{}\n```\n", after.to_string().trim());
    }
    text
}

#[test]
fn every_command_and_option_is_in_the_reference() {
    let mut program = command().disable_help_subcommand(true).term_width(100);
    program.build();
    let mut page = String::from(
        "# Commands\n\nWhat `gainswarm COMMAND --help` says. Results go to standard output, everything else to standard error; [exit codes](exit-codes.md) say how a command ended. `gainswarm man DIR` writes the same as manual pages.\n\n",
    );
    let names: Vec<String> = program.get_subcommands().map(|of| of.get_name().to_owned()).collect();
    let rows = program.get_subcommands().map(|of| {
        let about = of.get_about().map(ToString::to_string).unwrap_or_default();
        [format!("[`{0}`](#gainswarm-{0})", of.get_name()), about]
    });
    page.push_str(&table(["command", "what it does"], rows));
    for name in &names {
        let of = program.find_subcommand_mut(name).expect("a command");
        page.push_str(&section(of, &format!("gainswarm {name}")));
    }
    hold("reference/commands.md", &page);
    assert!(names.len() > 15, "{names:?}");
}

#[test]
fn every_exit_code_is_in_the_reference() {
    let mut page = String::from("# Exit codes\n\n");
    page.push_str(&table(
        ["code", "meaning"],
        EXIT_CODES.map(|(code, meaning)| [code.to_string(), meaning.into()]),
    ));
    page.push_str("An error is one or more lines on standard error: what was read and where, and below it what is allowed or what to do. After a signal that interrupts a run its checkpoint is written first; `--resume` goes on from there.\n");
    hold("reference/exit-codes.md", &page);
    for (code, signal) in [(129, "HUP"), (130, "INT"), (143, "TERM")] {
        assert!(EXIT_CODES.iter().any(|(known, _)| *known == code));
        // As a shell tells it: 128 and the number of the signal.
        let told = std::process::Command::new("sh").args(["-c", &format!("kill -l {}", code - 128)]).output();
        assert_eq!(String::from_utf8_lossy(&told.expect("a shell").stdout).trim(), signal);
    }
}
