//! The node and what is traced of it, written as what has changed since it was written last.
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
use node::NodeDelta;

/// Most namespaces of a node that is read: a few bytes can stand for one, and each takes some hundred.
const NAMESPACES: usize = 100_000;

/// A list with no more entries than a node may have namespaces.
fn bounded<'de, D, K, V>(deserializer: D) -> Result<Vec<(K, V)>, D::Error>
where
    D: serde::Deserializer<'de>,
    K: Deserialize<'de> + Ord + Copy,
    V: Deserialize<'de>,
{
    struct Entries<K, V>(std::marker::PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord + Copy, V: Deserialize<'de>> serde::de::Visitor<'de> for Entries<K, V> {
        type Value = Vec<(K, V)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {NAMESPACES} entries")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            // Of what is said twice the last word counts, and takes no more room.
            let mut all = std::collections::BTreeMap::new();
            while let Some((key, value)) = seq.next_element::<(K, V)>()? {
                all.insert(key, value);
                if all.len() > NAMESPACES {
                    return Err(serde::de::Error::invalid_length(all.len(), &self));
                }
            }
            Ok(all.into_iter().collect())
        }
    }

    deserializer.deserialize_seq(Entries(std::marker::PhantomData))
}

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
