//! Datagrams that come in fragments for somebody on this node: whether any of them is ever put together. The kernel itself gives
//! them up only after 30 s (`ipfrag_time`; 60 s for IPv6). Pure.
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Event, Flow, NetnsKey, Node};
use crate::topology;

/// Most receivers that are followed.
const RECEIVERS: usize = 256;
/// Most datagrams of one that are told apart.
const DATAGRAMS: usize = 64;
/// Fragments of one datagram come within milliseconds, and the kernel's counters are read within seconds.
const WAIT_NS: u64 = 8_000_000_000;
/// Where there are many namespaces the counters are read in turns: those that tell must be of so long after the first came.
const READ_NS: u64 = 1_000_000_000;

/// What came for one receiver since something was put together for it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incomplete {
    /// Identifications of the datagrams of which the first fragment was seen, up to a bound.
    ids: BTreeSet<u16>,
    /// Whose they are to hear of: the receiver, or a container that sent the first of them.
    pub(crate) owner: NetnsKey,
    /// The first one's flow.
    pub(crate) flow: Flow,
    /// When the first of them came, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When the last.
    pub(crate) last_ns: u64,
    /// What had been put together when the first came.
    before: u64,
}

impl Incomplete {
    /// Datagrams of which the first fragment was seen.
    pub(crate) fn count(&self) -> u64 {
        self.ids.len() as u64
    }
}

/// All receivers.
#[derive(Debug, Default)]
pub(crate) struct Arriving {
    receivers: BTreeMap<NetnsKey, Incomplete>,
    reassembled: BTreeMap<NetnsKey, u64>,
    /// All of it was read then or later, CLOCK_MONOTONIC nanoseconds.
    until_ns: u64,
}

impl Arriving {
    /// What the kernel has put together in each namespace since the start of the run, all of it read at that time or later.
    pub(crate) fn reassembled(&mut self, all: BTreeMap<NetnsKey, u64>, until_ns: u64) {
        (self.reassembled, self.until_ns) = (all, until_ns);
    }

    /// The first fragment of a datagram for `receiver` was seen.
    pub(crate) fn note(&mut self, receiver: NetnsKey, owner: NetnsKey, event: &Event, node: &Node) {
        let time_ns = event.time_ns;
        let done = self.done(receiver, node);
        if self.receivers.len() >= RECEIVERS && !self.receivers.contains_key(&receiver) {
            return;
        }
        let (ids, flow) = (BTreeSet::new(), event.flow);
        let fresh = Incomplete { ids, owner, flow, first_ns: time_ns, last_ns: time_ns, before: done };
        let known = self.receivers.entry(receiver).or_insert_with(|| fresh.clone());
        if known.before != done {
            *known = fresh;
        }
        if known.ids.len() < DATAGRAMS {
            known.ids.insert(event.ip_id);
        }
        known.last_ns = time_ns;
    }

    /// Those who wait for the rest of all that came, each with its figures; of receivers for whom something was put together
    /// there is nothing to tell.
    pub(crate) fn incomplete(&self, now_ns: u64, node: &Node) -> Vec<(NetnsKey, Incomplete)> {
        let waits = |(receiver, known): &(&NetnsKey, &Incomplete)| {
            now_ns.saturating_sub(known.first_ns) >= WAIT_NS
                && self.until_ns.saturating_sub(known.first_ns) >= READ_NS
                && self.done(**receiver, node) == known.before
        };
        self.receivers.iter().filter(waits).map(|(receiver, known)| (*receiver, known.clone())).collect()
    }

    /// Forgets receivers that are gone.
    pub(crate) fn retain(&mut self, keep: impl Fn(NetnsKey) -> bool) {
        self.receivers.retain(|receiver, _| keep(*receiver));
    }

    /// What was put together for a receiver: by itself, or by a namespace on its way that tracks connections.
    fn done(&self, receiver: NetnsKey, node: &Node) -> u64 {
        let way = topology::path(node, receiver.id, None);
        let places = topology::reach::namespaces(&way).into_iter().chain([receiver.id, node.host]);
        let mut keys: Vec<NetnsKey> = places.map(|netns| node.key(netns)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.iter().filter_map(|key| self.reassembled.get(key)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::model::{EventKind, NetnsId};
    use crate::testing::node::{HOST, incident};

    const S: u64 = 1_000_000_000;

    #[test]
    fn what_is_never_put_together_is_told_after_a_while() {
        let node = incident().0;
        let (pod, mut arriving) = (node.key(NetnsId(2)), Arriving::default());
        let dns = flow("192.0.2.53:53", "10.42.0.108:40000");
        let came = |second: u64| Event {
            time_ns: second * S,
            ip_id: second as u16,
            ..event(2, dns, EventKind::Fragmented { mtu: None })
        };
        (0..5).for_each(|second| arriving.note(pod, pod, &came(second), &node));
        arriving.note(pod, pod, &came(4), &node);
        assert!(arriving.incomplete(8 * S, &node).is_empty(), "the counters are older");
        arriving.reassembled(BTreeMap::new(), 4 * S);
        assert!(arriving.incomplete(7 * S, &node).is_empty(), "too early");
        let waiting = arriving.incomplete(8 * S, &node);
        assert_eq!(waiting.iter().map(|(who, what)| (*who, what.count())).collect::<Vec<_>>(), [(pod, 5)]);
        // The node tracks connections, and puts them together for the pod.
        arriving.reassembled([(node.key(HOST), 1)].into(), 9 * S);
        assert!(arriving.incomplete(9 * S, &node).is_empty());
        arriving.note(pod, pod, &came(10), &node);
        arriving.reassembled([(node.key(HOST), 1)].into(), 12 * S);
        assert_eq!(arriving.incomplete(18 * S, &node)[0].1.count(), 1, "counted anew from there");
        arriving.retain(|_| false);
        assert!(arriving.incomplete(99 * S, &node).is_empty());
    }
}
