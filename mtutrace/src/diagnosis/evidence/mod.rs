//! What is known of one container's trouble: the figures that the verdict rules judge by. Pure.
mod announcement;
mod cut;
mod damaged;
mod external;
mod flow;
mod hole;
mod lost;
mod stalled;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnosis::l2_drop::LinkPair;
use crate::diagnosis::obstacle::Obstacle;
use crate::model::{Container, Event, EventKind, Flow, Mismatch, NetnsId, SignalKind};
use crate::topology::Underlay;
use mtutrace_common::config::DropCause;

pub(crate) use announcement::Announcement;
pub(crate) use cut::Cut;
pub(crate) use damaged::Damaged;
pub(crate) use external::ExternalEvidence;
pub(crate) use flow::{FlowEvidence, Repeats};
pub(crate) use hole::PersistentHole;
pub(crate) use lost::LostFragments;
pub(crate) use stalled::{StalledConnections, StuckUpload, peer};

/// Most flows that are followed for one trouble; more of them add to the totals only.
const FLOWS: usize = 256;

/// One container that sends or gets packets too big for its way.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Its namespace.
    pub(crate) netns: NetnsId,
    /// Its container, which may be gone by the time that it is judged.
    pub(crate) container: Option<Container>,
    /// What is wrong with its network.
    pub(crate) mismatch: Mismatch,
    /// Packets die between two devices, not at a router.
    pub(crate) silent: Option<LinkPair>,
    /// The events name what stopped them, and the model does not lead there.
    pub(crate) obstacle: Option<Obstacle>,
    /// They get too big inside a tunnel, whose own number is wrong.
    pub(crate) tunnel: Option<Underlay>,
    /// What happened to them outside the tunnel, by signal.
    pub(crate) outer: BTreeMap<SignalKind, u64>,
    /// When it was first seen, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When it was last seen.
    pub(crate) last_ns: u64,
    /// Events by signal.
    pub(crate) counts: BTreeMap<SignalKind, u64>,
    /// Largest packet (or segment), L3 bytes.
    pub(crate) largest: u32,
    /// Largest segment that a SYN of its own promised, L3 bytes.
    pub(crate) promised: u32,
    /// Limits that its packets met and how often, L3 bytes.
    pub(crate) limits: BTreeMap<u32, u64>,
    /// ICMP "too big" messages that a firewall of this node dropped.
    pub(crate) filtered: u64,
    /// Its datagrams that were cut on the way, by who saw it: the classifiers that they would be, the kprobes that they
    /// were.
    pub(crate) cut: BTreeMap<SignalKind, Cut>,
    flows: BTreeMap<Flow, FlowEvidence>,
    /// Nothing more is to come.
    settled: bool,
}

impl Evidence {
    /// A trouble without any event yet.
    pub(crate) fn new(netns: NetnsId, mismatch: Mismatch, now_ns: u64) -> Evidence {
        Evidence {
            netns,
            container: None,
            mismatch,
            silent: None,
            obstacle: None,
            tunnel: None,
            outer: BTreeMap::new(),
            first_ns: now_ns,
            last_ns: now_ns,
            counts: BTreeMap::new(),
            largest: 0,
            promised: 0,
            limits: BTreeMap::new(),
            filtered: 0,
            cut: BTreeMap::new(),
            flows: BTreeMap::new(),
            settled: false,
        }
    }

    /// Whether a number of this node is what is wrong.
    pub(crate) fn blames(&self) -> bool {
        self.obstacle.is_none_or(|obstacle| obstacle.is_ours)
    }

    /// The other end of its connections, if they are from before its MTU was lowered.
    pub(crate) fn older(&self) -> Option<IpAddr> {
        self.obstacle.and_then(|obstacle| obstacle.older)
    }

    /// Notes whose it is, where that is known now.
    pub(crate) fn belongs_to(&mut self, container: Option<&Container>) {
        if container.is_some() && container != self.container.as_ref() {
            self.container = container.cloned();
        }
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, event: &Event) {
        let signal = event.kind.signal();
        if let EventKind::Fragmented { mtu } | EventKind::Oversized { mtu, may_be_cut: true, .. } = event.kind
        {
            self.last_ns = self.last_ns.max(event.time_ns);
            self.cut.entry(signal).or_default().add(event, mtu.unwrap_or(self.mismatch.bottleneck.mtu));
            return;
        }
        // A promise is not yet trouble: that begins with the first packet.
        let begins = self.counts.keys().all(|known| *known == SignalKind::MssExceedsPath);
        self.first_ns = if begins { event.time_ns } else { self.first_ns.min(event.time_ns) };
        self.last_ns = self.last_ns.max(event.time_ns);
        *self.counts.entry(signal).or_default() += 1;
        let filtered = matches!(event.kind, EventKind::Drop { cause: DropCause::IcmpFiltered, .. }) as u64;
        self.filtered += filtered;
        let limit = match event.kind {
            EventKind::Oversized { mtu, .. } | EventKind::IcmpSent { mtu } => mtu,
            // At a bridge's port it is the port's.
            EventKind::Drop { .. } if filtered == 0 => event.kind.mtu(),
            _ => None,
        };
        if signal == SignalKind::MssExceedsPath {
            self.promised = self.promised.max(event.length);
            return;
        }
        if filtered == 0 && signal != SignalKind::IcmpSeen {
            self.largest = self.largest.max(event.length);
        }
        if let Some(limit) = limit {
            *self.limits.entry(limit).or_default() += 1;
        }
        if self.flows.len() >= FLOWS && !self.flows.contains_key(&event.flow) {
            return;
        }
        let flow = self.flows.entry(event.flow).or_default();
        let dies = matches!(
            signal,
            SignalKind::Drop | SignalKind::FragFailed | SignalKind::Oversized | SignalKind::IcmpSent
        );
        if filtered == 0 && dies && event.flow.is_tcp() {
            flow.segment(signal, event);
        }
    }

    /// Nothing more is to come: keeps what verdicts are judged by, a sixteenth of what flows may take.
    pub(crate) fn settle(&mut self) {
        if !std::mem::replace(&mut self.settled, true) {
            self.flows.values_mut().for_each(FlowEvidence::settle);
        }
    }

    /// Adds a packet that was cut or died outside of the tunnel.
    pub(crate) fn outside(&mut self, signal: SignalKind, time_ns: u64) {
        self.last_ns = self.last_ns.max(time_ns);
        *self.outer.entry(signal).or_default() += 1;
    }

    /// Flows that are followed.
    pub(crate) fn flows(&self) -> impl Iterator<Item = (&Flow, &FlowEvidence)> {
        self.flows.iter()
    }

    /// Whether this flow is one of them.
    pub(crate) fn follows(&self, flow: Flow) -> bool {
        self.flows.contains_key(&flow)
    }

    /// Number of events with this signal.
    pub(crate) fn count(&self, signal: SignalKind) -> u64 {
        self.counts.get(&signal).copied().unwrap_or(0)
    }
}
