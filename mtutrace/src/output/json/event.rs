//! One event as an object.
use std::net::IpAddr;

use mtutrace_common::config::DropCause;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{place, protocol};
use crate::model::{
    AttributedEvent, Container, Event, EventKind, LinkKind, NetnsId, Node, SignalKind, drop_causes,
};
use crate::output::Context;

#[derive(Serialize, JsonSchema)]
pub(crate) struct EventLine<'a> {
    signal: SignalKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = drop_causes()))]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netns: Option<NetnsId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ifindex: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    egress_interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a Container>,
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    family: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gso_segments: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    hook: &'static str,
}

impl<'a> EventLine<'a> {
    pub(super) fn new(charged: &'a AttributedEvent, context: &'a Context<'_>) -> EventLine<'a> {
        let event = &charged.event;
        let flow = &event.flow;
        let mut line = EventLine {
            signal: event.kind.signal(),
            cause: event.kind.drop_cause(),
            netns: (event.netns.0 != 0).then_some(event.netns),
            interface: event.device().and_then(|d| context.node.link(d)).map(|l| l.name.as_str()),
            ifindex: (event.ifindex != 0).then_some(event.ifindex),
            egress_interface: event
                .egress_device()
                .and_then(|d| context.node.link(d))
                .map(|l| l.name.as_str()),
            container: charged.container.as_ref(),
            family: if flow.src.is_ipv4() { "ipv4" } else { "ipv6" },
            protocol: (flow.protocol != 0).then(|| protocol(flow.protocol)),
            src: known(flow.src.ip()),
            sport: (flow.src.port() != 0).then_some(flow.src.port()),
            dst: known(flow.dst.ip()),
            dport: (flow.dst.port() != 0).then_some(flow.dst.port()),
            length: (event.length != 0).then_some(event.length),
            gso_segments: event.gso_segments,
            mtu: event.kind.mtu().or_else(|| fragments_for(event, context.node)),
            mss: event.kind.mss(),
            reason: None,
            location: None,
            hook: event.hook.name(),
        };
        match &event.kind {
            // The message quotes a header; that of a super-packet says more than any device carries at once.
            EventKind::IcmpSeen { .. } => {
                line.length = line.length.filter(|l| *l <= largest_mtu(context.node))
            }
            EventKind::Drop { cause, reason, location, .. } => {
                if *cause == DropCause::VethPeer {
                    line.mtu = peer_mtu(event, context.node);
                }
                line.reason =
                    context.kernel_names.reasons.get(reason).filter(|_| *reason != 0).map(String::as_str);
                line.location =
                    context.kernel_names.symbols.as_ref().and_then(|s| s.lookup(*location)).map(place);
            }
            _ => {}
        }
        line
    }
}

/// Hooks without a packet know one end at most.
fn known(ip: IpAddr) -> Option<IpAddr> {
    (!ip.is_unspecified()).then_some(ip)
}

fn largest_mtu(node: &Node) -> u32 {
    let links = node.netns.values().flat_map(|n| n.links.values());
    links.filter(|l| l.kind != LinkKind::Loopback).map(|l| l.mtu).max().unwrap_or(u32::MAX)
}

/// What fragments that pass a device are made for is not known; the device takes them.
fn fragments_for(event: &Event, node: &Node) -> Option<u32> {
    let passes = matches!(event.kind, EventKind::Fragmented { mtu: None });
    Some(node.link(event.device().filter(|_| passes)?)?.mtu)
}

fn peer_mtu(event: &Event, node: &Node) -> Option<u32> {
    Some(node.link(node.link(event.device()?)?.peer?)?.mtu)
}
