//! What helps where packets die beyond this node.
use std::net::IpAddr;

use super::fix::{config, now, permanent, ranked};
use super::shell::{enter, quote};
use crate::model::describe::owner;
use crate::model::{Fix, Flow, Hop, NetnsId, Node, SocketId};

/// Every IPv6 link carries this (RFC 8200 §5), and hardly any of IPv4 less.
const SAFE_MTU: u32 = 1280;

/// The remedies for a container's `socket` towards which packets of `passes` bytes get through and those of `full` bytes
/// (both at L3) do not; `path` is its egress path.
pub(crate) fn fixes(socket: SocketId, passes: u32, full: u32, path: &[Hop], node: &Node) -> Vec<Fix> {
    let (netns, remote) = (socket.netns, socket.flow.dst.ip());
    // What came may have been small by chance.
    let mtu = passes.max(SAFE_MTU).min(full - 1);
    let mut fixes = relief(netns, remote, mtu, path, node);
    fixes.push(permanent(
        "in the network behind this node",
        "let ICMP \"fragmentation needed\" (IPv6: \"packet too big\") through; this command shows how far packets get",
        format!("{}tracepath -n {}", enter(netns, node), remote),
    ));
    ranked(fixes)
}

/// The remedies for a sender that does not hear, or not heed, that a router beyond this node carries only `mtu` bytes (L3)
/// towards `remote`; `filtered` are the namespaces whose firewalls drop what would tell it.
pub(crate) fn announced(
    netns: NetnsId,
    remote: IpAddr,
    mtu: u32,
    filtered: impl Iterator<Item = NetnsId>,
    path: &[Hop],
    node: &Node,
) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = filtered
        .map(|at| {
            config(
                &format!("in the firewall of {}, before the rule that drops it", owner(at, node)),
                "let the message through that tells senders what fits; then they adapt by themselves",
                if remote.is_ipv4() {
                    "icmp type destination-unreachable icmp code frag-needed accept".to_owned()
                } else {
                    "icmpv6 type packet-too-big accept".to_owned()
                },
            )
        })
        .collect();
    fixes.extend(relief(netns, remote, mtu, path, node));
    ranked(fixes)
}

/// The setting to try where large packets from there come with a wrong checksum.
pub(crate) fn checksums(last: Option<(Flow, NetnsId)>) -> Vec<Fix> {
    let Some((flow, _)) = last else { return Vec::new() };
    let place = format!("on the machine that sends them ({}), for its network card or tunnel", flow.src.ip());
    ranked(vec![config(
        &place,
        "switch off checksum offload (and of a tunnel tx-checksum-ip-generic); if that helps, the driver or the host below it is \
         at fault",
        "ethtool -K eth0 tx off".to_owned(),
    )])
}

/// What works at once towards `remote`: a smaller MSS, or a smaller MTU of the sender, `mtu` bytes at L3.
fn relief(netns: NetnsId, remote: IpAddr, mtu: u32, path: &[Hop], node: &Node) -> Vec<Fix> {
    let headers = if remote.is_ipv4() { 40 } else { 60 };
    // The last router of this node that the connection goes through, or the container itself.
    let routes = |at: &NetnsId| *at != netns && !node.has_address(*at, remote);
    let router = path.iter().map(|hop| hop.netns).rfind(routes);
    let (at, hook) = router.map_or((netns, "output"), |router| (router, "forward"));
    let inside = enter(at, node);
    let clamp = format!(
        "{inside}nft 'add table inet mtu_relief; add chain inet mtu_relief {hook} {{ type filter hook {hook} priority 0; }}; \
         add rule inet mtu_relief {hook} tcp flags syn tcp option maxseg size set {}'",
        mtu.saturating_sub(headers)
    );
    let mut fixes = vec![now(
        "on this node, as root",
        "works at once, for new connections: clamp their MSS",
        clamp,
        format!("{inside}nft delete table inet mtu_relief"),
    )];
    if let Some(own) = path.first() {
        let set =
            |mtu: u32| format!("{}ip link set dev {} mtu {mtu}", enter(netns, node), quote(&own.interface));
        fixes.push(now(
            "on this node, as root",
            "or lower the sender's MTU; set the same in the configuration that created it",
            set(mtu),
            set(own.mtu),
        ));
    }
    fixes
}
