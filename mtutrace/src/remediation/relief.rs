//! What works at once, for a container as it runs.
use super::context::Context;
use super::fix::now;
use super::shell::{enter, quote};
use crate::model::Fix;

/// A smaller MTU, and a smaller advertised MSS of everything that goes through the bottleneck's namespace.
pub(super) fn at_once(context: &Context<'_>) -> Vec<Fix> {
    let (m, node, mtu) = (context.m, context.node, context.mtu);
    let mut fixes = Vec::new();
    if let Some(own) = m.path.first().filter(|own| own.mtu > mtu) {
        let set = |mtu: u32| {
            format!("{}ip link set dev {} mtu {mtu}", enter(context.netns, node), quote(&own.interface))
        };
        fixes.push(now(
            "on this node, as root",
            "works at once, for new connections; lost when the container is recreated",
            set(mtu),
            set(own.mtu),
        ));
    }
    if m.bottleneck.netns != context.netns {
        let inside = enter(m.bottleneck.netns, node);
        let iptables = |action: &str| {
            format!(
                "{inside}iptables -t mangle {action} FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
            )
        };
        let nft = "nft 'add table inet mtu_relief; add chain inet mtu_relief forward { type filter hook forward priority 0; }; \
                   add rule inet mtu_relief forward tcp flags syn tcp option maxseg size set rt mtu'";
        fixes.push(now(
            "on this node, as root",
            "works at once, for new connections of everything routed there: clamp the MSS",
            format!("{inside}{nft}"),
            format!("{inside}nft delete table inet mtu_relief"),
        ));
        fixes.push(now(
            "on this node, as root",
            "the same for IPv4 without nft (ip6tables for IPv6)",
            iptables("-A"),
            iptables("-D"),
        ));
    }
    fixes
}
