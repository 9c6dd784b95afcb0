//! A node for a runtime: a router in front of a server, with mounts and processes of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::image;
use super::programs::{self, PATH};
use super::trees::CgroupTrees;
use crate::lab::addresses::V4;
use crate::lab::netns::{NetNs, run};
use crate::lab::place::Place;
use crate::lab::process::Process;
use crate::lab::tracer::{Tracer, binary};
use crate::lab::traffic::{HttpServer, await_line, program, spawn};
use crate::lab::{name, nft, wait};

const START: Duration = Duration::from_secs(30);

/// The network of the outer container.
pub const POD_MTU: u32 = 1450;

/// Where the lab's own files are, in the mount namespace of the node.
pub(super) const SHARE: &str = "/run/lab";

/// What runtimes write goes to memory: /run and /var/lib are empty, /etc is a copy on write without their settings. Over
/// /usr lie the programs that the machine itself lacks (`$1`, if any), for the node and for every container that mounts it.
const MOUNTS: &str = "set -e
test -z \"$1\" || mount -t overlay -o lowerdir=\"$1\":/usr mtut-lab /usr
for dir in /run /var/lib; do mount -t tmpfs -o mode=755 mtut-lab $dir; done
mkdir -p /run/lab /run/etc/upper /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work mtut-lab /etc
rm -rf /etc/docker /etc/containerd /etc/cni /etc/resolv.conf
mkdir -p /etc/docker /etc/cni/net.d
: > /etc/resolv.conf
echo ready
exec sleep infinity";

/// The node, and the server that it is the way to. Fields are dropped in this order.
#[derive(Debug)]
pub struct Machine {
    daemon: Option<Process>,
    mounts: Process,
    _server_process: HttpServer,
    _cgroups: CgroupTrees,
    _server: NetNs,
    node: NetNs,
    prefix: String,
}

impl Machine {
    /// Builds it, without a runtime yet. "Fragmentation needed" doesn't reach the server: downloads stall.
    pub fn build() -> Result<Self> {
        let prefix = name::prefix();
        let (server, node) =
            (NetNs::create(&format!("{prefix}-server"))?, NetNs::create(&format!("{prefix}-node"))?);
        server.ip(&format!(
            "link add eth0 type veth peer name eth0 netns {}\naddress add {}/{} dev eth0\nlink set eth0 up",
            node.name(),
            V4.server,
            V4.server_bits
        ))?;
        node.ip(&format!(
            "address add {}/{} dev eth0\nlink set eth0 up\nroute add default via {}",
            V4.uplink, V4.server_bits, V4.server
        ))?;
        node.sysctl(V4.forwarding, "1")?;
        server.sysctl("net/ipv4/tcp_mtu_probing", "0")?;
        server.nft(&nft::drop_frag_needed("input"))?;
        let cgroups = CgroupTrees::named(&prefix);
        let server_process = HttpServer::listen(Place::host(&server), V4.any)?;
        let mut holder = Place::host(&node).command("unshare")?;
        holder
            .args(["--mount", "--propagation", "private", "--", "sh", "-c", MOUNTS, "sh"])
            .env("PATH", PATH);
        holder.arg(programs::tree().map(|tree| tree.join("usr")).unwrap_or_default());
        let (mounts, lines) = spawn(&mut holder)?;
        await_line(&lines, "mounts of the node", START, |line| line == "ready")?;
        let machine = Self {
            daemon: None,
            mounts,
            _server_process: server_process,
            _cgroups: cgroups,
            _server: server,
            node,
            prefix,
        };
        std::fs::copy(program()?, machine.path(&format!("{SHARE}/lab-traffic")))?;
        machine.run("sh", &image::recipe(SHARE)).context("the image of the lab")?;
        Ok(machine)
    }

    /// The first part of every name and cgroup of it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A path of the node, as seen from here.
    pub fn path(&self, path: &str) -> PathBuf {
        format!("/proc/{}/root{path}", self.mounts.pid()).into()
    }

    /// A command on the node: its network and mounts, but not its processes.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = Place::host(&self.node).command("nsenter")?;
        command.args(["--mount", "--target", &self.mounts.pid().to_string(), "--", program]);
        command.env("PATH", PATH).env_remove("DOCKER_HOST").env_remove("DOCKER_CONTEXT");
        Ok(command)
    }

    /// Runs a command on the node to its end; the error has its stderr, and the end of the runtime's log.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        run(self.command(program)?.args(args), None).with_context(|| self.log())
    }

    /// Starts the node's runtime, in a namespace of processes that ends with it.
    pub(super) fn start(&mut self, daemon: &str) -> Result<()> {
        let mut command = self.command("unshare")?;
        let script = format!("{daemon} >{SHARE}/log 2>&1 & wait");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", &script]);
        self.daemon = Some(Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()))?);
        Ok(())
    }

    /// Waits until the runtime does what `probe` asks of it.
    pub(super) fn await_daemon<T>(
        &mut self,
        what: &str,
        mut probe: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T> {
        let found = wait::until(what, START, || {
            if let Some(status) = self.daemon.as_mut().and_then(|daemon| daemon.ended().transpose()) {
                bail!("it ended: {:?}", status?);
            }
            Ok(probe(self))
        });
        found.with_context(|| self.log())
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.path(&format!("{SHARE}/log"))).unwrap_or_default();
        let lines = text.lines().collect::<Vec<_>>();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// Starts the tracer where the runtime's socket is.
    pub fn tracer(&self, args: &[&str]) -> Result<Tracer> {
        // Not by `command`: a tracer runs in the network namespace of the host.
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--target", &self.mounts.pid().to_string(), "--"]).arg(binary()?);
        Tracer::start_by(command, args)
    }

    /// What of a machine of that name is still there once its guards are gone; nothing, if it goes within a moment.
    pub fn remains(prefix: &str) -> Result<Vec<String>> {
        let mut left = Vec::new();
        // Whoever is killed is a zombie until its parent, which is killed as well, is gone.
        let gone = wait::until("the machine to be gone", wait::GIVE_UP, || {
            left = Self::traces(prefix)?;
            Ok(left.is_empty().then_some(()))
        });
        if left.is_empty() {
            gone?;
        }
        Ok(left)
    }

    fn traces(prefix: &str) -> Result<Vec<String>> {
        let mut found = crate::lab::leaks::namespaces(prefix)?;
        let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
        found.extend(mounts.lines().filter(|line| line.contains("mtut-lab")).map(str::to_owned));
        for process in std::fs::read_dir("/proc")? {
            let dir = process?.path();
            // Processes come and go while we look.
            let text = std::fs::read_to_string(dir.join("cgroup")).unwrap_or_default();
            if text.contains(prefix) {
                found.push(dir.display().to_string());
            }
        }
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup")? {
            let path = hierarchy?.path();
            let candidates = [path.join(prefix), path.with_file_name(prefix)];
            found.extend(candidates.iter().filter(|dir| dir.exists()).map(|dir| dir.display().to_string()));
        }
        Ok(found)
    }
}

/// The oldest process of a container, as this process knows it.
pub(super) fn pid_of(container: &str) -> Result<u32> {
    let mut pids = Vec::new();
    for process in std::fs::read_dir("/proc")? {
        let process = process?;
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let cgroup = std::fs::read_to_string(process.path().join("cgroup")).unwrap_or_default();
        if cgroup.lines().any(|line| line.ends_with(container)) {
            pids.push(pid);
        }
    }
    pids.into_iter().min().with_context(|| format!("no process of container {container}"))
}
