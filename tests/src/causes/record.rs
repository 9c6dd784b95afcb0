//! The line about a cause that whoever runs the scenarios collects into a table of kernels and causes.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Context, Result};

/// Says which hook saw a cause (or `-` and why none does): at the end of the file named by `MTUTRACE_CAUSES`, else on
/// stderr (on stdout it would come between a test's name and its result). The test harness captures only what the
/// print macros write, so this passes it.
pub fn record(name: &str, outcome: &str) -> Result<()> {
    line(&format!("@cause {name}\t{}\n", outcome.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Writes a line there.
pub(crate) fn line(line: &str) -> Result<()> {
    match std::env::var_os("MTUTRACE_CAUSES") {
        // One write, so that lines of tests side by side stay whole.
        Some(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| path.to_string_lossy().into_owned()),
        None => Ok(std::io::stderr().lock().write_all(line.as_bytes())?),
    }
}
