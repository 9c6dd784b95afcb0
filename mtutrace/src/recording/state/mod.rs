//! The node and what is traced of it, written as what has changed since it was written last.
mod bounded;
mod node;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::discovery::snapshot::Snapshot;
use crate::mib::delta::Delta;
use crate::model::NetnsKey;
use crate::telemetry::TraceStatus;
use crate::telemetry::cost::ProgramCost;
use bounded::bounded;
use node::NodeDelta;

/// What has changed between two snapshots; what is absent has not.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SnapshotDelta {
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeDelta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<TraceStatus>,
    wanted: usize,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    programs: Option<Vec<ProgramCost>>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "bounded")]
    counted: Vec<(NetnsKey, Delta)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forgotten: Vec<NetnsKey>,
    kernel_ns: u64,
}

impl SnapshotDelta {
    /// What has changed.
    pub(crate) fn between(old: &Snapshot, new: &Snapshot) -> SnapshotDelta {
        let same = Arc::ptr_eq(&old.node, &new.node) || old.node == new.node;
        let (before, now) = (&old.kernel, &new.kernel);
        let counted = now.iter().filter(|(key, delta)| before.get(key) != Some(delta));
        SnapshotDelta {
            node: (!same).then(|| NodeDelta::between(&old.node, &new.node)),
            status: (old.status != new.status).then(|| new.status.clone()),
            wanted: new.wanted,
            ready: new.ready,
            programs: (old.programs != new.programs).then(|| new.programs.clone()),
            counted: counted.map(|(key, delta)| (*key, delta.clone())).collect(),
            forgotten: before.keys().filter(|key| !now.contains_key(key)).copied().collect(),
            kernel_ns: new.kernel_ns,
        }
    }

    /// Makes the change.
    pub(crate) fn apply(self, snapshot: &mut Snapshot) {
        if let Some(change) = self.node {
            change.apply(Arc::make_mut(&mut snapshot.node));
        }
        if let Some(status) = self.status {
            snapshot.status = status;
        }
        if let Some(programs) = self.programs {
            snapshot.programs = programs;
        }
        if !self.counted.is_empty() || !self.forgotten.is_empty() {
            let kernel = Arc::make_mut(&mut snapshot.kernel);
            kernel.extend(self.counted);
            for key in self.forgotten {
                kernel.remove(&key);
            }
        }
        (snapshot.wanted, snapshot.ready, snapshot.kernel_ns) = (self.wanted, self.ready, self.kernel_ns);
    }
}
