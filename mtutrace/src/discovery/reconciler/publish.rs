//! What the reconciler knows, told to whoever charges events.
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Worker;
use crate::telemetry::TraceStatus;
use crate::topology;

impl Worker {
    /// What moved of the kernel's counters.
    pub(super) fn publish_kernel(&self) {
        let moved = Arc::new(self.mib.moved().clone());
        self.snapshots.send_modify(|snapshot| snapshot.kernel = moved);
    }

    /// How old the kernel's counters are, if nothing else is new.
    pub(super) fn publish_age(&self) {
        let kernel_ns = self.kernel_ns();
        self.snapshots.send_modify(|snapshot| snapshot.kernel_ns = kernel_ns);
    }

    /// Of all namespaces the counters were read then or later, CLOCK_MONOTONIC.
    fn kernel_ns(&self) -> u64 {
        let age = u64::try_from(self.mib.age(&self.topology).as_nanos()).unwrap_or(u64::MAX);
        self.clock.now_ns().saturating_sub(age)
    }

    /// All else; `changed`: the node, too.
    pub(super) fn publish(&mut self, changed: bool) {
        let node = self.topology.node();
        let containers: BTreeSet<&str> =
            node.netns.values().flat_map(|n| &n.containers).map(|c| c.id.as_str()).collect();
        let status = TraceStatus {
            hooks: self.hooks.clone(),
            interfaces: self.classifiers.attached(),
            namespaces: node.netns.len(),
            unreadable: self.topology.unreadable().len(),
            refused: self.classifiers.refused(),
            containers: containers.len(),
            claimed: self.scanner.claimed(),
            cut: node.netns.values().filter(|netns| netns.is_cut()).count(),
            pid_namespace: self.pid_namespace,
        };
        let programs = self.measured.programs(&self.classifiers, self.ending);
        let node = changed.then(|| {
            let node = node.clone();
            // Here, so that no event has to wait for it.
            topology::prepare(&node);
            Arc::new(node)
        });
        let kernel_ns = self.kernel_ns();
        let (wanted, ready) = (self.classifiers.wanted(self.topology.node()), self.ready);
        self.snapshots.send_modify(|snapshot| {
            snapshot.kernel_ns = kernel_ns;
            if let Some(node) = node {
                snapshot.node = node;
            }
            snapshot.status = status;
            (snapshot.wanted, snapshot.ready) = (wanted, ready);
            snapshot.programs = programs;
        });
    }
}
