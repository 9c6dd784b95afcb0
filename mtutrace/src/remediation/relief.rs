//! What helps at once, for a container as it runs.
use super::{Facts, enter, fix, quote};
use crate::model::Fix;

/// A smaller device, and smaller promises of everything that goes through the bottleneck's namespace.
pub(super) fn at_once(facts: &Facts<'_>) -> Vec<Fix> {
    let (m, node, mtu) = (facts.m, facts.node, facts.mtu);
    let mut fixes = Vec::new();
    if let Some(own) = m.path.first() {
        fixes.push(fix(
            "on this node, as root",
            "relief at once, until the container is made anew: connections made from now on fit",
            format!("{}ip link set dev {} mtu {mtu}", enter(facts.netns, node), quote(&own.interface)),
        ));
    }
    if m.bottleneck.netns != facts.netns {
        let inside = enter(m.bottleneck.netns, node);
        let nft = "nft 'add table inet mtu_relief; add chain inet mtu_relief forward { type filter hook forward priority 0; }; \
                   add rule inet mtu_relief forward tcp flags syn tcp option maxseg size set rt mtu'";
        fixes.push(fix(
            "on this node, as root",
            "relief at once for everything that goes through there: clamp the MSS of new connections (undo: nft delete table inet mtu_relief)",
            format!("{inside}{nft}"),
        ));
        fixes.push(fix(
            "on this node, as root",
            "the same for IPv4 without nft (undo: -D instead of -A; ip6tables for IPv6)",
            format!(
                "{inside}iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
            ),
        ));
    }
    fixes
}
