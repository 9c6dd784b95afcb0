//! The unit of systemd, where there is one to ask.

use std::process::Command;

use anyhow::{Result, ensure};

use super::step::{cache, succeeds};
use crate::exec;

/// Tenths of the exposure level that systemd may give it at most: 4.0 is the upper half of "OK".
const EXPOSURE: &str = "--threshold=40";

/// Every line is known to systemd, and it isn't let do more than before.
pub(super) fn check(binary: &str) -> Result<()> {
    if !exec::installed("systemd-analyze") {
        println!("check: no systemd-analyze here, so the unit is not looked at");
        return Ok(());
    }
    let text = std::fs::read_to_string(exec::root().join("deploy/systemd/mtutrace.service"))?;
    let file = cache().join("mtutrace.service");
    std::fs::create_dir_all(cache())?;
    std::fs::write(&file, text.replace("/usr/bin/mtutrace", binary))?;
    let output = Command::new("systemd-analyze").args(["--man=no", "verify"]).arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // What it doesn't know it ignores, with a warning and success.
    let about_it = said.lines().filter(|line| line.contains("mtutrace")).collect::<Vec<_>>();
    ensure!(about_it.is_empty(), "systemd-analyze verify: {about_it:?}");
    let mut security = Command::new("systemd-analyze");
    succeeds("systemd-analyze security", security.args(["security", "--offline=true", EXPOSURE]).arg(&file))
        .map(drop)
}
