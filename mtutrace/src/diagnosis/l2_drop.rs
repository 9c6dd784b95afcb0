//! Two devices that face each other with no router between them, one of which takes less than the other sends: what is
//! too big is freed without a word (`__dev_forward_skb2`, `br_dev_queue_push_xmit`). Pure.
use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::Ends;
use crate::model::{DeviceId, Event, EventKind, Hop, Mismatch, NetnsId, Node};
use crate::topology;

/// Such a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkPair {
    /// What sends too much: a veth end, or the device of whoever sent across a bridge.
    pub(crate) wide: DeviceId,
    /// What takes less: the veth's other end, or the bridge's port.
    pub(crate) narrow: DeviceId,
}

impl LinkPair {
    /// The devices between which the event's packet died; nothing for other events, or where the wide one is unknown.
    pub(crate) fn of(event: &Event, ends: &Ends, node: &Node) -> Option<LinkPair> {
        let EventKind::Drop { cause, .. } = event.kind else { return None };
        let at = event.device()?;
        let pair = match cause {
            DropCause::VethPeer => LinkPair { wide: at, narrow: node.link(at)?.peer? },
            DropCause::BridgePort => {
                let src = ends.src?;
                let own = topology::path(node, src.netns, Some(src.remote)).first()?.id();
                LinkPair { wide: own, narrow: at }
            }
            _ => return None,
        };
        pair.mismatch(node).map(|_| pair)
    }

    /// The two as they are now; nothing once they fit, or one is gone. The narrow one is the culprit itself where it is
    /// [`topology::odd_port`].
    pub(crate) fn mismatch(&self, node: &Node) -> Option<Mismatch> {
        let hop = |device| Some(Hop::new(device, node.link(device)?));
        let (wide, bottleneck) = (hop(self.wide)?, hop(self.narrow)?);
        let path = vec![wide.clone(), bottleneck.clone()];
        (wide.mtu > bottleneck.mtu).then(|| Mismatch {
            path,
            culprit: if topology::odd_port(node, self.narrow).is_some() { bottleneck.clone() } else { wide },
            bottleneck,
        })
    }

    /// Whose packets die: the sender's if it is a container, else those of the container behind the narrow device, else those
    /// of whichever is not the host.
    pub(crate) fn sufferer(&self, ends: &Ends, node: &Node) -> Option<NetnsId> {
        let link = node.link(self.narrow);
        let port = link.filter(|link| link.master.is_some());
        let behind = port.map_or(Some(self.narrow), |port| port.peer).map(|device| device.netns);
        let either = [ends.src.map(|end| end.netns), behind].into_iter().flatten();
        // One port that differs is the trouble of whoever is behind it.
        let odd = topology::odd_port(node, self.narrow).and(behind).filter(|netns| *netns != node.host);
        if odd.is_some() {
            return odd;
        }
        let mut known = either.into_iter().filter(|netns| *netns != node.host);
        known.clone().find(|netns| node.container(*netns).is_some()).or_else(|| known.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::End;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::model::{LinkKind, NetnsId};
    use crate::testing::node::incident;

    fn died(netns: u32, ifindex: u32, cause: DropCause) -> Event {
        let kind = crate::diagnosis::attribution::tests::dropped(cause);
        Event { ifindex, ..event(netns, flow("192.0.2.10:80", "10.42.0.108:40000"), kind) }
    }

    #[test]
    fn a_veth_whose_other_end_is_smaller() {
        let mut node = incident().0;
        let wide = DeviceId { netns: NetnsId(1), ifindex: 112 };
        let narrow = node.link(wide).unwrap().peer.unwrap();
        let pair = |node: &Node| LinkPair::of(&died(1, 112, DropCause::VethPeer), &Ends::default(), node);
        node.netns.get_mut(&wide.netns).unwrap().links.get_mut(&wide.ifindex).unwrap().mtu = 1500;
        assert_eq!(pair(&node), Some(LinkPair { wide, narrow }));
        let m = pair(&node).unwrap().mismatch(&node).unwrap();
        assert_eq!((m.culprit.mtu, m.bottleneck.mtu, m.path.len()), (1500, 1450, 2));
        node.netns.get_mut(&wide.netns).unwrap().links.get_mut(&wide.ifindex).unwrap().mtu = 1450;
        assert_eq!(pair(&node), None, "both ends fit now");
    }

    #[test]
    fn a_bridge_port_smaller_than_the_senders_device() {
        let mut node = incident().0;
        // A neighbour of the build container is sent to through docker0's port.
        let port = DeviceId { netns: NetnsId(2), ifindex: 8 };
        let remote = "172.17.0.9".parse().unwrap();
        let ends = Ends { src: Some(End { netns: NetnsId(3), remote }), dst: None };
        node.netns.get_mut(&port.netns).unwrap().links.get_mut(&port.ifindex).unwrap().mtu = 1400;
        let pair = LinkPair::of(&died(2, 8, DropCause::BridgePort), &ends, &node).unwrap();
        assert_eq!((pair.wide.netns, pair.narrow), (NetnsId(3), port));
        assert_eq!(pair.mismatch(&node).unwrap().bottleneck.kind, LinkKind::Veth);
        assert_eq!(LinkPair::of(&died(2, 8, DropCause::BridgePort), &Ends::default(), &node), None);
        assert_eq!(LinkPair::of(&died(2, 8, DropCause::Forward), &ends, &node), None);

        // Bridge and container are both at 1500: the port is what is wrong, whoever sends.
        let m = pair.mismatch(&node).unwrap();
        assert_eq!(
            (m.culprit.id(), m.bottleneck.id(), topology::odd_port(&node, port)),
            (port, port, Some(1500))
        );
        let fixes = crate::remediation::level(&m, &node);
        assert!(fixes[0].command.ends_with("dev veth8 mtu 1500"), "{fixes:?}");
        assert!(fixes[1].command.ends_with("dev eth0 mtu 1400"), "{fixes:?}");
        // The container is at 1400 too: then the two belong together, and the sender is too large.
        node.netns.get_mut(&NetnsId(3)).unwrap().links.get_mut(&7).unwrap().mtu = 1400;
        assert_eq!(topology::odd_port(&node, port), None);
    }

    #[test]
    fn the_sender_suffers_else_who_is_behind_the_port() {
        let node = incident().0;
        let pair = LinkPair {
            wide: DeviceId { netns: NetnsId(1), ifindex: 2 },
            narrow: DeviceId { netns: NetnsId(2), ifindex: 8 },
        };
        let from = |netns| {
            let end = End { netns: NetnsId(netns), remote: "172.17.0.9".parse().unwrap() };
            pair.sufferer(&Ends { src: Some(end), dst: None }, &node)
        };
        assert_eq!(from(2), Some(NetnsId(2)), "the pod");
        assert_eq!(from(1), Some(NetnsId(3)), "the host is no container: the one behind the pod's port");
        assert_eq!(pair.sufferer(&Ends::default(), &node), Some(NetnsId(3)));
    }
}
