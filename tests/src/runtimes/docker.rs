//! A dockerd on the node, and a container on a network of 1450 that runs Docker itself: a CI runner.

use anyhow::{Context, Result};

use super::dind::{Dind, options};
use super::image;
use super::machine::{Machine, POD_MTU, SHARE};

/// What a Docker in a container needs, short of `--privileged`, which asks for more than some machines have.
pub(super) const CAPABILITIES: [&str; 19] = [
    "SYS_ADMIN",
    "NET_ADMIN",
    "NET_RAW",
    "SYS_PTRACE",
    "SYS_CHROOT",
    "MKNOD",
    "SETUID",
    "SETGID",
    "SETPCAP",
    "SETFCAP",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SYS_MODULE",
    "AUDIT_WRITE",
    "NET_BIND_SERVICE",
    "DAC_READ_SEARCH",
];

/// The name of the outer container.
pub const OUTER: &str = "ci-runner-7";

/// Starts Docker, the container, and Docker inside it.
pub fn runner() -> Result<Dind> {
    let mut machine = Machine::build()?;
    machine.start(&format!("dockerd {}", options(&machine, "docker")))?;
    machine.await_daemon("Docker on the node", |m| m.run("docker", &["version"]).ok())?;
    machine.run("docker", &["import", &format!("{SHARE}/image.tar"), image::NAME])?;
    let mtu = format!("--opt=com.docker.network.driver.mtu={POD_MTU}");
    machine.run("docker", &["network", "create", &mtu, "pod-network"])?;

    let mut run = machine.command("docker")?;
    run.args(["run", "--detach", "--name", OUTER, "--network", "pod-network", "--stop-signal", "KILL"]);
    run.args(CAPABILITIES.map(|capability| format!("--cap-add={capability}")));
    run.args(["seccomp", "apparmor", "systempaths"].map(|what| format!("--security-opt={what}=unconfined")));
    run.args(["--device-cgroup-rule=a *:* rwm", "--cgroupns=host"]);
    let share = format!("{SHARE}:/lab:ro");
    let volumes = ["/sys/fs/cgroup:/sys/fs/cgroup:rw", "/usr:/usr:ro", &share];
    run.args(volumes.map(|volume| format!("--volume={volume}")));
    Dind::prepare(&machine)?;
    run.args([image::NAME, "sh", "-c", super::dind::SUPERVISOR]);
    let id = crate::lab::netns::run(&mut run, None).context("the outer container")?;
    Dind::start(machine, id.trim().to_owned())
}
