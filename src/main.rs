//! The binary: arguments → command → exit code.

use std::process::ExitCode;

use gainswarm::memory::Meter;

#[global_allocator]
static METER: Meter = Meter;

fn main() -> ExitCode {
    gainswarm::cli::main()
}
