//! `cargo xtask accuracy`: every fault and every healthy look-alike of tests/accuracy, and what mtutrace says of them.

use anyhow::{Result, ensure};
use mtutrace_tests::accuracy;
use mtutrace_tests::lab::wait;

use crate::as_root;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Draw the numbers of an earlier run again
    #[arg(long)]
    seed: Option<u64>,
    /// Only cases whose names contain one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Runs the suite as root; the exit code is 1 if any case is wrong.
pub(crate) fn accuracy(options: &Options) -> Result<u8> {
    as_root::with_the_binary()?;
    as_root::clean_up_on_signals();
    let mut cases = accuracy::cases()?;
    let wanted =
        |name: &str| options.names.is_empty() || options.names.iter().any(|part| name.contains(part));
    cases.retain(|case| wanted(&case.name));
    ensure!(!cases.is_empty(), "no case of tests/accuracy has such a name");
    let seed = options.seed.unwrap_or_else(accuracy::random_seed);
    println!("{} cases, seed {seed}", cases.len());
    let report = accuracy::run(cases, seed, |one| {
        let state = if one.wrong.is_empty() { "ok   " } else { "WRONG" };
        println!("{state} {} ({}): {}", one.name, one.numbers, one.got);
    });
    if wait::interrupted() {
        eprintln!("\nInterrupted; nothing is left on this machine.");
        return Ok(130);
    }
    let report = report?;
    println!("\n{report}");
    Ok(u8::from(report.wrong().next().is_some()))
}
