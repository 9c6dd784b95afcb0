//! What the scenarios have in common: a download that stalls, what is said of it, and its end.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::dind::{Dind, Inner};
use super::machine::POD_MTU;
use crate::check::is_verdict;
use crate::lab::netns::run;
use crate::lab::tracer::Tracer;

/// As large as Alpine's index of packages.
const INDEX: usize = 400_000;
const SOON: Duration = Duration::from_secs(30);

/// A stalled download and the verdict about it.
#[derive(Debug)]
pub struct Incident {
    /// The verdict.
    pub verdict: Value,
    tracer: Tracer,
}

impl Incident {
    /// Downloads in a container until the tracer calls it a black hole; checks what all scenarios have in common.
    pub fn stall(dind: &Dind, inner: &Inner) -> Result<Self> {
        ensure!(dind.download(inner, 1, SOON)?.finish()?.complete, "not even a small file came");
        let mut tracer = dind.machine().tracer(&["--duration", "120s"])?;
        let mut download = dind.download(inner, INDEX, Duration::from_secs(3))?;
        download.wait_for_stall()?;
        let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &inner.id);
        let verdict = tracer.wait_for("pmtu_blackhole about the inner container", SOON, wanted)?;
        ensure!(verdict["active"] == true && verdict["severity"] == "critical", "{verdict}");
        ensure!(verdict["culprit"]["mtu"] == 1500, "{verdict}");
        ensure!(verdict["bottleneck"]["mtu"] == POD_MTU, "{verdict}");
        ensure!(!download.finish()?.complete, "it came after all");
        Ok(Self { verdict, tracer })
    }

    /// The command of one of the fixes.
    pub fn fix(&self, number: usize) -> String {
        self.verdict["fix"][number]["command"].as_str().unwrap_or_default().to_owned()
    }

    /// Runs the command that helps a running container, on the node, and downloads anew: it flows, and the verdict ends.
    pub fn relieve(&mut self, dind: &Dind, inner: &Inner) -> Result<()> {
        let fixes = self.verdict["fix"].as_array().into_iter().flatten();
        let commands = fixes.filter_map(|fix| fix["command"].as_str());
        let command = { commands }.find(|command| command.contains("ip link set")).context("no relief")?;
        run(Command::new("sh").args(["-c", command]), None)?;
        flows(dind, inner)?;
        self.ends()
    }

    /// Waits until the verdict is not active any more.
    pub fn ends(&mut self) -> Result<()> {
        let id = self.verdict["container"]["id"].clone();
        let ended = |line: &Value| {
            line["kind"] == "verdict" && line["container"]["id"] == id && line["active"] == false
        };
        self.tracer.wait_for("the end of the verdict", SOON, ended)?;
        Ok(())
    }

    /// Ends the run; whether it never judged that container.
    pub fn stays_silent_about(self, inner: &Inner) -> Result<bool> {
        let end = self.tracer.interrupt()?;
        Ok(end.of_kind("verdict").iter().all(|verdict| verdict["container"]["id"] != inner.id.as_str()))
    }
}

/// Downloads to the end in a container.
pub fn flows(dind: &Dind, inner: &Inner) -> Result<()> {
    let outcome = dind.download(inner, INDEX, Duration::from_secs(5))?.finish()?;
    ensure!(outcome.complete, "{outcome:?}: a new download must flow");
    Ok(())
}
