//! What a SYN or a SYN-ACK promises to take, against what the way of its sender carries. Pure.
use mtutrace_common::HookId;

use crate::diagnosis::attribution;
use crate::diagnosis::flows::{AdvertisedMss, SynObservation, TcpRole};
use crate::model::{DeviceId, Event, EventKind, LinkKind, Mismatch, NetnsId, Node, Port};
use crate::topology::{self, sees_egress};

/// A promise that will not be kept.
#[derive(Clone, Debug)]
pub(crate) struct OversizedMss {
    /// The SYN or SYN-ACK, as it was where it was seen first; `length` is that of the segments it asks for.
    pub(crate) event: Event,
    /// The namespace that sent it.
    pub(crate) netns: NetnsId,
    /// What its way carries.
    pub(crate) mismatch: Mismatch,
}

/// Whether the MSS, as the last device saw it, does not fit the way out of the container that sent it. `others`: what the other
/// side asked for, bytes of payload, where it is known: it sends no more than that itself.
pub(crate) fn oversized(
    promise: &AdvertisedMss,
    side: TcpRole,
    others: Option<u32>,
    node: &Node,
) -> Option<OversizedMss> {
    let (first, last) = (promise.first()?, promise.last()?);
    let netns = sender(first, node)?;
    // What a server without a container promises to a client on this node is the client's to hear of.
    let client_is_here = || topology::resolve(node, netns, first.flow.dst.ip()).is_some();
    if side == TcpRole::Server && node.container(netns).is_none() && client_is_here() {
        return None;
    }
    // RFC 9293 §3.7.1: the MSS counts neither IP nor TCP header.
    let headers = if first.flow.src.is_ipv4() { 40 } else { 60 };
    let length = last.mss?.min(first.mss?).min(others.unwrap_or(u32::MAX)) + headers;
    let mismatch = topology::mismatch(node, netns, Some(first.flow.dst.ip()))?;
    if length <= mismatch.bottleneck.mtu {
        return None;
    }
    let event = Event {
        // When it became certain.
        time_ns: last.time_ns,
        netns: first.netns,
        ifindex: first.ifindex,
        hook: if first.egress { HookId::TcEgress } else { HookId::TcIngress },
        port: Port::Known,
        flow: first.flow,
        length,
        gso_segments: None,
        seq: 0,
        ip_id: 0,
        kind: EventKind::Syn { mss: first.mss, ack: side == TcpRole::Server, identity: 0 },
    };
    Some(OversizedMss { event, netns, mismatch })
}

/// Whether nothing on this node can change it any more: it was just seen leaving by the last device of its sender's way
/// that has classifiers.
pub(crate) fn has_left(promise: &AdvertisedMss, seen: &SynObservation, node: &Node) -> bool {
    let way = || {
        let first = promise.first()?;
        Some(topology::path(node, sender(first, node)?, Some(first.flow.dst.ip())))
    };
    let Some(way) = way().filter(|_| seen.egress) else { return false };
    let last = way.iter().rev().map(|hop| hop.id()).find(|device| sees_egress(node, *device));
    last == Some(DeviceId { netns: seen.netns, ifindex: seen.ifindex })
}

fn sender(first: &SynObservation, node: &Node) -> Option<NetnsId> {
    if first.forged {
        return None;
    }
    if first.egress {
        return topology::resolve(node, first.netns, first.flow.src.ip());
    }
    let link = node.link(DeviceId { netns: first.netns, ifindex: first.ifindex })?;
    match link.peer {
        // A macvlan on the peer's device is in a namespace of its own.
        Some(peer) => Some(attribution::behind(node, peer.netns, first.flow.src.ip())),
        // A bridge whose port is too new to be known.
        None if link.kind == LinkKind::Bridge => topology::resolve(node, first.netns, first.flow.src.ip()),
        None => None,
    }
}
