//! `cargo xtask dist --check`: what was made is installed and run where nothing else is.
mod debian;
mod docker;
mod unit;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::Made;
use crate::exec;

/// What the checks keep from run to run.
fn cache() -> PathBuf {
    exec::target_dir().join("dist-check")
}

/// All checks, one after the other.
pub(super) fn check(made: &Made) -> Result<()> {
    ensure!(exec::is_root(), "--check mounts, changes root and starts containers: run it as root");
    succeeds(
        "its checksums",
        Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&made.dir),
    )?;
    unit::check(&made.binary.to_string_lossy())?;
    debian::check(made)?;
    docker::check(made)
}

/// Runs something short, shows what it is, and gives back its stdout; on failure says all that it said.
fn succeeds(what: &str, command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if !output.status.success() {
        bail!("{what}: {}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr));
    }
    println!("check: {what}: ok");
    Ok(text(&output.stdout))
}

/// The one of what was made whose name ends like this.
fn made<'a>(made: &'a Made, end: &str) -> Result<&'a Path> {
    let found = made.files.iter().find(|path| path.to_string_lossy().ends_with(end));
    found.map(PathBuf::as_path).with_context(|| format!("no {end} was made"))
}
