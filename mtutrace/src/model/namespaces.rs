//! The namespaces of a node, with an index over all of them that no change outlives.
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::namespace::Netns;
use super::netns::NetnsId;

/// What would otherwise take a walk over all namespaces (made by `topology::reach`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Who has an address, in ascending order.
    pub(crate) owners: HashMap<IpAddr, Vec<NetnsId>>,
    /// The only namespace with a device of this index; absent in it where there are several.
    pub(crate) holders: HashMap<u32, Option<NetnsId>>,
    /// Namespaces that a device pair or a stacked device connects directly, both ways.
    pub(crate) neighbours: BTreeMap<NetnsId, Vec<NetnsId>>,
    /// Which of the groups that hang together a namespace with neighbours is in.
    pub(crate) islands: BTreeMap<NetnsId, usize>,
    /// The namespaces whose default path leads through this one, nearest first.
    pub(crate) nested: BTreeMap<NetnsId, Vec<NetnsId>>,
    /// The namespaces on a namespace's default path, itself first.
    pub(crate) ways: BTreeMap<NetnsId, Vec<NetnsId>>,
}

/// A namespace that all models of the node have in common which say the same of it: one that writes to it has its own from
/// then on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedNetns(Arc<Netns>);

impl Deref for SharedNetns {
    type Target = Netns;

    fn deref(&self) -> &Netns {
        &self.0
    }
}

/// Writing nothing new makes a copy as well: compare before.
impl DerefMut for SharedNetns {
    fn deref_mut(&mut self) -> &mut Netns {
        Arc::make_mut(&mut self.0)
    }
}

impl Serialize for SharedNetns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedNetns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SharedNetns, D::Error> {
        Netns::deserialize(deserializer).map(SharedNetns::from)
    }
}

impl From<Netns> for SharedNetns {
    fn from(netns: Netns) -> SharedNetns {
        SharedNetns(Arc::new(netns))
    }
}

/// Namespaces by inode number.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    all: BTreeMap<NetnsId, SharedNetns>,
    index: OnceLock<Index>,
}

impl Namespaces {
    /// The index, made by `build` unless it has been since the last change.
    pub(crate) fn index(&self, build: impl FnOnce() -> Index) -> &Index {
        self.index.get_or_init(build)
    }
}

impl Deref for Namespaces {
    type Target = BTreeMap<NetnsId, SharedNetns>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

/// Whoever may change a namespace throws the index away.
impl DerefMut for Namespaces {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.index.take();
        &mut self.all
    }
}

/// Without the index: a copy is made of what is about to change.
impl Clone for Namespaces {
    fn clone(&self) -> Namespaces {
        Namespaces { all: self.all.clone(), index: OnceLock::new() }
    }
}

impl PartialEq for Namespaces {
    fn eq(&self, other: &Namespaces) -> bool {
        self.all == other.all
    }
}

impl Eq for Namespaces {}

impl<'a> IntoIterator for &'a Namespaces {
    type Item = (&'a NetnsId, &'a SharedNetns);
    type IntoIter = std::collections::btree_map::Iter<'a, NetnsId, SharedNetns>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl<'a> IntoIterator for &'a mut Namespaces {
    type Item = (&'a NetnsId, &'a mut SharedNetns);
    type IntoIter = std::collections::btree_map::IterMut<'a, NetnsId, SharedNetns>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::incident;

    #[test]
    fn copies_have_in_common_what_neither_has_written_to() {
        let node = incident().0;
        let mut copy = node.clone();
        copy.netns.get_mut(&NetnsId(3)).unwrap().routes.clear();
        let is_shared = |id: u32| Arc::ptr_eq(&node.netns[&NetnsId(id)].0, &copy.netns[&NetnsId(id)].0);
        assert_eq!([1, 2, 3].map(is_shared), [true, true, false]);
        assert!(!node.netns[&NetnsId(3)].routes.is_empty());
    }
}
