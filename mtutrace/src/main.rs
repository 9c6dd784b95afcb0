//! Parse, run, exit code.
use std::process::ExitCode;

use clap::Parser;
use mtutrace::cli::Cli;
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
            mtutrace::output::stderr::say(&failure.to_string());
            failure.code()
        }
    }
}
