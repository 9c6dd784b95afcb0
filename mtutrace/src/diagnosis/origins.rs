//! Where a packet really came from: a container may write any address into what it sends, but not choose the device that it
//! leaves by. Pure.
use std::net::IpAddr;

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::{End, Ends};
use crate::diagnosis::recent::Recent;
use crate::model::{Event, EventKind, Flow, NetnsId, Node};
use crate::topology;

/// How long it is remembered where a flow came from: fragments are given up after 60 s at most (`ipv6.ip6frag_time`).
const HOLD_NS: u64 = 65_000_000_000;
/// Of how many flows.
const FLOWS: usize = 8192;

/// Who has sent packets of one flow.
#[derive(Clone, Copy, Debug, Default)]
struct Senders {
    /// The namespace that its source address belongs to, or one inside of it.
    genuine: bool,
    /// A container whose address it is not.
    forged: bool,
}

/// How long, and of how many places of flows, a result is remembered: it takes a walk along the path.
const CHECKED_NS: u64 = 2_000_000_000;
const CHECKED: usize = 4096;

/// A flow at a device, and whether the event is a message about it.
type Seen = (NetnsId, u32, HookId, Flow, bool);

/// What is known of flows' origins.
pub(crate) struct Origins {
    senders: Recent<Flow, Senders>,
    /// With the generation of the node by which it is.
    checked: Recent<Seen, (u64, bool)>,
}

impl Default for Origins {
    fn default() -> Origins {
        Origins { senders: Recent::new(HOLD_NS, FLOWS), checked: Recent::new(CHECKED_NS, CHECKED) }
    }
}

impl Origins {
    /// Whether the event's packet has a source address that is not its sender's: its device says who that is, or, where all
    /// pass, the device at which it was seen before. What a container forwards for others is on their path.
    pub(crate) fn is_forged(&mut self, event: &Event, ends: &Ends, node: &Node) -> bool {
        let forged = match place(event, node) {
            Place::Outside => return false,
            Place::Shared => {
                let known = self.senders.get(&event.flow, event.time_ns);
                return known.is_some_and(|senders| senders.forged && !senders.genuine);
            }
            Place::From(sender) => self.checked(event, node, || !is_senders(sender, event, ends, node)),
            Place::Inside(netns) => self.checked(event, node, || !is_on_the_way(netns, event, ends, node)),
        };
        let senders = self.senders.renew(event.flow, event.time_ns);
        senders.forged |= forged;
        senders.genuine |= !forged;
        forged
    }

    fn checked(&mut self, event: &Event, node: &Node, check: impl FnOnce() -> bool) -> bool {
        let message = matches!(event.kind, EventKind::IcmpSeen { .. });
        let seen = (event.netns, event.ifindex, event.hook, event.flow, message);
        if let Some((generation, forged)) = self.checked.get(&seen, event.time_ns)
            && *generation == node.generation
        {
            return *forged;
        }
        let forged = check();
        self.checked.insert(seen, (node.generation, forged), event.time_ns);
        forged
    }
}

/// What the place of an event tells.
enum Place {
    /// It came by a device that leads out of this node, or by one of which nothing is known.
    Outside,
    /// It came from this container.
    From(NetnsId),
    /// It was seen inside of this container.
    Inside(NetnsId),
    /// Everybody's packets pass there.
    Shared,
}

fn place(event: &Event, node: &Node) -> Place {
    let is_container = |netns: &NetnsId| node.container(*netns).is_some();
    let link = event.device().and_then(|device| node.link(device));
    let peer = link.and_then(|link| link.peer).map(|peer| peer.netns).filter(|peer| *peer != event.netns);
    let v4_forward = |cause: DropCause| cause == DropCause::Forward && event.flow.src.is_ipv4();
    let came_in = match event.kind {
        // `skb->dev` is the device that it came in by.
        EventKind::Drop { cause, .. } => event.hook == HookId::KfreeSkb && v4_forward(cause),
        _ => event.hook == HookId::TcIngress,
    };
    match (came_in, peer) {
        (true, Some(peer)) if is_container(&peer) => Place::From(peer),
        _ if is_container(&event.netns) => Place::Inside(event.netns),
        (true, None) if link.is_some_and(|link| link.kind != crate::model::LinkKind::Bridge) => {
            Place::Outside
        }
        _ => Place::Shared,
    }
}

/// Whether what came from a container has its address, that of somebody inside of it, or is forwarded by it.
fn is_senders(sender: NetnsId, event: &Event, ends: &Ends, node: &Node) -> bool {
    let is = |end: &End| end.netns == sender || topology::is_inside(node, end.netns, sender);
    // A message about a packet comes from where that went to, or from a router on its way.
    let who = if matches!(event.kind, EventKind::IcmpSeen { .. }) { ends.dst } else { ends.src };
    let nobodys = ends.src.is_none() && ends.dst.is_none();
    nobodys || who.as_ref().is_some_and(is) || forwards(sender, event, ends, node)
}

/// Whether what was seen in a container comes from it, goes to it, or is forwarded by it.
fn is_on_the_way(netns: NetnsId, event: &Event, ends: &Ends, node: &Node) -> bool {
    let is = |end: &End| end.netns == netns || topology::is_inside(node, end.netns, netns);
    let mut both = [ends.src, ends.dst].into_iter().flatten().peekable();
    both.peek().is_none() || both.any(|end| is(&end)) || forwards(netns, event, ends, node)
}

