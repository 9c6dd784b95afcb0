//! The founding incident: a container inside a pod, whose bridge nobody told about the pod's MTU.
//!
//! ```text
//! server eth0 ── eth0 node cni0 ── vethpod ── eth0 pod docker0 ── vethinner ── eth0 inner
//!        └ server MTU ┘    └──── pod MTU ────┘     └──────── inner MTU ────────┘
//! ```

use std::time::Duration;

use anyhow::{Context, Result};

use super::addresses::{Addresses, V4};
use super::cgroup::{random_id, random_uid};
use super::container::Container;
use super::netns::NetNs;
use super::place::Place;
use super::traffic::{HttpServer, Transfer};
use super::{name, nft, wait};

/// The address of the server that the downloads come from.
pub const SERVER: &str = V4.server;
const READY: Duration = Duration::from_secs(15);

/// What to build.
#[derive(Debug, Clone)]
pub struct IncidentSpec {
    /// MTU of docker0, its port, and the inner container.
    pub inner_mtu: u32,
    /// MTU of the pod and of the node's bridge.
    pub pod_mtu: u32,
    /// The inner container's cgroup lies below the pod's (else `docker/nested/<id>`).
    pub nested_cgroup: bool,
    /// Masquerade in the pod, as dockerd does (else the server knows a route back).
    pub nat: bool,
    /// Masquerade on the node as well.
    pub node_nat: bool,
    /// "Fragmentation needed" doesn't reach whoever sends the big packets.
    pub icmp_filtered: bool,
    /// IPv6 alone instead of IPv4 alone.
    pub ipv6: bool,
}

impl IncidentSpec {
    fn addresses(&self) -> &'static Addresses {
        Addresses::of(self.ipv6)
    }
}

impl Default for IncidentSpec {
    /// As in the story: 1500 behind 1450, NAT at both levels, ICMP lost.
    fn default() -> Self {
        Self {
            inner_mtu: 1500,
            pod_mtu: 1450,
            nested_cgroup: false,
            nat: true,
            node_nat: true,
            icmp_filtered: true,
            ipv6: false,
        }
    }
}

/// A built incident. Fields are dropped in this order: traffic, containers inside out, then the outside.
#[derive(Debug)]
pub struct Incident {
    _server_process: HttpServer,
    /// Containers that were added later.
    pub added: Vec<Container>,
    /// The container that suffers.
    pub inner: Container,
    /// The container that hosts it.
    pub pod: Container,
    /// The router in front of the pod.
    pub node: NetNs,
    /// Where downloads come from.
    pub server: NetNs,
    spec: IncidentSpec,
    prefix: String,
    pod_cgroup: String,
    ports: Vec<String>,
}

impl Incident {
    /// Builds it, and waits until a small download gets through.
    pub fn build(spec: IncidentSpec) -> Result<Self> {
        let prefix = name::prefix();
        let netns = |role: &str| NetNs::create(&format!("{prefix}-{role}"));
        let (server, node, pod, inner) = (netns("server")?, netns("node")?, netns("pod")?, netns("inner")?);
        wire(&spec, &server, &node, &pod, &inner)?;

        let addresses = spec.addresses();
        let pod_id = random_id()?;
        let pod_cgroup = format!("kubepods/besteffort/pod{}/{pod_id}", random_uid()?);
        let pod = Container::start(pod, &pod_cgroup, pod_id, addresses.pod.into())?;
        let inner_id = random_id()?;
        let path = inner_cgroup(&spec, &pod_cgroup, &inner_id);
        let inner = Container::start(inner, &path, inner_id, addresses.inner.into())?;
        let server_process = HttpServer::listen(Place::host(&server), addresses.any)?;
        let incident = Self {
            _server_process: server_process,
            added: Vec::new(),
            inner,
            pod,
            node,
            server,
            spec,
            prefix,
            pod_cgroup,
            ports: vec!["vethinner".into()],
        };
        incident.await_ready(&incident.inner)?;
        Ok(incident)
    }

