//! What is known of flows that somebody asked for. A verdict and a counter name no flow: they are told by the events
//! that passed.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::filter::Filter;
use crate::model::{AttributedEvent, DeviceId, NetnsId, NetnsKey, Node, SignalKind, Tally, Verdict};

type Counts = BTreeMap<SignalKind, u64>;

/// What passed.
#[derive(Debug, Default)]
pub(crate) struct MatchedFlows {
    tallies: BTreeMap<NetnsKey, (Counts, BTreeMap<DeviceId, Counts>)>,
    containers: BTreeSet<String>,
    /// Verdicts of which no event has passed yet.
    held: Vec<Verdict>,
}

/// Whether the event's flow is asked for: by its addresses, or by those of the namespace that it is charged to, which NAT
/// hides.
pub(crate) fn event(filter: &Filter, charged: &AttributedEvent, node: &Node) -> bool {
    let flow = &charged.event.flow;
    let ends = [flow.src.ip(), flow.dst.ip()];
    (filter.hosts.is_empty()
        || ends.iter().any(|ip| is_host(filter, *ip))
        || charged.owner.is_some_and(|owner| has_address(filter, owner, node)))
        && filter.expression.as_ref().is_none_or(|expression| expression.matches(flow))
}

fn is_host(filter: &Filter, ip: IpAddr) -> bool {
    filter.hosts.iter().any(|net| net.contains(&ip))
}

/// Whether a namespace has an address that was asked for.
pub(super) fn has_address(filter: &Filter, netns: NetnsId, node: &Node) -> bool {
    let addresses = node.netns.get(&netns).map(|n| n.addresses.as_slice()).unwrap_or_default();
    // Every namespace has loopback's.
    addresses.iter().any(|address| !address.ip.is_loopback() && is_host(filter, address.ip))
}

impl MatchedFlows {
    /// An event passed.
    pub(crate) fn note(&mut self, charged: &AttributedEvent, node: &Node) {
        let netns = charged.owner.unwrap_or(node.host);
        let owner = node.key(netns);
        let signal = charged.event.kind.signal();
        let (counts, devices) = self.tallies.entry(owner).or_default();
        *counts.entry(signal).or_default() += 1;
        if let Some(device) = charged.event.device() {
            *devices.entry(device).or_default().entry(signal).or_default() += 1;
        }
        if let Some(container) = &charged.container {
            self.containers.insert(container.id.clone());
        }
    }

    /// Keeps of the counters those of events that passed.
    pub(crate) fn tallies(&mut self, all: &mut Vec<(NetnsKey, Tally)>) {
        self.tallies.retain(|owner, _| all.iter().any(|(known, _)| known == owner));
        all.retain_mut(|(owner, tally)| {
            let Some((counts, devices)) = self.tallies.get(owner) else { return false };
            (tally.counters, tally.interfaces) = (counts.clone(), devices.clone());
            // Not told apart by flow.
            tally.causes.clear();
            true
        });
    }

    /// Whether an event passed that is charged to whom the verdict is about, or his own address was asked for.
    pub(crate) fn verdict(&self, filter: &Filter, verdict: &Verdict, node: &Node) -> bool {
        if !filter.is_by_flow() {
            return true;
        }
        let netns = verdict.path.first().map(|hop| hop.netns);
        let seen = |netns: NetnsId| self.tallies.keys().any(|owner| owner.id == netns);
        verdict.container.as_ref().is_some_and(|c| self.containers.contains(&c.id))
            || netns.is_some_and(|netns| {
                seen(netns) || (filter.expression.is_none() && has_address(filter, netns, node))
            })
    }

    /// Keeps a verdict until an event passes that it is about.
    pub(crate) fn hold(&mut self, verdict: Verdict) {
        self.held.retain(|older| older.id != verdict.id);
        self.held.push(verdict);
    }

    /// Those that are kept, to be judged again.
    pub(crate) fn take_held(&mut self) -> Vec<Verdict> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests;
