//! Parse, run, exit code.
use std::process::ExitCode;

use clap::Parser;
use mtutrace::cli::Cli;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    if let Some(code) = mtutrace::container_fs::serve_if_asked() {
        return code;
    }
    let cli = Cli::parse();
    let (ours, theirs) = match cli.verbosity() {
        None => (LevelFilter::ERROR, LevelFilter::OFF),
        Some(0) => (LevelFilter::WARN, LevelFilter::OFF),
        Some(1) => (LevelFilter::DEBUG, LevelFilter::OFF),
        Some(_) => (LevelFilter::DEBUG, LevelFilter::DEBUG),
    };
    tracing_subscriber::fmt()
        .with_writer(|| mtutrace::output::stderr::Stderr)
        .with_max_level(ours)
        .with_ansi(cli.colours_messages())
        .with_target(false)
        .finish()
        .with(Targets::new().with_default(theirs).with_target("mtutrace", ours))
        .init();
    match cli.run() {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            mtutrace::output::stderr::say(&failure.to_string());
            failure.code()
        }
    }
}
