//! Parse, run, exit code.
use std::process::ExitCode;

use clap::Parser;
use mtutrace::cli::Cli;
use mtutrace::commands::outcome::Failure;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries whose debug messages would bury ours at -v.
const QUIET: [&str; 5] = ["h2", "hyper", "hyper_util", "tonic", "tower"];

fn main() -> ExitCode {
    if let Some(code) = mtutrace::container_fs::serve_if_asked() {
        return code;
    }
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(|| mtutrace::output::stderr::Stderr)
        .with_max_level(if cli.is_verbose() { LevelFilter::DEBUG } else { LevelFilter::WARN })
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .finish()
        .with(QUIET.iter().fold(Targets::new().with_default(LevelFilter::TRACE), |all, target| {
            all.with_target(*target, LevelFilter::OFF)
        }))
        .init();
    match cli.run() {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            print_error(&failure);
            failure.code()
        }
    }
}

/// Prints to stderr; names from outside must not act on the terminal.
fn print_error(failure: &Failure) {
    for line in failure.to_string().lines() {
        eprintln!("mtutrace: {}", mtutrace::output::escape::escape(line));
    }
}
