//! `cargo xtask dist --check`: what was made is installed and run where nothing else is.
mod debian;
mod docker;
mod step;
mod unit;

use std::process::Command;

use anyhow::{Result, ensure};

use self::step::succeeds;
use super::made::Made;
use crate::exec;

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
