//! The image under Docker, with the rights that the DaemonSet has: it finds the incident of the laboratory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mtutrace_tests::check::is_verdict;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::wait;
use mtutrace_tests::runtimes::programs;
use serde_json::Value;

use super::step::{cache, succeeds};
use crate::dist::made::Made;
use crate::dist::manifest;
use crate::exec;
use crate::setup::runtimes;

const READY: Duration = Duration::from_secs(60);
const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(60);
/// The run ends by itself if nothing is found.
const DURATION: &str = "--duration=60s";
/// As docs/CI.md has it.
const MAP: [&str; 5] = [
    "--pid=host",
    "--cap-drop=ALL",
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=apparmor=unconfined",
];
const NAME: &str = "mtutrace-check";

/// A Docker of our own, without a network, that leaves nothing behind.
struct Docker {
    daemon: Process,
    dir: PathBuf,
}

impl Docker {
    fn start() -> Result<Self> {
        runtimes::fetch(&exec::tools_dir())?;
        let dir = cache().join(format!("docker-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let path = |name: &str| dir.join(name);
        let log = fs::File::create(path("log"))?;
        let mut command = programs::command("dockerd");
        command.arg("--data-root").arg(path("data")).arg("--exec-root").arg(path("exec"));
        command.arg("--pidfile").arg(path("pid")).arg("--host").arg(socket(&dir));
        // No bridge, no rule of a firewall: nothing of this machine changes.
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut docker = Self { daemon: Process::spawn(&mut command)?, dir };
        let ready = wait::until("dockerd", READY, || match docker.daemon.ended()? {
            Some(status) => bail!("dockerd ended: {status}"),
            None => {
                let answers = docker.command(&["version"]).output()?.status.success();
                Ok(answers.then_some(()))
            }
        });
        ready.with_context(|| fs::read_to_string(docker.dir.join("log")).unwrap_or_default())?;
        Ok(docker)
    }

    /// Debian 12's Docker is older than two of the capabilities; both are in CAP_SYS_ADMIN, so nothing is lost.
    fn knows(&self, option: &str, image: &str) -> bool {
        if !["--cap-add=BPF", "--cap-add=PERFMON"].contains(&option) {
            return true;
        }
        let output = self.command(&["run", "--rm", option, image, "--version"]).output();
        let unknown = output.is_ok_and(|o| String::from_utf8_lossy(&o.stderr).contains("unknown capability"));
        if unknown {
            println!("check: this Docker does not know {option}; CAP_SYS_ADMIN includes it");
        }
        !unknown
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = programs::command("docker");
        command.arg("--host").arg(socket(&self.dir)).args(args);
        command
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let _none_is_left = self.command(&["rm", "--force", NAME]).output();
        // It ends its containerd too, if it gets the time.
        if self.daemon.signal(libc::SIGTERM).is_ok() {
            let _killed_then = self.daemon.wait("dockerd to end", READY);
        }
        if let Err(e) = fs::remove_dir_all(&self.dir) {
            eprintln!("check: {} is left: {e}", self.dir.display());
        }
    }
}

fn socket(dir: &Path) -> String {
    format!("unix://{}", dir.join("socket").display())
}

/// Loads the image and runs it.
pub(super) fn check(what: &Made) -> Result<()> {
    exec::succeed(exec::cargo("build").args(["--quiet", "--package", "mtutrace-tests", "--bins"]))?;
    let docker = Docker::start()?;
    let archive = what.file(".oci.tar")?.to_string_lossy().into_owned();
    succeeds("docker load", &mut docker.command(&["load", "--quiet", "--input", &archive]))?;
    let image = what.release.image();
    succeeds(
        "the image without any right",
        &mut docker.command(&["run", "--rm", "--cap-drop=ALL", &image, "--version"]),
    )?;

    let lab = Incident::build(IncidentSpec::default())?;
    let daemonset = manifest::daemonset()?;
    let mut options = manifest::docker_options(&daemonset)?;
    options.retain(|option| docker.knows(option, &image));
    println!("check: docker run {} {image} {}", options.join(" "), manifest::arguments(&daemonset).join(" "));
    let mut run = docker.command(&["run", "--rm", "--name", NAME]);
    run.args(options).arg(&image).args(manifest::arguments(&daemonset)).arg(DURATION);
    let mut process = Process::spawn(run.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut lines = BufReader::new(process.take_stdout().context("stdout is piped")?).lines();
    let mut parse =
        || lines.next().map(|line| Ok::<Value, anyhow::Error>(serde_json::from_str(&line?)?)).transpose();
    let status = parse()?.context("it ended at once")?;
    println!("check: {}", hooks(&status));
    let _download = lab.download(BIG, STALLED)?;
    let verdict = loop {
        let line = parse()?.context("it ended without a verdict about the container of the laboratory")?;
        if is_verdict(&line, "pmtu_blackhole", &lab.inner.id) {
            break line;
        }
    };
    println!("check: the image, with the rights of the DaemonSet, says: {}", verdict["summary"]);
    succeeds("docker stop", &mut docker.command(&["stop", NAME]))?;

    let mut map = docker.command(&["run", "--rm"]);
    map.args(MAP).args([&image, "map", "--container", &lab.inner.id]);
    let output = map.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1) && said.contains("should be"), "{map:?}: {output:?}");
    println!("check: mtutrace map, with the rights of docs/CI.md: exit code 1, as it must");
    Ok(())
}

/// How many hooks turned out how.
fn hooks(status: &Value) -> String {
    let hooks = status["hooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |state: &str| hooks.iter().filter(|hook| hook["state"] == state).count();
    let states = ["attached", "fallback", "spare", "missing"];
    format!("hooks: {}", states.map(|state| format!("{} {state}", count(state))).join(", "))
}
