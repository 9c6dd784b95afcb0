//! A bridge port whose own MTU is the one that differs. Pure.
use crate::model::{DeviceId, Link, LinkKind, Node};

/// What a bridge's port of veth could carry, bytes at L3, if its own number is the one that differs: the bridge, the
/// other ports and the veth's other end all have larger ones.
///
/// A bridge that nobody gave an MTU takes that of its smallest port (`br_mtu_auto_adjust`): one that equals the port's is
/// no second opinion, if other ports have larger ones.
pub(crate) fn odd_port(node: &Node, port: DeviceId) -> Option<u32> {
    let link = node.link(port).filter(|link| link.kind == LinkKind::Veth)?;
    let links = &node.netns.get(&port.netns)?.links;
    let bridge = links.get(&link.master?).filter(|master| master.kind == LinkKind::Bridge)?;
    let peer = node.link(link.peer?)?;
    let others: Vec<&Link> =
        links.values().filter(|l| l.master == link.master && l.ifindex != port.ifindex).collect();
    let follows = bridge.mtu == link.mtu && !others.is_empty();
    let neighbours = || others.iter().copied().chain([peer]).chain((!follows).then_some(bridge));
    let differs = neighbours().all(|neighbour| neighbour.mtu > link.mtu);
    let carries = if follows { neighbours().map(|n| n.mtu).min()? } else { bridge.mtu.min(peer.mtu) };
    differs.then_some(carries)
}

/// The port for which a bridge has a smaller MTU than all its other ports.
pub(crate) fn lowering(node: &Node, bridge: DeviceId) -> Option<DeviceId> {
    let links = &node.netns.get(&bridge.netns)?.links;
    let own = links.get(&bridge.ifindex).filter(|link| link.kind == LinkKind::Bridge)?;
    let ports = links.values().filter(|port| port.master == Some(own.ifindex) && port.mtu == own.mtu);
    let mut ports = ports.map(|port| DeviceId { netns: bridge.netns, ifindex: port.ifindex });
    ports.find(|port| odd_port(node, *port).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::{Builder, id};

    /// Two containers with jumbo frames, of which one's port was left behind; the bridge as given.
    fn jumbo(bridge: u32) -> Node {
        Builder::new()
            .device(1, 3, "lxdbr0", LinkKind::Bridge, bridge)
            .pair((1, 4, "veth4", 1500), (2, 7, "eth0", 9000))
            .port(1, 4, 3)
            .pair((1, 5, "veth5", 9000), (3, 7, "eth0", 9000))
            .port(1, 5, 3)
            .0
    }

    #[test]
    fn a_port_left_behind() {
        assert_eq!(odd_port(&jumbo(9000), id(1, 4)), Some(9000));
        assert_eq!(odd_port(&jumbo(1500), id(1, 4)), Some(9000), "the bridge followed it");
        assert_eq!(odd_port(&jumbo(1400), id(1, 4)), None, "the bridge is the narrow one");
        assert_eq!(odd_port(&jumbo(9000), id(1, 5)), None);
        let mut alone = jumbo(1500);
        alone.netns.get_mut(&crate::testing::node::HOST).unwrap().links.remove(&5);
        assert_eq!(odd_port(&alone, id(1, 4)), None, "bridge and port agree, and nobody else says otherwise");
    }

    #[test]
    fn who_lowered_a_bridge() {
        assert_eq!(lowering(&jumbo(1500), id(1, 3)), Some(id(1, 4)));
        assert_eq!(lowering(&jumbo(9000), id(1, 3)), None);
        assert_eq!(lowering(&jumbo(1500), id(1, 4)), None, "no bridge");
    }
}
