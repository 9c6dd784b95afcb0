//! Network namespaces, devices, addresses and routes, as plain values.
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::netns::NetnsId;
use super::tunnel::Tunnel;

/// A device: its namespace and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DeviceId {
    /// Its namespace.
    pub(crate) netns: NetnsId,
    /// Its `ifindex` in that namespace.
    pub(crate) ifindex: u32,
}

/// Kind of a device (`IFLA_INFO_KIND`; `Physical` where the kernel gives none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinkKind {
    /// `lo`
    Loopback,
    /// A NIC, or a device whose kind the kernel does not tell.
    Physical,
    /// One end of a veth pair.
    Veth,
    /// A Linux bridge.
    Bridge,
    /// VXLAN.
    Vxlan,
    /// Geneve.
    Geneve,
    /// IPIP, SIT, GRE, ip6tnl and their like.
    IpTunnel,
    /// WireGuard.
    Wireguard,
    /// TUN or TAP.
    Tun,
    /// A VLAN on another device.
    Vlan,
    /// macvlan or macvtap.
    Macvlan,
    /// ipvlan.
    Ipvlan,
    /// Bond or team.
    Bond,
    /// Any other virtual device.
    #[serde(other)]
    Other,
}

/// A device and what MTU reasoning needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Index in its namespace.
    pub(crate) ifindex: u32,
    /// Name. It comes from outside: escape it before it is printed.
    pub(crate) name: String,
    /// MTU in bytes at L3.
    pub(crate) mtu: u32,
    /// Kind.
    pub(crate) kind: LinkKind,
    /// Whether packets carry an Ethernet header (`ARPHRD_ETHER`); false for tunnels of IP in IP, WireGuard, TUN.
    pub(crate) ethernet: bool,
    /// Administratively up.
    pub(crate) up: bool,
    /// Hardware address; empty if it has none.
    pub(crate) mac: Vec<u8>,
    /// Bridge, bond or VRF that it is a port of.
    pub(crate) master: Option<u32>,
    /// As the port of a bridge, whether the bridge learns which addresses are behind it (`IFLA_BRPORT_LEARNING`).
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub(crate) learning: bool,
    /// The other end of a veth, or the lower device of a VLAN, macvlan or ipvlan; absent when it cannot be found.
    pub(crate) peer: Option<DeviceId>,
    /// What it puts around packets, if it is a tunnel.
    pub(crate) tunnel: Option<Tunnel>,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_so(learning: &bool) -> bool {
    *learning
}

/// An address on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Device.
    pub(crate) ifindex: u32,
    /// Address.
    pub(crate) ip: IpAddr,
    /// Bits of its network.
    pub(crate) prefix: u8,
}

/// A path MTU that the kernel has learnt by ICMP for one destination (RFC 1191), bytes at L3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Learnt {
    /// Destination.
    pub(crate) destination: IpAddr,
    /// Path MTU in bytes at L3.
    pub(crate) mtu: u32,
}

/// A unicast route of the main table, or of another one that a rule leads to (the FIB's local table is
/// `Netns::addresses`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Route {
    /// Table.
    pub(crate) table: u32,
    /// Destination network.
    pub(crate) destination: IpAddr,
    /// Its bits; 0 for the default route.
    pub(crate) prefix: u8,
    /// Next hop; absent when the destination is on the link.
    pub(crate) gateway: Option<IpAddr>,
    /// Device.
    pub(crate) ifindex: u32,
    /// One of several next hops over which the kernel spreads connections; the others are routes of their own here.
    pub(crate) several: bool,
    /// `mtu` attribute (RTAX_MTU), bytes at L3.
    pub(crate) mtu: Option<u32>,
    /// `advmss` attribute (RTAX_ADVMSS): the MSS that connections by this route announce, bytes of TCP payload.
    pub(crate) advmss: Option<u32>,
    /// `src` attribute (RTA_PREFSRC): the address that packets by this route get if they have none yet.
    pub(crate) source: Option<IpAddr>,
    /// Priority: the smallest wins among equal prefixes.
    pub(crate) metric: u32,
}
