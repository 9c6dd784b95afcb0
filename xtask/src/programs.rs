//! Test programs, as cargo builds them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::exec;

/// Two scenarios at a time: each is a node of its own, and more of them would wait for each other's packets. One where
/// classifiers are filters rather than links (before Linux 6.6): the tracer of one scenario would leave its filters in the
/// lab of the other.
pub(crate) fn at_a_time(has_tcx: bool) -> &'static str {
    if has_tcx { "--test-threads=2" } else { "--test-threads=1" }
}

/// The program that makes the traffic of the lab.
const HELPER: &str = "lab-traffic";

/// A test program.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The folder of its package, in which cargo runs tests.
    pub(crate) dir: PathBuf,
}

impl Program {
    /// The names of those of its tests that `args` choose.
    pub(crate) fn tests(&self, args: &[String]) -> Result<Vec<String>> {
        let mut list = Command::new(&self.path);
        list.args(["--list", "--format", "terse"]).args(args).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = list.output().with_context(|| self.path.display().to_string())?;
        if !output.status.success() {
            bail!("{} --list: {}", self.name, output.status);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

/// Scenarios, and [`HELPER`].
pub(crate) struct Scenarios {
    pub(crate) programs: Vec<Program>,
    pub(crate) helper: PathBuf,
}

/// Lets cargo build the scenarios, and asks it where they are.
pub(crate) fn scenarios() -> Result<Scenarios> {
    // Debug builds of the lab are quick to build, and speed is not what it measures.
    let (mut programs, helper) = build(&["--package", "mtutrace-tests", "--lib", "--tests"])?;
    // To cargo, `--tests` are the unit tests of programs as well; the lab's has none.
    programs.retain(|program| program.name != HELPER);
    Ok(Scenarios { programs, helper: helper.with_context(|| format!("cargo built no {HELPER}"))? })
}

/// Lets cargo build every unit test of the workspace.
pub(crate) fn units() -> Result<Vec<Program>> {
    Ok(build(&["--workspace", "--exclude", "mtutrace-tests", "--lib", "--bins"])?.0)
}

/// Builds test programs; also where [`HELPER`] is, if it was among what cargo built.
fn build(what: &[&str]) -> Result<(Vec<Program>, Option<PathBuf>)> {
    let mut build = exec::cargo("test");
    build.args(what).args(["--no-run", "--message-format=json-render-diagnostics"]);
    let output = build.stderr(Stdio::inherit()).output().context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("cargo test --no-run: {}", output.status);
    }
    let (mut programs, mut helper) = (Vec::new(), None);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let (Some(path), Some(name)) = (text(&message["executable"]), text(&message["target"]["name"]))
        else {
            continue;
        };
        let path = PathBuf::from(path);
        if message["profile"]["test"] == true {
            let manifest = text(&message["manifest_path"]).map(PathBuf::from).unwrap_or_default();
            let dir = manifest.parent().map(Path::to_owned).unwrap_or_default();
            programs.push(Program { name, path, dir });
        } else if name == HELPER {
            helper = Some(path);
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((programs, helper))
}
