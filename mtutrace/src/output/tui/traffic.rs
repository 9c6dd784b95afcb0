//! What was seen of one container's packets: their flows and their sizes, in bounded room.
use std::collections::HashMap;

use hdrhistogram::Histogram;

use crate::model::{Event, EventKind, Flow};

/// Most flows that are counted at a time; a new one takes the place of the smallest.
const FLOWS: usize = 64;
/// The largest IP packet, bytes.
const LARGEST: u64 = 65_535;

/// One flow's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FlowTraffic {
    /// Events.
    pub(super) events: u64,
    /// Its largest packet, L3 bytes; 0 if only messages about it were seen.
    pub(super) largest: u32,
}

/// Flows and sizes.
#[derive(Clone, Debug)]
pub(super) struct Traffic {
    /// When the last event came, CLOCK_MONOTONIC nanoseconds.
    pub(super) last_ns: u64,
    /// Lengths of packets, L3 bytes; exact up to 2048.
    pub(super) sizes: Histogram<u32>,
    flows: HashMap<Flow, FlowTraffic>,
}

impl Traffic {
    /// Nothing yet; absent only if the bounds were wrong.
    pub(super) fn new() -> Option<Traffic> {
        let sizes = Histogram::new_with_bounds(1, LARGEST, 3).ok()?;
        Some(Traffic { last_ns: 0, sizes, flows: HashMap::new() })
    }

    /// Adds an event.
    pub(super) fn add(&mut self, event: &Event) {
        self.last_ns = self.last_ns.max(event.time_ns);
        let length = length(event);
        if let Some(length) = length {
            self.sizes.saturating_record(u64::from(length));
        }
        if self.flows.len() >= FLOWS && !self.flows.contains_key(&event.flow) {
            let smallest = self.flows.iter().min_by_key(|(flow, traffic)| (traffic.events, **flow));
            if let Some(flow) = smallest.map(|(flow, _)| *flow) {
                self.flows.remove(&flow);
            }
        }
        let flow = self.flows.entry(event.flow).or_default();
        flow.events += 1;
        flow.largest = flow.largest.max(length.unwrap_or(0));
    }

    /// The flows with the most events, the largest first.
    pub(super) fn top(&self, most: usize) -> Vec<(Flow, FlowTraffic)> {
        let mut flows: Vec<_> = self.flows.iter().map(|(flow, traffic)| (*flow, *traffic)).collect();
        flows.sort_by_key(|(flow, traffic)| (std::cmp::Reverse(traffic.events), *flow));
        flows.truncate(most);
        flows
    }
}

/// The length of the packet that the event is about, if it is about a packet: not a promise, not a message.
fn length(event: &Event) -> Option<u32> {
    let packet = match event.kind {
        EventKind::Syn { .. } | EventKind::PmtuUpdated { .. } | EventKind::SackHole { .. } => false,
        EventKind::IcmpSeen { .. } | EventKind::IcmpSent { .. } => false,
        EventKind::Drop { icmp_too_big, .. } => !icmp_too_big,
        _ => true,
    };
    (packet && event.length > 0).then_some(event.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tui::testing::event;

    #[test]
    fn only_packets_have_a_size() {
        let mut traffic = Traffic::new().unwrap();
        traffic.add(&event(1, 1500, EventKind::Retransmit));
        traffic.add(&event(1, 1400, EventKind::IcmpSent { mtu: Some(1450) }));
        traffic.add(&event(2, u32::MAX, EventKind::Retransmit));
        assert_eq!(traffic.sizes.len(), 2);
        assert_eq!(traffic.top(9)[0].1, FlowTraffic { events: 2, largest: 1500 });
    }

    #[test]
    fn flows_are_bounded_and_the_large_ones_stay() {
        let mut traffic = Traffic::new().unwrap();
        for port in 1..=1000 {
            traffic.add(&event(port, 1500, EventKind::Retransmit));
            traffic.add(&event(1, 1500, EventKind::Retransmit));
        }
        assert_eq!(traffic.top(usize::MAX).len(), FLOWS);
        assert_eq!(traffic.top(1)[0].1.events, 1001);
    }
}
