//! Large packets that arrived and were thrown away for their checksum: a path that carries them is no black hole. Pure.
use std::net::IpAddr;

use mtutrace_common::config::DropCause;

use crate::diagnosis::recent::Recent;
use crate::model::{Event, EventKind, NetnsId, Node, SocketId};
use crate::topology;

/// How long a path stays acquitted: longer than TCP's longest pause between two tries (RFC 6298, 120 s on Linux).
const HOLD_NS: u64 = 130_000_000_000;
/// Most senders, and most namespaces, that are remembered.
const SENDERS: usize = 4096;
/// IP protocol number of what carries most tunnels.
const UDP: u8 = 17;

/// Who sent damaged packets lately.
pub(crate) struct Damage {
    /// By the namespace that threw it away, and the sender.
    received: Recent<(NetnsId, IpAddr, u16), ()>,
    /// By the receiver, and the sender's port, which NAT mostly keeps: where the receiver is on this node too.
    sent: Recent<(IpAddr, u16, u16), ()>,
    /// Where datagrams were damaged: they may be a tunnel's, and then hide whose they were.
    outer: Recent<NetnsId, ()>,
}

impl Default for Damage {
    fn default() -> Damage {
        Damage {
            received: Recent::new(HOLD_NS, SENDERS),
            sent: Recent::new(HOLD_NS, SENDERS),
            outer: Recent::new(HOLD_NS, SENDERS),
        }
    }
}

impl Damage {
    /// Takes in a drop for a wrong checksum; others are ignored.
    pub(crate) fn note(&mut self, event: &Event, node: &Node) {
        if !matches!(event.kind, EventKind::Drop { cause: DropCause::Checksum, .. }) {
            return;
        }
        if event.flow.protocol == UDP {
            // The tunnel's other end may be here too.
            let sender = topology::resolve(node, event.netns, event.flow.src.ip());
            for netns in [Some(event.netns), sender].into_iter().flatten() {
                self.outer.insert(netns, (), event.time_ns);
            }
        } else {
            let (src, dst) = (event.flow.src, event.flow.dst);
            self.received.insert((event.netns, src.ip(), src.port()), (), event.time_ns);
            self.sent.insert((dst.ip(), dst.port(), src.port()), (), event.time_ns);
        }
    }

    /// Whether large packets of the socket's connection arrived where they should, but damaged.
    pub(crate) fn acquits(&mut self, socket: SocketId, now_ns: u64, node: &Node) -> bool {
        let (own, remote) = (socket.flow.src, socket.flow.dst);
        let way = topology::path(node, socket.netns, Some(remote.ip()));
        // The same addresses may be in other networks of the node.
        let mut places = topology::reach::namespaces(&way).into_iter().chain([socket.netns]);
        if places.any(|at| self.received.get(&(at, remote.ip(), remote.port()), now_ns).is_some())
            || self.sent.get(&(remote.ip(), remote.port(), own.port()), now_ns).is_some()
        {
            return true;
        }
        let tunnel = |device| node.link(device).is_some_and(|link| link.tunnel.is_some());
        way.iter().any(|hop| tunnel(hop.id()) && self.outer.get(&hop.netns, now_ns).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{dropped, event, flow};
    use crate::model::Flow;
    use crate::testing::node::{Builder, incident};

    fn damaged(netns: u32, flow: Flow) -> Event {
        event(netns, flow, dropped(DropCause::Checksum))
    }

    fn acquits(events: &[Event], node: &Node) -> bool {
        let mut damage = Damage::default();
        events.iter().for_each(|event| damage.note(event, node));
        let flow = flow("10.42.0.108:40000", "192.0.2.10:80");
        damage.acquits(SocketId { netns: NetnsId(2), flow }, 0, node)
    }

    #[test]
    fn only_who_sent_them() {
        let node = incident().0;
        // The node has another name for the connection's near end.
        assert!(acquits(&[damaged(1, flow("192.0.2.10:80", "192.168.1.5:61000"))], &node));
        assert!(!acquits(&[damaged(1, flow("192.0.2.10:81", "192.168.1.5:61000"))], &node));
        assert!(
            !acquits(&[damaged(9, flow("192.0.2.10:80", "192.168.1.5:61000"))], &node),
            "another network"
        );
        assert!(
            acquits(&[damaged(9, flow("192.168.1.5:40000", "192.0.2.10:80"))], &node),
            "its own, at the receiver"
        );
        let other = event(1, flow("192.0.2.10:80", "192.168.1.5:61000"), EventKind::Retransmit);
        assert!(!acquits(&[other], &node));
    }

    #[test]
    fn a_tunnel_s_packets_hide_whose_they_were() {
        let udp =
            |netns| damaged(netns, Flow { protocol: UDP, ..flow("192.168.1.6:50000", "192.168.1.5:4789") });
        assert!(!acquits(&[udp(1)], &incident().0), "it goes by no tunnel");
        let tunnel = crate::topology::underlay::tests::vxlan(Some("192.168.1.6".parse().unwrap()));
        let node =
            |b: Builder| b.route(1, 9, "192.0.2.0/24", None, None).edit(1, 9, |l| l.tunnel = Some(tunnel)).0;
        let node = node(incident().device(1, 9, "flannel.1", crate::model::LinkKind::Vxlan, 1450));
        assert!(acquits(&[udp(1)], &node));
        assert!(!acquits(&[udp(2)], &node));
    }
}
