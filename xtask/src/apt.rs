//! Debian packages.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::exec;

const LIMIT: Duration = Duration::from_secs(900);

/// Installs packages; refreshes the lists only when they don't know one of them, or a download has gone stale.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !exec::installed("apt-get") {
        bail!("no apt-get here: install by hand what matches Debian's {}", packages.join(" "));
    }
    println!("  installing {} (apt-get)", packages.join(" "));
    let known = packages.iter().all(|package| has_candidate(package));
    if known && try_install(packages).is_ok() {
        return Ok(());
    }
    println!("  refreshing the package lists (apt-get update)");
    exec::with_progress(exec::as_root("apt-get").args(["update", "-q"]), LIMIT)?;
    try_install(packages)
        .with_context(|| format!("by hand: apt-get install --no-install-recommends {}", packages.join(" ")))
}

fn try_install(packages: &[&str]) -> Result<()> {
    // `env` because sudo drops variables, and a question would wait for ever behind a progress line.
    let mut command = exec::as_root("env");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]);
    // What somebody chose to have is not traded for what we would like.
    command.args(["--no-install-recommends", "--no-remove"]);
    exec::with_progress(command.args(packages), LIMIT)
}

/// Whether the lists name a version of the package that could be installed.
pub(crate) fn has_candidate(package: &str) -> bool {
    let output = exec::output("apt-cache", &["policy", package]);
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)"))
}
