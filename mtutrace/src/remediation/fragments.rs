//! What helps where fragments are lost, or many.
use std::net::IpAddr;

use super::fix::{now, permanent};
use super::shell::enter;
use crate::model::describe::owner;
use crate::model::{Fix, Flow, Hop, NetnsId, Node};

/// Every IPv6 link carries this (RFC 8200 §5), and hardly any of IPv4 less.
const SAFE_MTU: u32 = 1280;

/// The remedies for datagrams of which fragments are lost: `filtered` are the namespaces whose firewalls drop some, `flow` is
/// one of them.
pub(crate) fn whole_datagrams(
    netns: NetnsId,
    filtered: impl Iterator<Item = NetnsId>,
    flow: Option<Flow>,
    path: &[Hop],
    node: &Node,
) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for at in filtered {
        fixes.push(now(
            &format!("in {}, whose firewall drops them, as root", owner(at, node)),
            "reassemble datagrams before its rules look at them, as connection tracking does (undo: nft delete \
             table inet mtu_defrag)",
            format!(
                "{}nft 'add table inet mtu_defrag; add chain inet mtu_defrag early {{ type filter hook prerouting priority -300; }}; \
                 add rule inet mtu_defrag early ct state new counter'",
                enter(at, node)
            ),
        ));
    }
    let mtu = path.first().map_or(SAFE_MTU, |own| own.mtu);
    if let Some(flow) = flow {
        fixes.extend(smaller_datagrams(netns, mtu, flow.dst.ip(), node));
    }
    fixes
}

/// The remedies for a sender of datagrams that must be fragmented.
pub(crate) fn smaller_datagrams(netns: NetnsId, mtu: u32, to: IpAddr, node: &Node) -> Vec<Fix> {
    let payload = mtu.saturating_sub(if to.is_ipv4() { 28 } else { 48 });
    vec![permanent(
        "in the application that sends them",
        &format!(
            "send at most {payload} bytes per datagram; this command shows whether that much arrives in one piece"
        ),
        format!("{}ping -c 3 -M do -s {payload} {to}", enter(netns, node)),
    )]
}
