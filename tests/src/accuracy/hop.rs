//! The parts of a case that say what is built.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// "Too big" messages don't reach it.
    pub deaf: bool,
    /// Its device carries single segments.
    pub no_offloads: bool,
    /// Any other firewall.
    pub nft: Option<String>,
    /// Commands of `ip`, one a line, once everything is built.
    pub ip: Option<String>,
    /// Values below /proc/sys.
    pub sysctl: BTreeMap<String, String>,
}

/// A namespace that is plugged into another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// What the case calls it.
    pub name: String,
    /// What it is plugged into; without it the hop above, or the server.
    pub into: Option<String>,
    /// How.
    #[serde(default)]
    pub by: Plug,
    /// MTU of its `eth0`.
    pub mtu: String,
    /// MTU of the other end.
    pub port: Option<String>,
    /// MTU of the bridge that the other end is a port of.
    pub bridge_mtu: Option<String>,
    /// That bridge's name.
    pub bridge: Option<String>,
    /// MTU of what carries a VLAN or a tunnel.
    pub underlay: Option<String>,
    /// Whose container it is.
    #[serde(default)]
    pub runtime: Runtime,
    /// It masquerades what leaves by `eth0`.
    #[serde(default)]
    pub masquerade: bool,
    /// It clamps the MSS of what it forwards to the route's MTU.
    #[serde(default)]
    pub clamp: bool,
    /// "Too big" messages don't reach it.
    #[serde(default)]
    pub deaf: bool,
    /// "Too big" messages don't pass it.
    #[serde(default)]
    pub mute: bool,
    /// Its `eth0` carries single segments.
    #[serde(default)]
    pub no_offloads: bool,
    /// The outer packets of its tunnel must not be cut.
    #[serde(default)]
    pub df: bool,
    /// The `mtu` of its default route.
    pub route_mtu: Option<String>,
    /// Any other firewall.
    pub nft: Option<String>,
    /// A bridge that nobody uses.
    pub idle_bridge: Option<String>,
    /// What user space does to packets between the two ends, or to those that carry the tunnel.
    pub wire: Option<Nature>,
    /// Commands of `ip`, one a line, once everything is built.
    pub ip: Option<String>,
    /// Values below /proc/sys.
    #[serde(default)]
    pub sysctl: BTreeMap<String, String>,
}

/// One more way between two namespaces: a TUN device at both ends, both with this name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tun {
    /// The devices' name.
    pub name: String,
    /// A hop; the second host of the network.
    pub from: String,
    /// Another one, or the server; the first host.
    pub to: String,
    /// MTU at `from`.
    pub mtu: String,
    /// MTU at `to`; without it the same.
    pub to_mtu: Option<String>,
    /// What happens between the two.
    #[serde(default)]
    pub wire: Nature,
}

/// What happens to packets where no kernel sees them; lengths are names of numbers, bytes at L3.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nature {
    /// What is longer dies.
    pub max: Option<String>,
    /// In this direction alone; `in` is towards the hop. Damage and the fate of fragments follow it too.
    pub only: Option<Way>,
    /// The number in the ICMP error that its sender gets; without it nobody is told.
    pub tells: Option<String>,
    /// Fragments but the first die.
    pub no_fragments: bool,
    /// The last byte of what is longer is changed.
    pub corrupt: Option<String>,
    /// So many of a hundred packets are lost.
    pub lose: Option<String>,
    /// One of so many packets is overtaken by the next.
    pub reorder: Option<String>,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Towards the hop.
    In,
    /// Towards the server.
    Out,
}

impl Nature {
    /// All names of numbers in it.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &String> {
        [&self.max, &self.tells, &self.corrupt, &self.lose, &self.reorder].into_iter().flatten()
    }
}

impl Hop {
    /// All names of numbers in it.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &String> {
        let optional = [&self.port, &self.bridge_mtu, &self.underlay, &self.route_mtu, &self.idle_bridge];
        let wire = self.wire.iter().flat_map(Nature::numbers);
        optional.into_iter().flatten().chain([&self.mtu]).chain(wire)
    }
}

/// How a namespace is plugged into another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plug {
    /// A veth pair, one end of it a port of a bridge.
    #[default]
    Bridge,
    /// A veth pair whose other end has the gateway's address.
    Veth,
    /// Tagged frames over a veth pair.
    Vlan,
    /// A tunnel over a veth pair.
    Vxlan,
    /// A share of the other's own `eth0`: a neighbour on the other's network.
    Macvlan,
    /// Likewise, with the same MAC address.
    Ipvlan,
    /// Frames that user space carries from TAP to TAP.
    Tap,
    /// Packets that user space carries from TUN to TUN.
    Tun,
}

/// Whose container a namespace is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// dockerd's.
    #[default]
    Docker,
    /// A pod of Kubernetes.
    Pod,
    /// None: a router, a node.
    None,
}
