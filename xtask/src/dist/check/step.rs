//! One step of a check, and where checks keep what they need again.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::exec;

/// What the checks keep from run to run.
pub(super) fn cache() -> PathBuf {
    exec::target_dir().join("dist-check")
}

/// Runs something short, shows what it is, and gives back its stdout; on failure says all that it said.
pub(super) fn succeeds(what: &str, command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if !output.status.success() {
        bail!("{what}: {}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr));
    }
    println!("check: {what}: ok");
    Ok(text(&output.stdout))
}
