//! Datagrams of which fragments were lost.
use std::collections::{BTreeMap, BTreeSet};

use mtutrace_common::config::DropCause;

use crate::model::{Event, Flow, NetnsId, NetnsKey};

/// Most datagrams that are told apart.
const DATAGRAMS: usize = 64;

/// Datagrams of which a fragment was lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostFragments {
    /// Which: ends and identification (RFC 791, RFC 8200 §4.5); up to a bound.
    pub(crate) datagrams: BTreeSet<(Flow, u16)>,
    /// Fragments that a firewall of this node dropped, and in which namespaces.
    pub(crate) filtered: BTreeMap<NetnsId, u64>,
    /// Datagrams that were given up because the rest did not come (`IpReasmTimeout`).
    pub(crate) given_up: u64,
    /// One of their flows with its ports, as a first fragment has them.
    pub(crate) ports: Option<Flow>,
    /// Datagrams of which the first fragment came, and nothing was put together since.
    pub(crate) incomplete: u64,
    /// Either end of them that is on this node.
    pub(crate) ends: BTreeSet<NetnsKey>,
    /// When the first, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
}

impl LostFragments {
    /// Adds a fragment that was dropped, or a datagram that was given up, of these ends.
    pub(crate) fn add(&mut self, event: &Event, cause: DropCause, ends: impl Iterator<Item = NetnsKey>) {
        if self.datagrams.is_empty() {
            self.first_ns = event.time_ns;
        }
        self.ends.extend(ends);
        if self.ports.is_none() && event.flow.src.port() != 0 {
            self.ports = Some(event.flow);
        }
        if self.datagrams.len() < DATAGRAMS {
            // Later fragments have no ports.
            let mut flow = event.flow;
            flow.src.set_port(0);
            flow.dst.set_port(0);
            self.datagrams.insert((flow, event.ip_id));
        }
        match cause {
            DropCause::Reassembly => self.given_up += 1,
            _ => *self.filtered.entry(event.netns).or_default() += 1,
        }
    }
}
