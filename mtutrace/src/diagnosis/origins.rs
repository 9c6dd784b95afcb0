//! Where a packet really came from: a container may write any address into what it sends, but not choose the device that it
//! leaves by. Pure.
use std::net::IpAddr;

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::{End, Ends};
use crate::diagnosis::recent::Recent;
use crate::diagnosis::young::Young;
use crate::model::{Event, EventKind, Flow, LinkKind, NetnsId, Node, Port};
use crate::topology;

/// How long a forged packet is remembered: fragments are given up after 60 s at most (`ipv6.ip6frag_time`).
const HOLD_NS: u64 = 65_000_000_000;
/// How many are.
const PACKETS: usize = 32_768;
/// Forged packets of one flow in [`FLOOD_NS`] from which on what cannot be told apart is taken for one of them: more come than are
/// seen at each device.
const FLOOD: u32 = 32;
const FLOOD_NS: u64 = 2_000_000_000;
/// Of how many flows they are counted.
const FLOWS: usize = 4096;

/// A packet as it is told from others of its flow, and whether it is one that a message is about: identification and sequence
/// number. One forged packet must not make those of the flow's real sender suspicious.
type Packet = (Flow, u16, u32, bool);

/// Forged packets of one flow since then.
#[derive(Clone, Copy, Debug, Default)]
struct Forged {
    since_ns: u64,
    count: u32,
}

/// How long, and of how many places of flows, a result is remembered: it takes a walk along the path.
const CHECKED_NS: u64 = 2_000_000_000;
const CHECKED: usize = 4096;

/// A flow at a device, and whether the event is a message about it.
type Seen = (NetnsId, u32, HookId, Flow, bool);

/// What is known of where packets came from.
pub(crate) struct Origins {
    packets: Recent<Packet, ()>,
    floods: Recent<Flow, Forged>,
    /// With the generation of the node by which it is.
    checked: Recent<Seen, (u64, bool)>,
    young: Young,
}

impl Default for Origins {
    fn default() -> Origins {
        Origins {
            packets: Recent::new(HOLD_NS, PACKETS),
            floods: Recent::new(FLOOD_NS, FLOWS),
            checked: Recent::new(CHECKED_NS, CHECKED),
            young: Young::default(),
        }
    }
}

impl Origins {
    /// Whether the event's packet has a source address that is not its sender's: its device says who that is, or, where all
    /// pass, the device at which it was seen before. What a container forwards for others is on their path. `begun`: the
    /// connection is known by its SYN, and so is who began it.
    pub(crate) fn is_forged(
        &mut self,
        event: &Event,
        ends: &Ends,
        begun: impl FnOnce() -> bool,
        node: &Node,
    ) -> bool {
        if self.is_unknown(event, sender(event, ends).map(|end| end.netns), node) {
            self.note(event);
            return true;
        }
        let forged = match place(event, node) {
            Place::Outside => return false,
            Place::Shared => return self.is_known(event) || self.is_flooded(event) && !begun(),
            Place::From(sender) => self.checked(event, node, || !is_senders(sender, event, ends, node)),
            Place::Inside(netns) => {
                self.is_known(event) || self.checked(event, node, || !is_on_the_way(netns, event, ends, node))
            }
        };
        if forged {
            self.note(event);
        }
        forged
    }

    /// Whether the port by which it came in is not known, and it names somebody on this node whose port is: that one's packets
    /// would have told. `sender`: whom it names.
    pub(crate) fn is_unknown(&mut self, event: &Event, sender: Option<NetnsId>, node: &Node) -> bool {
        self.look(event.time_ns, node);
        match event.port {
            Port::Known => false,
            Port::Contested => true,
            // Who is young is not in the kernel's table yet.
            Port::Stranger => {
                sender.is_some_and(|sender| !self.young.is_young(node.key(sender), event.time_ns))
            }
        }
    }

    /// Notes which namespaces there are now.
    pub(crate) fn look(&mut self, now_ns: u64, node: &Node) {
        self.young.look(now_ns, node);
    }

    fn note(&mut self, event: &Event) {
        if let Some(packet) = packet(event) {
            self.packets.insert(packet, (), event.time_ns);
        }
        let flow = self.floods.renew(event.flow, event.time_ns);
        if event.time_ns.saturating_sub(flow.since_ns) >= FLOOD_NS {
            *flow = Forged { since_ns: event.time_ns, count: 0 };
        }
        flow.count = flow.count.saturating_add(1);
    }

