//! `gainswarm completions`: what a shell needs to complete commands, options and names.

use clap_complete::Shell;

use super::{command, print};
use crate::Error;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm completions bash > ~/.local/share/bash-completion/completions/gainswarm
  gainswarm completions zsh > ~/.zfunc/_gainswarm
  gainswarm completions fish > ~/.config/fish/completions/gainswarm.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), env!("CARGO_PKG_NAME"), &mut script);
    print(&String::from_utf8_lossy(&script))
}
