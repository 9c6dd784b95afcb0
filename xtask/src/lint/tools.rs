//! Programs that check what the compiler does not: licences and origins of dependencies, and spelling.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::wheel;
use crate::{exec, toolchain};

/// A program that cargo can install.
struct Tool {
    program: &'static str,
    package: &'static str,
    /// The newest that builds with the Rust that we ask for.
    version: &'static str,
    /// The project of PyPI whose wheels are this program, built: seconds instead of minutes.
    wheel: Option<&'static str>,
}

const DENY: Tool = Tool { program: "cargo-deny", package: "cargo-deny", version: "0.20.2", wheel: None };
const TYPOS: Tool = Tool { program: "typos", package: "typos-cli", version: "1.42.3", wheel: Some("typos") };

const DENY_SETTINGS: &str = ".cargo/deny.toml";
/// Cloning RustSec's database takes seconds, or never ends.
const FETCH: Duration = Duration::from_secs(60);
const INSTALL: Duration = Duration::from_secs(1200);

/// Licences, versions and origins of what each workspace depends on; known vulnerabilities where their list can be had.
pub(super) fn dependencies() -> Result<()> {
    let Some(deny) = DENY.find()? else { return Ok(()) };
    let mut fetch = command(&deny, Path::new("Cargo.toml"));
    let advisories =
        exec::with_progress(fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0"), FETCH).is_ok();
    if !advisories {
        println!("lint: vulnerabilities: not looked for, RustSec's database cannot be fetched here");
    }
    for manifest in ["Cargo.toml", "mtutrace-ebpf/Cargo.toml"] {
        let mut check = command(&deny, Path::new(manifest));
        check.args(["check", "--hide-inclusion-graph"]);
        if manifest != "Cargo.toml" {
            // What the smaller workspace happens not to use.
            check.args(["--allow", "license-not-encountered"]);
        }
        check.args(["licenses", "bans", "sources"]);
        exec::succeed(if advisories { check.arg("advisories") } else { &mut check })?;
    }
    Ok(())
}

fn command(deny: &Path, manifest: &Path) -> Command {
    let mut command = Command::new(deny);
    command.current_dir(exec::root()).arg("--manifest-path").arg(manifest).args(["--config", DENY_SETTINGS]);
    command
}

/// Words that are misspelt, in every file; .typos.toml has those that only look like it.
pub(super) fn spelling() -> Result<()> {
    let Some(typos) = TYPOS.find()? else { return Ok(()) };
    exec::succeed(Command::new(typos).current_dir(exec::root()))
}

impl Tool {
    /// Our own, else one on PATH, else one installed now; none where that fails, except in CI.
    fn find(&self) -> Result<Option<PathBuf>> {
        let tools = exec::target_dir().join("tools");
        let own = tools.join("bin").join(self.program);
        let found =
            std::iter::once(own.clone()).chain(toolchain::on_path(self.program)).find(|path| path.is_file());
        if found.is_some() {
            return Ok(found);
        }
        if let Some(wheel) = self.wheel {
            match wheel::install(wheel, self.version, self.program, &own) {
                Ok(()) => return Ok(Some(own)),
                Err(error) => println!("lint: {}: no wheel of {}: {error:#}", self.program, self.version),
            }
        }
        println!("lint: {}: none yet; building {}, two minutes", self.program, self.version);
        match self.install(&tools) {
            Ok(()) => Ok(Some(own)),
            Err(error) if std::env::var_os("CI").is_some() => Err(error),
            Err(error) => {
                println!("lint: {}: left out: {error:#}", self.program);
                Ok(None)
            }
        }
    }

    fn install(&self, tools: &Path) -> Result<()> {
        let mut install = exec::install(self.package, self.version, tools);
        let by_hand = format!("by hand: cargo install {} --version {} --locked", self.package, self.version);
        exec::with_progress(&mut install, INSTALL).context(by_hand)
    }
}
