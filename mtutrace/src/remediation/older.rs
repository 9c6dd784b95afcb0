//! What helps connections that are older than an MTU which fits: nothing but to end them.
use std::net::IpAddr;

use super::fix::{once, ranked};
use super::shell::{enter, quote};
use crate::model::{Fix, NetnsId, Node};

/// The remedies for connections of `netns` to `remote` that were made when the MTU was larger.
pub(crate) fn end(netns: NetnsId, remote: IpAddr, node: &Node) -> Vec<Fix> {
    let to = quote(&if remote.is_ipv4() { remote.to_string() } else { format!("[{remote}]") });
    ranked(vec![once(
        "on this node, as root",
        "ends its connections there, and new ones fit (where the kernel has no CONFIG_INET_DIAG_DESTROY: restart what holds them)",
        format!("{}ss -K dst {to}", enter(netns, node)),
    )])
}
