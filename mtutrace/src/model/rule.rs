//! A rule of policy routing (`ip rule`), as plain values.
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a rule says of the packets that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    /// Look in this table.
    Table(u32),
    /// Go on at the first rule of this priority or a larger one.
    Goto(u32),
    /// Go on.
    Nop,
    /// No way: blackhole, unreachable, prohibit.
    Refuse,
}

/// A rule, and which packets it is about (`struct fib_rule`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// Of IPv4, or of IPv6.
    pub(crate) v4: bool,
    /// The smallest comes first.
    pub(crate) priority: u32,
    /// Network of the source, and its bits.
    pub(crate) from: Option<(IpAddr, u8)>,
    /// Network of the destination.
    pub(crate) to: Option<(IpAddr, u8)>,
    /// Name of the device that the packet came in by; `lo` for those of the namespace itself.
    pub(crate) iif: Option<String>,
    /// It is about the others instead.
    pub(crate) invert: bool,
    /// It wants a mark, a TOS or a socket that is bound to a device: an ordinary packet has none.
    pub(crate) extraordinary: bool,
    /// The mark that it wants, and which bits of it.
    pub(crate) mark: Option<(u32, u32)>,
    /// It is about packets of a VRF, and leads to that one's table (l3mdev).
    pub(crate) l3mdev: bool,
    /// It wants what the model does not know: a user, ports, a protocol.
    pub(crate) unknown: bool,
    /// What is done.
    pub(crate) action: Action,
    /// Routes with so many bits or fewer are passed over (`suppress_prefixlength`).
    pub(crate) suppress: Option<u8>,
}

impl Rule {
    /// Whether ordinary packets are routed as it says; if not, there may be others that go another way.
    pub(crate) fn is_followed(&self) -> bool {
        !self.unknown && (!self.extraordinary || self.invert)
    }
}
