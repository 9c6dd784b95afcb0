//! What helps connections that are older than an MTU which fits: nothing but to end them.
use std::net::IpAddr;

use super::fix::once;
use super::shell::{enter, quote};
use crate::model::{Fix, NetnsId, Node};

/// The remedy for connections of `netns` to `remote` that were made when the MTU was larger.
pub(crate) fn end(netns: NetnsId, remote: IpAddr, node: &Node) -> Fix {
    let to = quote(&if remote.is_ipv4() { remote.to_string() } else { format!("[{remote}]") });
    once(
        "on this node, as root",
        "ends its TCP connections to that address, and new ones fit (without CONFIG_INET_DIAG_DESTROY: restart what holds them)",
        format!("{}ss -t -K dst {to}", enter(netns, node)),
    )
}
