//! What an event says, and what it does not.
use mtutrace_common::config::DropCause;

use crate::diagnosis::flows::SynObservation;
use crate::model::{Event, EventKind, Link, LinkKind, NetnsId, Node};
use crate::topology;

/// Bytes that an L2 forwarding check allows beyond the MTU: a VLAN tag (`is_skb_forwardable`).
const VLAN: u32 = 4;

/// Whether the event is evidence of a packet too big for this limit.
pub(super) fn about_size(event: &Event, netns: NetnsId, limit: u32) -> bool {
    match event.kind {
        EventKind::IcmpSeen { .. } => true,
        EventKind::Drop { icmp_too_big: true, .. } => true,
        // What a container cuts itself fits, as far as it knows.
        EventKind::Fragmented { mtu } => mtu.is_some() && event.netns != netns && event.length > limit,
        EventKind::Syn { .. } | EventKind::PmtuUpdated { .. } => false,
        EventKind::Drop {
            cause: DropCause::Reassembly | DropCause::FragmentFiltered | DropCause::Checksum,
            ..
        } => false,
        _ => event.length > limit,
    }
}

/// `__dev_forward_skb2` drops for other reasons too; a GSO packet is never too big for it.
pub(super) fn fits_peer(event: &Event, node: &Node) -> bool {
    let peer = event.device().and_then(|d| node.link(d)).and_then(|l| l.peer).and_then(|p| node.link(p));
    !peer.is_some_and(|peer| is_larger_than(event, peer))
}

/// Whether the device cannot have carried the packet in one piece.
fn is_larger_than(event: &Event, link: &Link) -> bool {
    event.gso_segments.is_none() && event.length > link.mtu.saturating_add(VLAN)
}

/// Whether the packet is a datagram that a bridge's conntrack (br_netfilter, nf_defrag_ipv6) has put together: it is larger than
/// the device that it came by, and leaves in the pieces that it came in (`frag_max_size` in `ip6_fragment`).
pub(super) fn was_put_together(event: &Event, node: &Node) -> bool {
    let passes = matches!(event.kind, EventKind::Oversized { .. }) && !event.flow.is_tcp();
    let carrier = event.device().and_then(|device| node.link(device));
    passes && carrier.is_some_and(|link| is_larger_than(event, link))
}

/// A SYN or SYN-ACK, where it is.
pub(super) fn sighting(event: &Event, mss: Option<u32>, forged: bool, node: &Node) -> SynObservation {
    SynObservation {
        time_ns: event.time_ns,
        netns: event.netns,
        ifindex: event.ifindex,
        egress: event.egress(),
        peer: facing(event, node).filter(|netns| *netns != event.netns),
        flow: event.flow,
        mss,
        forged,
    }
}

/// The namespace at the other end of an event's device. What leaves by a bridge comes to whom it is for.
fn facing(event: &Event, node: &Node) -> Option<NetnsId> {
    let link = node.link(event.device()?)?;
    match link.kind {
        LinkKind::Bridge if event.egress() => topology::resolve(node, event.netns, event.flow.dst.ip()),
        _ => link.peer.map(|peer| peer.netns),
    }
}

/// Whether it is the first fragment of a datagram that comes into the namespace that it is addressed to.
pub(super) fn arrives(event: &Event, node: &Node) -> bool {
    let passes = event.kind == EventKind::Fragmented { mtu: None };
    passes && !event.egress() && node.has_address(event.netns, event.flow.dst.ip())
}
