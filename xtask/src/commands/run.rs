//! `cargo xtask run`: from a fresh clone to a running trace.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::setup::{self, For};
use crate::{build, exec};

/// Sets up, builds, and becomes `mtutrace run`, so that signals and the exit code are its own.
pub(crate) fn run(args: &[String]) -> Result<u8> {
    setup::setup(For::Building)?;
    let binary = build::release()?;
    let mut command = exec::as_root(&binary);
    let error = command.arg("run").args(args).exec();
    Err(error).with_context(|| format!("cannot run {command:?}"))
}
