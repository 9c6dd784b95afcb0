//! Two nodes and a VXLAN between them, routed or as a port of their bridges, with a host behind each (IPv4).
//!
//! ```text
//! host A eth0 ── host node A vxlan0 ═ eth0 ── eth0 ═ vxlan0 node B host ── eth0 host B
//! ```

use anyhow::Result;

use super::bridged::bridge_netfilter;
use super::container::{self, Container};
use super::name;
use super::netns::NetNs;
use super::routed::{Family, await_datagram};

/// Bytes that VXLAN over IPv4 adds: Ethernet, VXLAN, UDP, IP (RFC 7348).
pub const OVERHEAD: u32 = 14 + 8 + 8 + 20;

/// What to build.
#[derive(Debug, Clone, Copy)]
pub struct VxlanSpec {
    /// MTU of what carries the tunnel, both ends.
    pub underlay: u32,
    /// MTU of the tunnel's devices and of the hosts.
    pub overlay: u32,
    /// `vxlan0` is a port of a bridge (else it is routed).
    pub bridged: bool,
    /// The outer packets have DF (`df set`).
    pub df: bool,
}

/// A built lab.
#[derive(Debug)]
pub struct Vxlan {
    /// The sender.
    pub a: Container,
    /// The receiver; nothing listens there.
    pub b: Container,
    /// What A is behind.
    pub node_a: NetNs,
    /// What B is behind.
    pub node_b: NetNs,
    spec: VxlanSpec,
}

impl Vxlan {
    /// Builds it, and waits until a small datagram has arrived.
    pub fn build(spec: VxlanSpec) -> Result<Self> {
        let prefix = name::prefix();
        let netns = |role: &str| NetNs::create(&format!("{prefix}-{role}"));
        let (a, b, node_a, node_b) = (netns("a")?, netns("b")?, netns("nodea")?, netns("nodeb")?);
        let mtu = spec.underlay;
        node_a.ip(&format!(
            "link add eth0 mtu {mtu} type veth peer name eth0 mtu {mtu} netns {}",
            node_b.name()
        ))?;
        for (node, host, own, other) in [(&node_a, &a, 1, 2), (&node_b, &b, 2, 1)] {
            wire(spec, node, host, own, other)?;
        }
        let address = |own| host_address(spec, own);
        let a = container::docker(a, &address(1))?;
        let b = container::docker(b, &address(2))?;
        let lab = Self { a, b, node_a, node_b, spec };
        await_datagram(&lab.a, &lab.b.netns, Family::V4, &lab.b_address())?;
        Ok(lab)
    }

    /// B's address.
    pub fn b_address(&self) -> String {
        host_address(self.spec, 2)
    }

    /// All of its namespaces.
    pub fn namespaces(&self) -> [&NetNs; 4] {
        [&self.a.netns, &self.node_a, &self.node_b, &self.b.netns]
    }
}

fn host_address(spec: VxlanSpec, own: u8) -> String {
    if spec.bridged { format!("10.3.0.{}", 10 + own) } else { format!("10.3.{own}.10") }
}

fn wire(spec: VxlanSpec, node: &NetNs, host: &NetNs, own: u8, other: u8) -> Result<()> {
    let (mtu, address) = (spec.overlay, host_address(spec, own));
    let df = if spec.df { "df set" } else { "" };
    node.sysctl("net/ipv4/ip_forward", "1")?;
    node.ip(&format!(
        "address add 192.0.2.{own}/24 dev eth0\nlink set eth0 up\n\
         link add host mtu {mtu} type veth peer name eth0 mtu {mtu} netns {}\n\
         link add vxlan0 mtu {mtu} type vxlan id 42 local 192.0.2.{own} remote 192.0.2.{other} dstport 4789 {df}",
        host.name()
    ))?;
    host.ip(&format!("address add {address}/24 dev eth0\nlink set eth0 up"))?;
    if spec.bridged {
        bridge_netfilter(node, false)?;
        node.ip(&format!(
            "link add br0 mtu {mtu} type bridge\nlink set br0 up\n\
             link set host master br0\nlink set vxlan0 master br0\nlink set host up\nlink set vxlan0 up"
        ))?;
    } else {
        node.ip(&format!(
            "address add 10.3.{own}.1/24 dev host\nlink set host up\n\
             address add 10.3.0.{own}/24 dev vxlan0\nlink set vxlan0 up\n\
             route add 10.3.{other}.0/24 via 10.3.0.{other}"
        ))?;
        host.ip(&format!("route add default via 10.3.{own}.1"))?;
    }
    Ok(())
}