    /// The MTUs and options it was built with.
    pub fn spec(&self) -> &IncidentSpec {
        &self.spec
    }

    /// What the names of its namespaces begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The address of each of its devices.
    pub fn addresses(&self) -> [&'static str; 6] {
        self.spec.addresses().all()
    }

    /// The address of a file of `bytes` bytes on the server.
    pub fn url(&self, bytes: usize) -> String {
        format!("http://{}/{bytes}", self.spec.addresses().url_host)
    }

    /// Starts a download in the inner container that fails after `timeout` without progress.
    pub fn download(&self, bytes: usize, timeout: Duration) -> Result<Transfer> {
        Transfer::get(self.inner.place(), &self.url(bytes), timeout)
    }

    /// Starts an upload from the inner container that fails after `timeout` without progress.
    pub fn upload(&self, bytes: usize, timeout: Duration) -> Result<Transfer> {
        Transfer::put(self.inner.place(), &self.url(0), bytes, timeout)
    }

    /// The one-line fix: the inner network gets the pod's MTU.
    pub fn apply_fix(&self) -> Result<()> {
        self.set_inner_mtu(self.spec.pod_mtu)
    }

    /// The inner network gets the MTU again that it was built with.
    pub fn undo_fix(&self) -> Result<()> {
        self.set_inner_mtu(self.spec.inner_mtu)
    }

    fn set_inner_mtu(&self, mtu: u32) -> Result<()> {
        let ports =
            self.ports.iter().map(|port| format!("link set dev {port} mtu {mtu}\n")).collect::<String>();
        self.pod.netns.ip(&format!("link set dev docker0 mtu {mtu}\n{ports}"))?;
        self.inner.netns.ip(&format!("link set dev eth0 mtu {mtu}"))?;
        Ok(())
    }

    /// Another inner container on a new bridge `br-…` of its own inside the pod, as a user-defined network gives
    /// (IPv4, like the neighbour below).
    pub fn add_late_container(&mut self) -> Result<&Container> {
        let number = self.added.len() + 1;
        let subnet = format!("172.{}.0", 17 + number);
        let bridge = format!("br-{}", &random_id()?[..12]);
        let mtu = self.spec.inner_mtu;
        self.pod.netns.ip(&format!(
            "link add {bridge} mtu {mtu} type bridge\naddress add {subnet}.1/16 dev {bridge}\nlink set {bridge} up"
        ))?;
        if !self.spec.nat {
            self.route_back(&format!("{subnet}.0/16"))?;
        }
        self.add_container(&bridge, &format!("vethlate{number}"), &subnet, 2)
    }

    /// A second container beside the inner one, on docker0.
    pub fn add_neighbour(&mut self) -> Result<&Container> {
        let number = self.added.len() + 1;
        let port = format!("vethbeside{number}");
        self.ports.push(port.clone());
        self.add_container("docker0", &port, "172.17.0", 2 + number)
    }

    /// Removes the last container that was added beside the inner one.
    pub fn remove_neighbour(&mut self) {
        self.ports.truncate(self.added.len());
        self.added.pop();
    }

    fn add_container(&mut self, bridge: &str, port: &str, subnet: &str, host: usize) -> Result<&Container> {
        // Where namespaces end by the thousand, the kernel takes a while to take the devices of one away (cleanup_net).
        let is_free = || Ok(self.pod.netns.ip(&format!("link show {port}")).is_err().then_some(()));
        wait::until("the port of the last one to be gone", Duration::from_secs(60), is_free)?;
        let netns = NetNs::create(&format!("{}-{port}", self.prefix))?;
        let address = format!("{subnet}.{host}");
        let gateway = format!("{subnet}.1");
        plug(
            (&self.pod.netns, bridge, port),
            (&netns, &format!("{address}/16")),
            &gateway,
            self.spec.inner_mtu,
        )?;
        let id = random_id()?;
        let path = inner_cgroup(&self.spec, &self.pod_cgroup, &id);
        self.added.push(Container::start(netns, &path, id, address)?);
        let container = self.added.last().context("just added")?;
        self.await_ready(container)?;
        Ok(container)
    }

