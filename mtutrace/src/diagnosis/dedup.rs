//! The same packet passes several devices: which of its sights is the first. Pure.
use mtutrace_common::HookId;

use crate::diagnosis::recent::Recent;
use crate::model::{Event, EventKind, Flow, NetnsId};

/// The same packet seen again at another device comes within this.
const SAME_PACKET_NS: u64 = 2_000_000_000;
/// Most packets that are remembered; the same one again after so many others counts as another.
const PACKETS: usize = 32_768;
/// Most flows that are known to be fragmented here.
const FLOWS: usize = 4096;
/// Most places of one packet: two for each device of a path of 16 hops. What it does elsewhere is not told apart.
const PLACES: usize = 32;

/// What NAT does not change: IP version and protocol, identification, TCP sequence number, and of an ICMP message its
/// own identification and the MTU that it tells.
pub(crate) type Packet = (bool, u8, u16, u32, u32, u32);

/// What an event's packet is known by; `message_id` and `mtu` are those of an ICMP message, 0 for other packets.
pub(crate) fn packet(event: &Event, message_id: u32, mtu: u32) -> Packet {
    let flow = &event.flow;
    (flow.src.is_ipv4(), flow.protocol, event.ip_id, event.seq, message_id, mtu)
}

/// A device and the side of it; hooks elsewhere in the stack count as devices of their own.
type Place = (NetnsId, u32, HookId);

/// How often packets with the same numbers were seen where: identifications have 16 bits, and come again.
#[derive(Debug, Default)]
struct Seen {
    places: Vec<(Place, u32)>,
    packets: u32,
}

/// What was seen lately.
pub(crate) struct Dedup {
    packets: Recent<Packet, Seen>,
    /// IPv6 flows that this node fragments: their fragments have no number before they are made.
    fragmenting: Recent<Flow, ()>,
}

impl Default for Dedup {
    fn default() -> Dedup {
        Dedup {
            packets: Recent::new(SAME_PACKET_NS, PACKETS),
            fragmenting: Recent::new(SAME_PACKET_NS, FLOWS),
        }
    }
}

impl Dedup {
    /// Whether this is the first sight of what the event is about; of events other than ICMP and fragments that pass,
    /// every one is.
    pub(crate) fn is_first(&mut self, event: &Event) -> bool {
        match event.kind {
            EventKind::IcmpSeen { message_id, mtu, .. } => self.is_new(event, message_id, mtu.unwrap_or(0)),
            // Each making of fragments is one of its own: a bridge may put together what its container had cut.
            EventKind::Fragmented { mtu: Some(_) } => {
                self.is_new(event, 0, 0);
                if event.flow.src.is_ipv6() {
                    self.fragmenting.insert(event.flow, (), event.time_ns);
                }
                true
            }
            EventKind::Fragmented { mtu: None } => {
                self.fragmenting.get(&event.flow, event.time_ns).is_none() && self.is_new(event, 0, 0)
            }
            _ => true,
        }
    }

    /// A packet comes by a place once: what is seen there more often than anywhere before is another packet.
    fn is_new(&mut self, event: &Event, message_id: u32, mtu: u32) -> bool {
        let seen = self.packets.renew(packet(event, message_id, mtu), event.time_ns);
        let place = (event.netns, event.ifindex, event.hook);
        let known = seen.places.iter().position(|(known, _)| *known == place);
        let at = known.unwrap_or(seen.places.len());
        if at >= PLACES {
            return false;
        }
        if known.is_none() {
            seen.places.push((place, 0));
        }
        let (_, times) = &mut seen.places[at];
        *times += 1;
        let new = *times > seen.packets;
        seen.packets = seen.packets.max(*times);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};

    fn fragment(netns: u32, hook: HookId, id: u16, src: &str) -> Event {
        let mtu = (hook == HookId::IpDoFragment || hook == HookId::Ip6Fragment).then_some(1400);
        let dst = if src.starts_with('[') { "[2001:db8::2]:9" } else { "192.0.2.2:9" };
        let mut event = event(netns, flow(src, dst), EventKind::Fragmented { mtu });
        (event.hook, event.ip_id) = (hook, id);
        event
    }

    #[test]
    fn numbers_that_come_again_are_other_packets_in_whatever_order_they_pass() {
        let mut sights = Dedup::default();
        let mut see = |netns| sights.is_first(&fragment(netns, HookId::TcIngress, 7, "10.0.0.1:5"));
        // Two packets with one number, in step, and then one behind the other; NAT is no matter.
        assert_eq!([see(1), see(2), see(1), see(2)], [true, false, true, false]);
        assert_eq!([see(1), see(1), see(2), see(2)], [true, true, false, false]);
    }

    #[test]
    fn what_this_node_fragments_is_not_counted_again_where_it_passes() {
        for src in ["10.0.0.1:5", "[2001:db8::1]:5"] {
            let mut sights = Dedup::default();
            // Of IPv6 the number is not known while the fragments are made.
            let (made, number) = match src.starts_with('[') {
                true => (HookId::Ip6Fragment, 0),
                false => (HookId::IpDoFragment, 7),
            };
            assert!(sights.is_first(&fragment(1, made, number, src)));
            assert!(!sights.is_first(&fragment(1, HookId::TcEgress, 7, src)));
            assert!(sights.is_first(&fragment(2, made, number, src)), "cut once more, elsewhere");
            assert!(!sights.is_first(&fragment(2, HookId::TcEgress, 7, src)));
            let mut later = fragment(1, HookId::TcEgress, 7, src);
            later.time_ns = SAME_PACKET_NS;
            assert!(sights.is_first(&later));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut sights = Dedup::default();
        for n in 0..100_000u32 {
            let mut event = fragment(1, HookId::TcIngress, n as u16, "10.0.0.1:5");
            // All of them within the time in which a packet may come again.
            (event.seq, event.time_ns) = (n, u64::from(n));
            assert!(sights.is_first(&event));
        }
        assert_eq!(sights.packets.len(), PACKETS);
        for n in 0..10_000u16 {
            sights.is_first(&fragment(1, HookId::Ip6Fragment, 0, &format!("[2001:db8::1]:{n}")));
        }
        assert_eq!(sights.fragmenting.len(), FLOWS);
        let mut see = |netns| sights.is_first(&fragment(netns, HookId::TcIngress, 7, "10.0.0.1:5"));
        assert!(see(0) && (1..1000).all(|netns| !see(netns)));
        let seen = sights.packets.renew((true, 6, 7, 1, 0, 0), 0);
        assert_eq!(seen.places.len(), PLACES);
    }
}
