//! `mtutrace bench`: its programs by themselves.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::lab::place::die_with_parent;
use crate::lab::tracer::binary;
use crate::lab::traffic::{await_line, spawn};

const PATIENCE: Duration = Duration::from_secs(180);

/// Its line.
pub(super) fn measure(rounds: u32, repeat: u32) -> Result<Value> {
    let mut command = Command::new(binary()?);
    command.args(["bench", "-o", "json", "--rounds", &rounds.to_string(), "--repeat", &repeat.to_string()]);
    die_with_parent(command.process_group(0));
    let (_process, lines) = spawn(&mut command)?;
    let line = await_line(&lines, "mtutrace bench", PATIENCE, |line| line.starts_with('{'))?;
    let line: Value = serde_json::from_str(&line).context("mtutrace bench writes JSON")?;
    ensure!(line["rows"].is_array() && line["programs"].is_array(), "an mtutrace of another version: {line}");
    Ok(line)
}
