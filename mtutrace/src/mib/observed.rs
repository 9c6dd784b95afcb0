//! What the hooks saw of what the kernel counts.
use std::collections::BTreeMap;

use mtutrace_common::config::DropCause;

use crate::model::{Event, EventKind, NetnsKey, Node};

/// Drops seen, by the namespace where they happened; IPv4, then IPv6, as [`crate::model::counters::FRAG_FAILS`].
#[derive(Debug, Default)]
pub(crate) struct Observed {
    seen: BTreeMap<NetnsKey, [u64; 2]>,
}

/// Namespaces that are remembered: those that are gone make room for new ones.
const NAMESPACES: usize = 65_536;

impl Observed {
    /// Takes note of a drop that the kernel counts as FragFails: by forwarding or by output, or where that is not
    /// known. The skb's device is in the namespace that counts (`ip_forward`, `ip6_forward`, `ip_fragment`).
    pub(crate) fn note(&mut self, event: &Event, node: &Node) {
        let EventKind::Drop { cause: DropCause::Forward | DropCause::FragFailed | DropCause::Other, .. } =
            event.kind
        else {
            return;
        };
        if self.seen.len() >= NAMESPACES {
            self.seen.retain(|owner, _| node.is_current(*owner));
        }
        let owner = node.key(event.netns);
        self.seen.entry(owner).or_default()[usize::from(event.flow.src.is_ipv6())] += 1;
    }

    /// What was seen in a namespace.
    pub(crate) fn seen(&self, owner: NetnsKey) -> [u64; 2] {
        self.seen.get(&owner).copied().unwrap_or_default()
    }
}
