//! The founding incident with neighbours on the node's bridge: a pod that means ill, with a container inside, and one that has
//! nothing to do with it.
//!
//! ```text
//! server ── node cni0 ┬── pod docker0 ── inner            (the victim)
//!                     ├── podA docker0 ── innA             (the attacker, with a Docker of its own)
//!                     └── podW                             (the innocent)
//! ```

use anyhow::Result;

use super::addresses::V4;
use super::cgroup::{random_id, random_uid};
use super::container::Container;
use super::incident::{Incident, IncidentSpec, plug};
use super::netns::NetNs;
use super::nft;
use super::process::Process;
use super::traffic::{START, await_line, program, spawn};

/// The address of the innocent pod.
pub const INNOCENT: &str = "10.42.0.110";

/// The laboratory. What is nested deepest is dropped first.
#[derive(Debug)]
pub struct Hostile {
    /// The attacker's container, inside of its pod.
    pub inside: Container,
    /// The attacker's pod.
    pub pod: Container,
    /// Who must not be blamed.
    pub innocent: Container,
    /// The victim: a download in its inner container stalls.
    pub victim: Incident,
}

impl Hostile {
    /// Builds it.
    pub fn build() -> Result<Self> {
        let victim = Incident::build(IncidentSpec::default())?;
        let netns = |role: &str| NetNs::create(&format!("{}-{role}", victim.prefix()));
        let (pod, inside, innocent) = (netns("poda")?, netns("inna")?, netns("podw")?);
        let mtu = victim.spec().pod_mtu;
        let on_cni0 = |netns: &NetNs, port: &str, address: &str| {
            plug((&victim.node, "cni0", port), (netns, &format!("{address}/24")), V4.cni0, mtu)
        };
        on_cni0(&pod, "vetha", "10.42.0.109")?;
        on_cni0(&innocent, "vethw", INNOCENT)?;
        pod.ip(&format!(
            "link add docker0 mtu 1500 type bridge\naddress add {}/16 dev docker0\nlink set docker0 up",
            V4.docker0
        ))?;
        plug((&pod, "docker0", "vethinna"), (&inside, &format!("{}/16", V4.inner)), V4.docker0, 1500)?;
        pod.sysctl(V4.forwarding, "1")?;
        pod.nft(&nft::masquerade(V4.nft_family))?;

        let started = |netns, address: &str| {
            let id = random_id()?;
            let path = format!("kubepods/besteffort/pod{}/{id}", random_uid()?);
            Container::start(netns, &path, id, address.to_owned())
        };
        let pod = started(pod, "10.42.0.109")?;
        let innocent = started(innocent, INNOCENT)?;
        let id = random_id()?;
        let inside = Container::start(inside, &format!("docker/nested/{id}"), id, V4.inner.to_owned())?;
        Ok(Self { inside, pod, innocent, victim })
    }

    /// Begins an attack by one of the containers, which goes on until it is dropped.
    pub fn attack(&self, by: &Container, kind: &str, to: &str, options: &[&str]) -> Result<Process> {
        let mut command = by.command(program()?.to_str().unwrap_or_default())?;
        command.args(["attack", kind, to]).args(options);
        let (process, lines) = spawn(&mut command)?;
        await_line(&lines, kind, START, |line| line == "ready")?;
        Ok(process)
    }
}