    fn route_back(&self, subnet: &str) -> Result<()> {
        self.node.ip(&format!("route add {subnet} via {}", V4.pod))?;
        self.server.ip(&format!("route add {subnet} via 192.0.2.1"))?;
        Ok(())
    }

    fn await_ready(&self, container: &Container) -> Result<()> {
        let url = self.url(1);
        wait::until("the first answer of the lab's server", READY, || {
            let mut probe = Transfer::get(container.place(), &url, Duration::from_secs(2))?;
            Ok(probe.finish()?.complete.then_some(()))
        })
    }
}

fn inner_cgroup(spec: &IncidentSpec, pod_cgroup: &str, id: &str) -> String {
    if spec.nested_cgroup { format!("{pod_cgroup}/docker/{id}") } else { format!("docker/nested/{id}") }
}

/// Devices, addresses, routes and firewall of the four namespaces.
fn wire(spec: &IncidentSpec, server: &NetNs, node: &NetNs, pod: &NetNs, inner: &NetNs) -> Result<()> {
    let (wide, mtu, a) = (spec.inner_mtu.max(1500), spec.pod_mtu, spec.addresses());
    let (near, far, inside) = (a.server_bits, a.pod_bits, a.inner_bits);
    server.ip(&format!(
        "link add eth0 mtu {wide} type veth peer name eth0 mtu {wide} netns {}\n\
         address add {}/{near} dev eth0\nlink set eth0 up",
        node.name(),
        a.server
    ))?;
    node.ip(&format!(
        "address add {}/{near} dev eth0\nlink set eth0 up\n\
         link add cni0 mtu {mtu} type bridge\naddress add {}/{far} dev cni0\nlink set cni0 up",
        a.uplink, a.cni0
    ))?;
    plug((node, "cni0", "vethpod"), (pod, &format!("{}/{far}", a.pod)), a.cni0, mtu)?;
    pod.ip(&format!(
        "link add docker0 mtu {} type bridge\naddress add {}/{inside} dev docker0\nlink set docker0 up",
        spec.inner_mtu, a.docker0
    ))?;
    let guest = (inner, &*format!("{}/{inside}", a.inner));
    plug((pod, "docker0", "vethinner"), guest, a.docker0, spec.inner_mtu)?;
    for router in [node, pod] {
        router.sysctl(a.forwarding, "1")?;
    }
    for end in [server, inner] {
        // The kernel's own way round a black hole would end the incident.
        end.sysctl("net/ipv4/tcp_mtu_probing", "0")?;
        if spec.icmp_filtered {
            end.nft(&nft::drop_frag_needed("input"))?;
        }
    }
    if spec.nat {
        pod.nft(&nft::masquerade(a.nft_family))?;
    } else {
        node.ip(&format!("route add {} via {}", a.inner_subnet, a.pod))?;
        if !spec.node_nat {
            server.ip(&format!("route add {} via {}", a.inner_subnet, a.uplink))?;
        }
    }
    if spec.node_nat {
        node.nft(&nft::masquerade(a.nft_family))?;
    } else {
        server.ip(&format!("route add {} via {}", a.pod_subnet, a.uplink))?;
    }
    Ok(())
}

/// Connects a guest (its `eth0` with that address) to a port of a bridge, with a default route through `gateway`.
pub(super) fn plug(
    (host, bridge, port): (&NetNs, &str, &str),
    (guest, address): (&NetNs, &str),
    gateway: &str,
    mtu: u32,
) -> Result<()> {
    host.ip(&format!(
        "link add {port} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {}\n\
         link set {port} master {bridge}\nlink set {port} up",
        guest.name()
    ))?;
    guest
        .ip(&format!("address add {address} dev eth0\nlink set eth0 up\nroute add default via {gateway}"))?;
    Ok(())
}
