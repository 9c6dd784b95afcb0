//! Namespaces that have appeared lately: the kernel's tables do not know of them yet. Pure.
use std::collections::BTreeMap;

use crate::model::{NetnsKey, Node};

/// Longest time from a namespace's first sight to its entries in the kernel's tables, and from a packet to its event's turn.
const YOUTH_NS: u64 = 500_000_000;

/// When each namespace appeared, CLOCK_MONOTONIC nanoseconds; those of the first look are old.
#[derive(Debug, Default)]
pub(crate) struct Young {
    generation: Option<u64>,
    since: BTreeMap<NetnsKey, u64>,
}

impl Young {
    /// Notes which namespaces there are now.
    pub(crate) fn look(&mut self, now_ns: u64, node: &Node) {
        if self.generation.replace(node.generation) == Some(node.generation) {
            return;
        }
        let first = self.since.is_empty();
        let keys = node.netns.keys().map(|id| node.key(*id));
        let since =
            keys.map(|key| (key, self.since.get(&key).copied().unwrap_or(if first { 0 } else { now_ns })));
        self.since = since.collect();
    }

    /// Whether it had just appeared at that time.
    pub(crate) fn is_young(&self, key: NetnsKey, time_ns: u64) -> bool {
        self.since.get(&key).is_none_or(|since| *since != 0 && time_ns < since.saturating_add(YOUTH_NS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::incident;

    #[test]
    fn what_was_there_at_first_is_old_and_others_grow_up() {
        let (mut node, mut young) = (incident().0, Young::default());
        let key = |node: &Node, id| node.key(crate::model::NetnsId(id));
        young.look(5, &node);
        assert!(!young.is_young(key(&node, 3), 5));
        node.generation += 1;
        node.netns.entry(crate::model::NetnsId(9)).or_default().generation = node.generation;
        young.look(1000, &node);
        assert!(
            young.is_young(key(&node, 9), 1000 + YOUTH_NS - 1)
                && !young.is_young(key(&node, 9), 1000 + YOUTH_NS)
        );
        assert!(!young.is_young(key(&node, 3), 1000));
    }
}
