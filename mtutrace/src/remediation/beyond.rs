//! The commands to run where no number on this node is wrong. Nothing is executed.
use std::net::IpAddr;

use crate::diagnosis::external::Lost;
use crate::diagnosis::sack_holes::Standing;
use crate::model::describe::owner;
use crate::model::{Fix, Hop, NetnsId, Node};
use crate::remediation::{enter, fix, quote};

/// Every IPv6 link carries this (RFC 8200 §5), and hardly any of IPv4 less.
const SAFE_MTU: u32 = 1280;

/// For a container whose connections die of what is beyond this node.
pub fn beyond(hole: &Standing, path: &[Hop], node: &Node) -> Vec<Fix> {
    let netns = hole.socket.netns;
    // What came may have been small by chance.
    let mtu = hole.passes.max(SAFE_MTU).min(hole.full - 1);
    let headers = if hole.remote().is_ipv4() { 40 } else { 60 };
    // The last router of this node that the connection goes through, or the container itself.
    let routes = |at: &NetnsId| *at != netns && !node.has_address(*at, hole.remote());
    let router = path.iter().map(|hop| hop.netns).rfind(routes);
    let (at, hook) = router.map_or((netns, "output"), |router| (router, "forward"));
    let clamp = format!(
        "{}nft 'add table inet mtu_relief; add chain inet mtu_relief {hook} {{ type filter hook {hook} priority 0; }}; \
         add rule inet mtu_relief {hook} tcp flags syn tcp option maxseg size set {}'",
        enter(at, node),
        mtu - headers
    );
    let mut fixes = vec![fix(
        "on this node, as root",
        "clamp the MSS of new connections that go through there (undo: nft delete table inet mtu_relief)",
        clamp,
    )];
    if let Some(own) = path.first() {
        fixes.push(fix(
            "on this node, as root",
            "or give the container a smaller MTU, and the configuration that made it",
            format!("{}ip link set dev {} mtu {mtu}", enter(netns, node), quote(&own.interface)),
        ));
    }
    fixes.push(fix(
        "at whoever runs the network behind this node",
        "have ICMP \"fragmentation needed\" (IPv6: \"packet too big\") let through; this shows how far packets get",
        format!("{}tracepath -n {}", enter(netns, node), hole.remote()),
    ));
    fixes
}

/// For datagrams of which fragments are lost.
pub fn whole_datagrams(netns: NetnsId, lost: &Lost, path: &[Hop], node: &Node) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for at in lost.filtered.keys() {
        fixes.push(fix(
            &format!("in {}, whose firewall drops them, as root", owner(*at, node)),
            "have it put datagrams together before its rules look at them, as connection tracking does (undo: nft delete \
             table inet mtu_defrag)",
            format!(
                "{}nft 'add table inet mtu_defrag; add chain inet mtu_defrag early {{ type filter hook prerouting priority -300; }}; \
                 add rule inet mtu_defrag early ct state new counter'",
                enter(*at, node)
            ),
        ));
    }
    let (mtu, flow) = (path.first().map_or(SAFE_MTU, |own| own.mtu), lost.datagrams.first());
    if let Some((flow, _)) = flow {
        fixes.extend(smaller_datagrams(netns, mtu, flow.dst.ip(), node));
    }
    fixes
}

/// For who sends datagrams that must be cut.
pub fn smaller_datagrams(netns: NetnsId, mtu: u32, to: IpAddr, node: &Node) -> Vec<Fix> {
    let payload = mtu.saturating_sub(if to.is_ipv4() { 28 } else { 48 });
    vec![fix(
        "in the application that sends them",
        &format!("send at most {payload} bytes in a datagram; this shows whether so much gets through whole"),
        format!("{}ping -c 3 -M do -s {payload} {to}", enter(netns, node)),
    )]
}
