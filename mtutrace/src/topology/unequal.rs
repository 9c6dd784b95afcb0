//! Devices that face each other with MTUs that differ: what is too big for the narrower one vanishes between them. Pure.
use super::odd_port;
use crate::model::{DeviceId, Hop, LinkKind, Mismatch, NetnsId, Node};

/// The two ends of a veth, one of them in this namespace, or a bridge of it and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unequal {
    /// What may send more.
    pub(crate) wide: Hop,
    /// What takes less.
    pub(crate) narrow: Hop,
}

/// The veths of a namespace that face something wider or narrower, and its bridges' ports that are narrower than the
/// bridge and no veths.
pub(crate) fn unequal(node: &Node, netns: NetnsId) -> Vec<Unequal> {
    let Some(links) = node.netns.get(&netns).map(|netns| &netns.links) else { return Vec::new() };
    let hop = |device: DeviceId| Some(Hop::new(device, node.link(device).filter(|link| link.up)?));
    let mut found = Vec::new();
    for link in links.values() {
        let own = DeviceId { netns, ifindex: link.ifindex };
        let faced = match link.kind {
            // The end outside of a container is told with the container.
            LinkKind::Veth => link.peer.filter(|_| link.master.is_none()),
            LinkKind::Loopback | LinkKind::Bridge => None,
            _ => link
                .master
                .filter(|master| links.get(master).is_some_and(|master| master.kind == LinkKind::Bridge))
                .map(|ifindex| DeviceId { netns, ifindex }),
        };
        let Some((own, faced)) = hop(own).zip(faced.and_then(hop)) else { continue };
        let port_is_wider = faced.kind == LinkKind::Bridge && own.mtu > faced.mtu;
        if own.mtu != faced.mtu && !port_is_wider {
            let (wide, narrow) = if own.mtu > faced.mtu { (own, faced) } else { (faced, own) };
            found.push(Unequal { wide, narrow });
        }
    }
    found
}

impl Unequal {
    /// As a mismatch of the namespace whose own device is the wide one: what it sends is lost. One whose own device is
    /// narrower announces a smaller MSS, and mixed networks are made so on purpose.
    pub(crate) fn mismatch(&self, node: &Node, netns: NetnsId) -> Option<Mismatch> {
        let sends = self.wide.netns == netns && self.wide.kind == LinkKind::Veth && netns != node.host;
        let odd = || odd_port(node, self.narrow.id()).is_some();
        sends.then(|| Mismatch {
            path: vec![self.wide.clone(), self.narrow.clone()],
            culprit: if odd() { self.narrow.clone() } else { self.wide.clone() },
            bottleneck: self.narrow.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::{Builder, HOST, incident};

    fn wide_and_narrow(node: &Node, netns: NetnsId) -> Vec<String> {
        let each = unequal(node, netns).into_iter();
        each.map(|u| format!("{} {} > {} {}", u.wide.interface, u.wide.mtu, u.narrow.interface, u.narrow.mtu))
            .collect()
    }

    #[test]
    fn the_ends_of_a_veth() {
        assert!(wide_and_narrow(&incident().0, NetnsId(3)).is_empty());
        let node = incident().edit(2, 8, |link| link.mtu = 1400).0;
        assert_eq!(wide_and_narrow(&node, NetnsId(3)), ["eth0 1500 > veth8 1400"]);
        assert!(wide_and_narrow(&node, NetnsId(2)).is_empty(), "told with the container");
        let m = unequal(&node, NetnsId(3))[0].mismatch(&node, NetnsId(3)).unwrap();
        assert_eq!((m.culprit.interface.as_str(), m.bottleneck.mtu), ("veth8", 1400), "all others have 1500");
        let node = incident().edit(3, 7, |link| link.mtu = 1400).0;
        assert_eq!(wide_and_narrow(&node, NetnsId(3)), ["veth8 1500 > eth0 1400"]);
        assert_eq!(
            unequal(&node, NetnsId(3))[0].mismatch(&node, NetnsId(3)),
            None,
            "its MSS is small as well"
        );
    }

    #[test]
    fn the_ports_of_a_bridge() {
        let node = Builder::new()
            .device(1, 3, "br0", LinkKind::Bridge, 9000)
            .device(1, 4, "tap0", LinkKind::Tun, 1500)
            .port(1, 4, 3)
            .device(1, 5, "eth0", LinkKind::Physical, 9100)
            .port(1, 5, 3)
            .0;
        assert_eq!(wide_and_narrow(&node, HOST), ["br0 9000 > tap0 1500"]);
        assert_eq!(unequal(&node, HOST)[0].mismatch(&node, HOST), None);
    }
}