    /// Whether this very packet, or the one that a message quotes, was seen where it was forged.
    fn is_known(&mut self, event: &Event) -> bool {
        let Some((flow, id, seq, message)) = packet(event) else { return false };
        let mut is_known = |message| self.packets.get(&(flow, id, seq, message), event.time_ns).is_some();
        is_known(message) || message && is_known(false)
    }

    fn is_flooded(&mut self, event: &Event) -> bool {
        self.floods.get(&event.flow, event.time_ns).is_some_and(|flow| flow.count >= FLOOD)
    }

    fn checked(&mut self, event: &Event, node: &Node, check: impl FnOnce() -> bool) -> bool {
        let seen = (event.netns, event.ifindex, event.hook, event.flow, is_message(event));
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

/// Nothing for what has no number of its own (IPv6's datagrams); 0 is one of TCP's.
fn packet(event: &Event) -> Option<Packet> {
    let packet = (event.flow, event.ip_id, event.seq, is_message(event));
    (event.flow.is_tcp() || event.ip_id != 0 || event.seq != 0).then_some(packet)
}

fn is_message(event: &Event) -> bool {
    matches!(event.kind, EventKind::IcmpSeen { .. })
}

/// Whom what was seen names as its sender: a message about a packet comes from where that went to, or from a router on its way.
fn sender(event: &Event, ends: &Ends) -> Option<End> {
    if is_message(event) { ends.dst } else { ends.src }
}

/// What the place of an event tells.
enum Place {
    /// It came by a device that leads out of this node, or to a namespace of which no container is known.
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
        (true, _) if link.is_some_and(|link| link.kind != LinkKind::Bridge) => Place::Outside,
        _ => Place::Shared,
    }
}

/// Whether what came from a container has its address, that of somebody inside of it, or is forwarded by it.
fn is_senders(sender: NetnsId, event: &Event, ends: &Ends, node: &Node) -> bool {
    let is = |end: &End| end.netns == sender || topology::is_inside(node, end.netns, sender);
    let nobodys = ends.src.is_none() && ends.dst.is_none();
    nobodys || self::sender(event, ends).as_ref().is_some_and(is) || forwards(sender, event, ends, node)
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
    use crate::testing::node::{Builder, ip, two_pods};

    /// The attacker's pod 4 with a container 5 inside, and the innocent pod 6, beside the founding incident's 2 and 3.
    fn lab() -> Builder {
        two_pods()
            .edit(5, 7, |link| link.mtu = 9000)
            .container(4, "podA")
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

    fn forged(origins: &mut Origins, event: &Event, whose: u32) -> bool {
        origins.is_forged(event, &from(whose), || false, &lab().0)
    }

    #[test]
    fn who_sent_is_where_it_came_in() {
        let mut origins = Origins::default();
        let innocent = "10.42.0.110:4000";
        let mut at =
            |netns, ifindex, hook| forged(&mut origins, &seen(netns, ifindex, innocent, hook), INNOCENT);
        assert!(at(4, 8, HookId::TcIngress), "at the attacker's port");
        assert!(at(4, 3, HookId::TcIngress), "in the attacker's pod");
        assert!(at(1, 113, HookId::TcIngress), "at the pod's port");
        assert!(at(1, 3, HookId::TcIngress), "cni0 has them all, and this was seen before");
        assert!(at(1, 2, HookId::TcEgress), "likewise as it leaves");
        assert!(!at(1, 114, HookId::TcIngress), "at the innocent one's own port");
        let death = dropped(DropCause::VethPeer);
        let at_sender = Event { kind: death, ..seen(5, 7, innocent, HookId::KfreeSkb) };
        assert!(forged(&mut Origins::default(), &at_sender, INNOCENT));
    }

    #[test]
    fn a_forged_packet_makes_no_other_of_its_flow_suspicious() {
        let mut origins = Origins::default();
        let at = |ifindex, seq| Event { seq, ..seen(1, ifindex, "10.42.0.110:4000", HookId::TcIngress) };
        assert!(forged(&mut origins, &at(113, 7), INNOCENT));
        assert!(forged(&mut origins, &at(3, 7), INNOCENT) && !forged(&mut origins, &at(3, 8), INNOCENT));
        // More come than are seen.
        (100..100 + FLOOD).for_each(|seq| assert!(forged(&mut origins, &at(113, seq), INNOCENT)));
        assert!(forged(&mut origins, &at(3, 8), INNOCENT), "nobody can tell");
        let begun = origins.is_forged(&at(3, 8), &from(INNOCENT), || true, &lab().0);
        assert!(!begun, "its SYN tells who began it");
        let later = Event { time_ns: FLOOD_NS, ..at(3, 8) };
        assert!(!forged(&mut origins, &later, INNOCENT), "it is over");
    }

    #[test]
    fn what_is_given_up_later_is_still_forged() {
        let mut origins = Origins::default();
        let first = Event { ip_id: 9, seq: 0, ..seen(1, 113, "198.18.0.10:9", HookId::TcIngress) };
        let ends = Ends { src: None, dst: Some(End { netns: NetnsId(INNOCENT), remote: ip("198.18.0.10") }) };
        assert!(origins.is_forged(&first, &ends, || false, &lab().0));
        let given_up = Event {
            time_ns: 30_000_000_000,
            kind: dropped(DropCause::Reassembly),
            ip_id: 9,
            seq: 0,
            ..seen(INNOCENT, 2, "198.18.0.10:9", HookId::KfreeSkb)
        };
        assert!(origins.is_forged(&given_up, &ends, || false, &lab().0));
    }

    #[test]
    fn what_is_inside_of_a_container_may_come_from_it() {
        let mut origins = Origins::default();
        let mut at = |netns, ifindex, who| {
            forged(&mut origins, &seen(netns, ifindex, "172.17.0.2:1", HookId::TcIngress), who)
        };
        assert!(!at(4, 8, 5) && !at(4, 3, 5) && !at(1, 113, 5), "without NAT");
        assert!(!at(1, 113, 4), "the pod's own");
        assert!(!at(1, 2, INNOCENT), "what comes from outside has any address");
    }

    #[test]
    fn a_message_about_somebody_elses_packet() {
        let kind = EventKind::IcmpSeen { from: None, to: None, mtu: Some(100), message_id: 1 };
        let quoted = Event { kind, ..seen(1, 113, "10.42.0.110:4000", HookId::TcIngress) };
        assert!(forged(&mut Origins::default(), &quoted, INNOCENT));
        let to_attacker =
            Ends { dst: Some(End { netns: NetnsId(4), remote: ip("10.42.0.110") }), ..from(INNOCENT) };
        let told = Origins::default().is_forged(&quoted, &to_attacker, || false, &lab().0);
        assert!(!told, "whoever it went to may say so");
    }

    #[test]
    fn a_port_that_is_not_known_frames_nobody() {
        let mut origins = Origins::default();
        let at = |port, whose| {
            let seen = Event { port, ..seen(1, 3, "10.42.0.110:4000", HookId::TcIngress) };
            let ends = Ends { src: whose, ..Ends::default() };
            Origins::default().is_forged(&seen, &ends, || true, &lab().0)
        };
        let innocent = from(INNOCENT).src;
        assert!(at(Port::Contested, innocent) && at(Port::Contested, None));
        assert!(at(Port::Stranger, innocent) && !at(Port::Stranger, None));
        let mut node = lab().0;
        origins.look(1, &node);
        node.netns.get_mut(&NetnsId(INNOCENT)).unwrap().generation = 9;
        node.generation += 1;
        let first =
            Event { port: Port::Stranger, time_ns: 5, ..seen(1, 3, "10.42.0.110:4001", HookId::TcIngress) };
        assert!(!origins.is_forged(&first, &from(INNOCENT), || true, &node), "it has just come");
    }

    #[test]
    fn memory_is_bounded() {
        let (node, mut origins) = (lab().0, Origins::default());
        for port in 1..=u16::MAX {
            let event = seen(1, 113, &format!("10.42.0.110:{port}"), HookId::TcIngress);
            origins.is_forged(&event, &from(INNOCENT), || false, &node);
        }
        let sizes = (origins.packets.len(), origins.floods.len(), origins.checked.len());
        assert_eq!(sizes, (PACKETS, FLOWS, CHECKED));
    }
}
