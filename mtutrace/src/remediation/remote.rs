//! What helps where packets die beyond this node.
use super::fix::{now, permanent};
use super::shell::{enter, quote};
use crate::model::{Fix, Hop, NetnsId, Node, SocketId};

/// Every IPv6 link carries this (RFC 8200 §5), and hardly any of IPv4 less.
const SAFE_MTU: u32 = 1280;

/// The remedies for a container's `socket` towards which packets of `passes` bytes get through and those of `full` bytes
/// (both at L3) do not; `path` is its egress path.
pub(crate) fn fixes(socket: SocketId, passes: u32, full: u32, path: &[Hop], node: &Node) -> Vec<Fix> {
    let (netns, remote) = (socket.netns, socket.flow.dst.ip());
    // What came may have been small by chance.
    let mtu = passes.max(SAFE_MTU).min(full - 1);
    let headers = if remote.is_ipv4() { 40 } else { 60 };
    // The last router of this node that the connection goes through, or the container itself.
    let routes = |at: &NetnsId| *at != netns && !node.has_address(*at, remote);
    let router = path.iter().map(|hop| hop.netns).rfind(routes);
    let (at, hook) = router.map_or((netns, "output"), |router| (router, "forward"));
    let clamp = format!(
        "{}nft 'add table inet mtu_relief; add chain inet mtu_relief {hook} {{ type filter hook {hook} priority 0; }}; \
         add rule inet mtu_relief {hook} tcp flags syn tcp option maxseg size set {}'",
        enter(at, node),
        mtu - headers
    );
    let mut fixes = vec![now(
        "on this node, as root",
        "works at once, for new connections: clamp their MSS (undo: nft delete table inet mtu_relief)",
        clamp,
    )];
    if let Some(own) = path.first() {
        fixes.push(now(
            "on this node, as root",
            "or lower the container's MTU; set the same in the configuration that created it",
            format!("{}ip link set dev {} mtu {mtu}", enter(netns, node), quote(&own.interface)),
        ));
    }
    fixes.push(permanent(
        "in the network behind this node",
        "let ICMP \"fragmentation needed\" (IPv6: \"packet too big\") through; this command shows how far packets get",
        format!("{}tracepath -n {}", enter(netns, node), remote),
    ));
    fixes
}
