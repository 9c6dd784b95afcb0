//! A bridge port whose own MTU is the one that differs. Pure.
use crate::model::{DeviceId, LinkKind, Node};

/// What a bridge's port of veth could carry, bytes at L3, if its own number is the one that differs: the bridge, the
/// other ports and the veth's other end all have larger ones.
pub(crate) fn odd_port(node: &Node, port: DeviceId) -> Option<u32> {
    let link = node.link(port).filter(|link| link.kind == LinkKind::Veth)?;
    let links = &node.netns.get(&port.netns)?.links;
    let bridge = links.get(&link.master?).filter(|master| master.kind == LinkKind::Bridge)?;
    let peer = node.link(link.peer?)?;
    let others = || links.values().filter(|l| l.master == link.master && l.ifindex != port.ifindex);
    let differs = others().chain([bridge, peer]).all(|neighbour| neighbour.mtu > link.mtu);
    differs.then(|| bridge.mtu.min(peer.mtu))
}
