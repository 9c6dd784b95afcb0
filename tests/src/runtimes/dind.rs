//! Docker inside a container: how it is started and restarted, and the containers in it.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::image;
use super::machine::{Machine, SHARE, pid_of};
use super::programs::PATH;
use crate::lab::addresses::V4;
use crate::lab::netns::run;
use crate::lab::place::die_with_parent;
use crate::lab::traffic::Transfer;
use crate::lab::wait;

const START: Duration = Duration::from_secs(30);

/// Options of every dockerd of the lab: plain directories of memory, and cgroups that can be told from the machine's.
pub(super) fn options(machine: &Machine, parent: &str) -> String {
    format!(
        "--storage-driver=vfs --exec-opt=native.cgroupdriver=cgroupfs --cgroup-parent=/{}/{parent}",
        machine.prefix()
    )
}

/// The first process of the outer container: it runs dockerd with what /lab/dockerd says, and again when it ends.
pub(super) const SUPERVISOR: &str =
    "mount -t tmpfs lab /run && mount -t tmpfs lab /var/lib/docker && mount -o remount,rw /sys
while :; do sh -c \"exec $(cat /lab/dockerd)\" >>/run/log 2>&1 || sleep 1; done";

/// A container that runs Docker.
#[derive(Debug)]
pub struct Dind {
    machine: Machine,
    /// Its id.
    pub id: String,
    pid: u32,
}

/// A container in there.
#[derive(Debug)]
pub struct Inner {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Dind {
    /// What the container will need, before it starts.
    pub(super) fn prepare(machine: &Machine) -> Result<()> {
        // Its cgroups lie beside those of the node's Docker, as where it sees the host's hierarchy.
        let command = format!("dockerd {}", options(machine, "docker/nested"));
        Ok(std::fs::write(machine.path(&format!("{SHARE}/dockerd")), command)?)
    }

    /// Waits for Docker in a container that was started with [`SUPERVISOR`].
    pub(super) fn start(machine: Machine, id: String) -> Result<Self> {
        let pid = wait::until("the outer container's process", START, || Ok(pid_of(&id).ok()))?;
        let dind = Self { machine, id, pid };
        dind.await_docker("")?;
        dind.run("docker", &["import", "/lab/image.tar", image::NAME])?;
        Ok(dind)
    }

    /// The node that it runs on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The inner dockerd's process id in there, once it answers and is not `before`.
    fn await_docker(&self, before: &str) -> Result<String> {
        let up = wait::until("Docker inside the container", START, || {
            let pid = std::fs::read_to_string(self.path("/run/docker.pid")).unwrap_or_default();
            let new = !pid.is_empty() && pid != before;
            Ok((new && self.run("docker", &["version"]).is_ok()).then_some(pid))
        });
        up.with_context(|| std::fs::read_to_string(self.path("/run/log")).unwrap_or_default())
    }

    fn path(&self, path: &str) -> String {
        format!("/proc/{}/root{path}", self.pid)
    }

    /// A command with the container's files and network.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--net", "--target", &self.pid.to_string(), "--", program]);
        command.env("PATH", PATH).env_remove("DOCKER_HOST").env_remove("DOCKER_CONTEXT");
        die_with_parent(command.process_group(0));
        command
    }

    /// Runs a command in there to its end.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        run(self.command(program).args(args), None)
    }

    /// Starts a container in there, on `network`.
    pub fn container(&self, name: &str, network: &str) -> Result<Inner> {
        let line = format!(
            "docker run --detach --name {name} --network {network} --stop-signal KILL \
             --volume /usr:/usr:ro --volume /lab:/lab:ro {} sleep infinity",
            image::NAME
        );
        let id = self.run("sh", &["-c", &line]).context("the inner container")?;
        Ok(Inner { id: id.trim().to_owned(), name: name.to_owned() })
    }

    /// Starts a download of `bytes` in a container in there, as a package manager fetches its index.
    pub fn download(&self, inner: &Inner, bytes: usize, timeout: Duration) -> Result<Transfer> {
        let mut command = self.command("docker");
        command.args(["exec", &inner.name, "/lab/lab-traffic", "get"]);
        command.arg(format!("http://{}/{bytes}/APKINDEX.tar.gz", V4.server));
        Transfer::by(command.args(["--timeout", &timeout.as_secs_f64().to_string()]))
    }

    /// Restarts the inner dockerd with more options.
    pub fn restart(&self, more: &[&str]) -> Result<()> {
        let file = self.machine.path(&format!("{SHARE}/dockerd"));
        let line = std::fs::read_to_string(&file)?;
        std::fs::write(&file, [&[line.as_str()], more].concat().join(" "))?;
        let before = std::fs::read_to_string(self.path("/run/docker.pid"))?;
        let mut kill = Command::new("nsenter");
        kill.args(["--pid", "--target", &self.pid.to_string(), "--", "sh", "-c", "kill $0", &before]);
        run(&mut kill, None)?;
        self.await_docker(&before)?;
        Ok(())
    }
}
