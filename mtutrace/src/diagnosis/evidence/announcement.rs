//! Messages from beyond this node that say what fits there (ICMP "fragmentation needed", RFC 1191; "packet too big", RFC 8201).
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::flow::{FlowEvidence, Repeats};
use crate::model::{DeviceId, Event, Flow, NetnsId, SignalKind};

/// Most flows that are followed for one router; more of them add to the totals only.
const FLOWS: usize = 64;

/// What one router beyond this node announced to one sender.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    /// The router.
    pub(crate) router: IpAddr,
    /// The smallest MTU that it told, L3 bytes.
    pub(crate) mtu: u32,
    /// To whom the last packet that it was about went.
    pub(crate) remote: IpAddr,
    /// Messages.
    pub(crate) messages: u64,
    /// Those of them that were seen to reach the sender's own namespace.
    pub(crate) delivered: u64,
    /// Those that a firewall of this node dropped, and in which namespaces.
    pub(crate) filtered: BTreeMap<NetnsId, u64>,
    /// Where the last one was seen first.
    pub(crate) arrived: Option<DeviceId>,
    /// When the first came, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    flows: BTreeMap<Flow, FlowEvidence>,
}

impl Announcement {
    /// Nothing yet, of this router.
    pub(crate) fn new(router: IpAddr, remote: IpAddr, now_ns: u64) -> Announcement {
        Announcement {
            router,
            mtu: u32::MAX,
            remote,
            messages: 0,
            delivered: 0,
            filtered: BTreeMap::new(),
            arrived: None,
            first_ns: now_ns,
            flows: BTreeMap::new(),
        }
    }

    /// Adds a message, by its first sight.
    pub(crate) fn add(&mut self, event: &Event, mtu: u32) {
        if self.messages == 0 {
            self.first_ns = event.time_ns;
        }
        self.messages += 1;
        self.mtu = self.mtu.min(mtu);
        self.remote = event.flow.dst.ip();
        self.arrived = event.device();
        if self.flows.len() < FLOWS || self.flows.contains_key(&event.flow) {
            self.flows.entry(event.flow).or_default().segment(SignalKind::IcmpSeen, event);
        }
    }

    /// The segments about which a message came most often, each with its flow: one per flow.
    pub(crate) fn repeated(&self) -> impl Iterator<Item = (&Flow, u32, Repeats)> {
        self.flows.iter().filter_map(|(flow, segments)| {
            let (seq, repeats) = segments.worst()?;
            Some((flow, seq, repeats))
        })
    }
}
