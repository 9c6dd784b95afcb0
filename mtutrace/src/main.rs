//! Parse, run, exit code.
use std::process::ExitCode;

use clap::Parser;
use mtutrace::cli::{Cli, Command};
use mtutrace::exit::Failure;
use mtutrace::{bench, doctor, map, run};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let verbose = matches!(&cli.command, Command::Run(args) if args.verbose);
    tracing_subscriber::fmt()
        .with_writer(|| mtutrace::output::stderr::Stderr)
        .with_max_level(if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN })
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
    let result = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Map(args) => map::map(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::Bench(args) => bench::bench(args),
    };
    match result {
        Ok(found) => found.code(),
        Err(failure) => {
            say(&failure);
            failure.code()
        }
    }
}

/// The error goes to stderr; names from outside in it must not act on the terminal.
fn say(failure: &Failure) {
    for line in failure.to_string().lines() {
        eprintln!("mtutrace: {}", mtutrace::output::escape::escape(line));
    }
}
