//! Debian packages of this machine: installed, or unpacked beside it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::unpack;
use crate::exec;

const LIMIT: Duration = Duration::from_secs(900);

/// Installs the packages of those programs that are missing.
pub(crate) fn need(programs: &[(&str, &str)]) -> Result<()> {
    let missing = programs.iter().filter(|(program, _)| !exec::installed(program));
    let mut packages = missing.map(|(_, package)| *package).collect::<Vec<_>>();
    packages.dedup();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

/// Installs packages that start no service; refreshes the lists only when they don't know one of them, or a download has
/// gone stale.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !exec::installed("apt-get") {
        bail!("no apt-get here: install by hand what matches Debian's {}", packages.join(" "));
    }
    println!("  installing {} (apt-get)", packages.join(" "));
    with_fresh_lists(packages, || try_install(packages))
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

/// Unpacks packages, and whatever this machine lacks of what they need, into `into`, which exists only when everything
/// went well. Nothing is installed.
pub(crate) fn unpack(packages: &[&str], into: &Path) -> Result<()> {
    if let Some(missing) = ["apt-get", "apt-cache", "dpkg"].into_iter().find(|one| !exec::installed(one)) {
        bail!("no {missing} here to unpack {} with", packages.join(" "));
    }
    println!("  downloading {}", packages.join(" "));
    with_fresh_lists(packages, || unpack::unpack(program("apt-get"), &additions(packages)?, into))
}

/// Tries with the package lists at hand if they know the packages, else or after a failure with new ones.
fn with_fresh_lists(packages: &[&str], work: impl Fn() -> Result<()>) -> Result<()> {
    if packages.iter().all(|package| has_candidate(package)) && work().is_ok() {
        return Ok(());
    }
    refresh()?;
    work()
}

/// Asks the archives what is new.
fn refresh() -> Result<()> {
    println!("  refreshing the package lists (apt-get update)");
    exec::with_progress(exec::as_root("apt-get").args(["update", "-q"]), LIMIT)
}

/// What apt would install with these packages: themselves, and what this machine lacks of what they need. What apt would
/// remove does not matter to somebody who only unpacks.
fn additions(packages: &[&str]) -> Result<Vec<String>> {
    let mut simulate = program("apt-get");
    simulate.args(["install", "--simulate", "--no-install-recommends"]).args(packages).env("LC_ALL", "C");
    let output = simulate.output().context("apt-get install --simulate")?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "apt-get install --simulate {}: {complaint}", packages.join(" "));
    Ok(to_install(&String::from_utf8_lossy(&output.stdout)))
}

/// The packages of the lines `Inst NAME …`.
fn to_install(simulation: &str) -> Vec<String> {
    let names = simulation.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// One of apt's programs, for what needs no root.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    // The sandbox user may not look into a build folder.
    let user = if exec::is_root() { "root" } else { "_apt" };
    command.args(["-o", &format!("APT::Sandbox::User={user}")]);
    command
}

/// The first of the packages that the lists know a version of, after a refresh if they know none.
pub(crate) fn first_known<'a>(packages: &[&'a str]) -> Option<&'a str> {
    let known = || packages.iter().copied().find(|package| has_candidate(package));
    known().or_else(|| refresh().ok().and_then(|()| known()))
}

/// Whether the lists name a version of the package that could be installed.
fn has_candidate(package: &str) -> bool {
    let output = exec::output("apt-cache", &["policy", package]);
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_added_counts() {
        let simulation = "Reading package lists...\nRemv qemu-utils [1:10.0]\n\
                          Inst libfdt1 (1.6.1-4+b1 Debian:12.14/oldstable [amd64])\n\
                          Inst libold [1.0] (1.1 Debian:12.14/oldstable [amd64])\nConf libfdt1 (1.6.1-4+b1)\n";
        assert_eq!(to_install(simulation), ["libfdt1", "libold"]);
    }
}
