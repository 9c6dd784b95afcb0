//! The namespaces of a node, with an index over all of them that no change outlives.
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::netns::NetnsId;
use super::node::Netns;

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

/// Namespaces by inode number.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    all: BTreeMap<NetnsId, Netns>,
    index: OnceLock<Index>,
}

impl Namespaces {
    /// The index, made by `build` unless it has been since the last change.
    pub(crate) fn index(&self, build: impl FnOnce() -> Index) -> &Index {
        self.index.get_or_init(build)
    }
}

impl Deref for Namespaces {
    type Target = BTreeMap<NetnsId, Netns>;

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
    type Item = (&'a NetnsId, &'a Netns);
    type IntoIter = std::collections::btree_map::Iter<'a, NetnsId, Netns>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl<'a> IntoIterator for &'a mut Namespaces {
    type Item = (&'a NetnsId, &'a mut Netns);
    type IntoIter = std::collections::btree_map::IterMut<'a, NetnsId, Netns>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
