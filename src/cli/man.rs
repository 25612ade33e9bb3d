//! `gainswarm man`: the manual, a page a command.

use std::path::PathBuf;

use clap_mangen::Man;

use super::{command, note};
use crate::{Error, report};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  gainswarm man ~/.local/share/man/man1 && man gainswarm-tune")]
pub(super) struct Args {
    /// The directory for the pages: gainswarm.1, gainswarm-tune.1 …
    directory: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    report::prepare_directory(&args.directory).map_err(elsewhere)?;
    let mut program = command().disable_help_subcommand(true);
    program.build();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    let source = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let page = |command: &clap::Command| Man::new(command.clone()).source(source);
    let pages: Vec<Man> = std::iter::once(&program).chain(commands).map(page).collect();
    for page in &pages {
        report::replace(&args.directory.join(page.get_filename()), |file| page.render(file))
            .map_err(elsewhere)?;
    }
    note(&format!("written to {}: {} pages", args.directory.display(), pages.len()));
    Ok(())
}

/// The remedy that this command has.
fn elsewhere(error: Error) -> Error {
    match error {
        Error::Write { path, reason, .. } => Error::Write { path, reason, remedy: "give another directory" },
        other => other,
    }
}
