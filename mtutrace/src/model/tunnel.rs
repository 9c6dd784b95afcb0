//! What a tunnel puts around each packet, and where the result is sent.
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::netns::NetnsId;

/// A device that wraps packets and sends them through another one, as its kind and its options tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tunnel {
    /// Bytes that a packet grows by: outer IP header to inner Ethernet header. The least where it varies (Geneve's options).
    pub(crate) overhead: u32,
    /// Where it is sent; absent if that differs from packet to packet, or the kernel does not tell.
    pub(crate) remote: Option<IpAddr>,
    /// Address that it is sent from.
    pub(crate) local: Option<IpAddr>,
    /// Device that it is sent by, if it is bound to one.
    pub(crate) link: Option<u32>,
    /// UDP port of the other end.
    pub(crate) port: Option<u16>,
    /// The outer packet may be fragmented: IPv4 without DF.
    pub(crate) cuts: bool,
    /// Each packet's route says where it is sent, and brings its own MTU (collect metadata: OVS, Cilium); the device's
    /// own is then wide on purpose.
    pub(crate) external: bool,
    /// Number of the namespace that its underlay lives in, by the count of its own; absent when it is its own.
    pub(crate) nsid: Option<i32>,
    /// The same, found.
    pub(crate) netns: Option<NetnsId>,
}

/// By what the ends of a tunnel know each other's packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TunnelEnd {
    /// The driver (`IFLA_INFO_KIND`).
    pub(crate) kind: String,
    /// The number that it puts on what it sends: VNI or GRE key; 0 of kinds without one. In whatever byte order it has.
    pub(crate) sends: u32,
    /// The number of what it takes.
    pub(crate) takes: u32,
}