fn forwards(netns: NetnsId, event: &Event, ends: &Ends, node: &Node) -> bool {
    let leads = |end: Option<End>, to: IpAddr| {
        end.is_some_and(|end| topology::path(node, end.netns, Some(to)).iter().any(|hop| hop.netns == netns))
    };
    leads(ends.src, event.flow.dst.ip()) || leads(ends.dst, event.flow.src.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{dropped, event, flow};
    use crate::testing::node::{Builder, incident, ip};

    /// The attacker's pod 4 with a container 5 inside, and the innocent pod 6, beside the founding incident's 2 and 3.
    fn lab() -> Builder {
        incident()
            .pair((1, 113, "veth113", 1450), (4, 2, "eth0", 1450))
            .port(1, 113, 3)
            .address(4, 2, "10.42.0.109/24")
            .gateway(4, 2, "10.42.0.1")
            .container(4, "podA")
            .device(4, 3, "docker0", crate::model::LinkKind::Bridge, 1500)
            .address(4, 3, "172.17.0.1/16")
            .pair((4, 8, "veth8", 1500), (5, 7, "eth0", 9000))
            .port(4, 8, 3)
            .address(5, 7, "172.17.0.2/16")
            .gateway(5, 7, "172.17.0.1")
            .container(5, "innA")
            .pair((1, 114, "veth114", 1450), (6, 2, "eth0", 1450))
            .port(1, 114, 3)
            .address(6, 2, "10.42.0.110/24")
            .gateway(6, 2, "10.42.0.1")
            .container(6, "podW")
    }

    const INNOCENT: u32 = 6;
    const SERVER: &str = "192.0.2.10:80";

    fn seen(netns: u32, ifindex: u32, src: &str, hook: HookId) -> Event {
        Event { ifindex, hook, ..event(netns, flow(src, SERVER), EventKind::Retransmit) }
    }

    fn from(netns: u32) -> Ends {
        Ends { src: Some(End { netns: NetnsId(netns), remote: ip("192.0.2.10") }), dst: None }
    }

    #[test]
    fn who_sent_is_where_it_came_in() {
        let (node, mut origins) = (lab().0, Origins::default());
        let innocent = "10.42.0.110:4000";
        let mut forged = |netns, ifindex, hook| {
            origins.is_forged(&seen(netns, ifindex, innocent, hook), &from(INNOCENT), &node)
        };
        let death = dropped(DropCause::VethPeer);
        let at_sender = Event { kind: death, ..seen(5, 7, innocent, HookId::KfreeSkb) };
        assert!(forged(4, 8, HookId::TcIngress), "at the attacker's port");
        assert!(forged(4, 3, HookId::TcIngress), "in the attacker's pod");
        assert!(forged(1, 113, HookId::TcIngress), "at the pod's port");
        assert!(forged(1, 3, HookId::TcIngress), "cni0 has them all, and this was seen before");
        assert!(forged(1, 2, HookId::TcEgress), "likewise as it leaves");
        assert!(!forged(1, 114, HookId::TcIngress), "at the innocent one's own port");
        assert!(!forged(1, 3, HookId::TcIngress), "who really has such a connection is not hidden");
        assert!(Origins::default().is_forged(&at_sender, &from(INNOCENT), &node));
    }

    #[test]
    fn what_is_inside_of_a_container_may_come_from_it() {
        let (node, mut origins) = (lab().0, Origins::default());
        let mut forged = |netns, ifindex, who| {
            origins.is_forged(&seen(netns, ifindex, "172.17.0.2:1", HookId::TcIngress), &from(who), &node)
        };
        assert!(!forged(4, 8, 5) && !forged(4, 3, 5) && !forged(1, 113, 5), "without NAT");
        assert!(!forged(1, 113, 4), "the pod's own");
        assert!(!forged(1, 2, INNOCENT), "what comes from outside has any address");
    }

    #[test]
    fn a_message_about_somebody_elses_packet() {
        let node = lab().0;
        let kind = EventKind::IcmpSeen { from: None, to: None, mtu: Some(100), message_id: 1 };
        let quoted = Event { kind, ..seen(1, 113, "10.42.0.110:4000", HookId::TcIngress) };
        assert!(Origins::default().is_forged(&quoted, &from(INNOCENT), &node));
        let to_attacker =
            Ends { dst: Some(End { netns: NetnsId(4), remote: ip("10.42.0.110") }), ..from(INNOCENT) };
        assert!(!Origins::default().is_forged(&quoted, &to_attacker, &node), "whoever it went to may say so");
    }

    #[test]
    fn memory_is_bounded() {
        let (node, mut origins) = (lab().0, Origins::default());
        for port in 1..=u16::MAX {
            let event = seen(1, 113, &format!("10.42.0.110:{port}"), HookId::TcIngress);
            origins.is_forged(&event, &from(INNOCENT), &node);
        }
        assert_eq!((origins.senders.len(), origins.checked.len()), (FLOWS, CHECKED));
    }
}
