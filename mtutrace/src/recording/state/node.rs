//! What has changed of the node: the namespaces that are other than they were, each in full.
use serde::{Deserialize, Serialize};

use super::bounded::bounded;
use crate::model::{NetnsId, Node, SharedNetns};

/// What has changed between two models of the node.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct NodeDelta {
    host: NetnsId,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    follows_fdb: bool,
    generation: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "bounded")]
    put: Vec<(NetnsId, SharedNetns)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gone: Vec<NetnsId>,
}

impl NodeDelta {
    /// What has changed.
    pub(super) fn between(old: &Node, new: &Node) -> NodeDelta {
        let put = new.netns.iter().filter(|(id, netns)| old.netns.get(id) != Some(netns));
        NodeDelta {
            host: new.host,
            follows_fdb: new.follows_fdb,
            generation: new.generation,
            put: put.map(|(id, netns)| (*id, netns.clone())).collect(),
            gone: old.netns.keys().filter(|id| !new.netns.contains_key(id)).copied().collect(),
        }
    }

    /// Makes the change.
    pub(super) fn apply(self, node: &mut Node) {
        (node.host, node.generation) = (self.host, self.generation);
        node.follows_fdb = self.follows_fdb;
        for id in self.gone {
            node.netns.remove(&id);
        }
        node.netns.extend(self.put);
    }
}
