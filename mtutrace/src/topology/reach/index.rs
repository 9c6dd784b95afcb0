//! Goes over all namespaces of a node once, so that who asks about one of them need not.
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::passed::namespaces;
use crate::model::{Index, NetnsId, Node};
use crate::topology::path::path_before_tunnels;

/// The index of the node as it is now.
pub(super) fn index(node: &Node) -> &Index {
    node.netns.index(|| build(node))
}

/// Makes the index now, for who is in less of a hurry than whoever asks first.
pub(crate) fn prepare(node: &Node) {
    index(node);
}

fn build(node: &Node) -> Index {
    #[cfg(test)]
    tests::BUILT.set(tests::BUILT.get() + 1);
    let mut index = Index::default();
    let mut neighbours: BTreeMap<NetnsId, BTreeSet<NetnsId>> = BTreeMap::new();
    let mut nested: BTreeMap<NetnsId, Vec<(usize, NetnsId)>> = BTreeMap::new();
    for (&id, netns) in &node.netns {
        for address in &netns.addresses {
            let owners = index.owners.entry(address.ip).or_default();
            // One may have it on several devices.
            if owners.last() != Some(&id) {
                owners.push(id);
            }
        }
        for ifindex in netns.links.keys() {
            index.holders.entry(*ifindex).and_modify(|holder| *holder = None).or_insert(Some(id));
        }
        for peer in netns.links.values().filter_map(|link| link.peer).filter(|peer| peer.netns != id) {
            neighbours.entry(id).or_default().insert(peer.netns);
            neighbours.entry(peer.netns).or_default().insert(id);
        }
        let way = namespaces(&path_before_tunnels(node, id, None));
        for (place, outer) in way.iter().enumerate().filter(|(_, outer)| **outer != id) {
            nested.entry(*outer).or_default().push((place, id));
        }
        index.ways.insert(id, way);
    }
    index.neighbours =
        neighbours.into_iter().map(|(id, others)| (id, others.into_iter().collect())).collect();
    index.islands = islands(&index.neighbours);
    for (outer, mut inner) in nested {
        inner.sort_unstable();
        index.nested.insert(outer, inner.into_iter().map(|(_, id)| id).collect());
    }
    index
}

fn islands(neighbours: &BTreeMap<NetnsId, Vec<NetnsId>>) -> BTreeMap<NetnsId, usize> {
    let mut islands = BTreeMap::new();
    for (island, first) in neighbours.keys().enumerate() {
        let mut open = vec![*first];
        while let Some(netns) = open.pop() {
            if let Entry::Vacant(unknown) = islands.entry(netns) {
                unknown.insert(island);
                open.extend(neighbours.get(&netns).into_iter().flatten());
            }
        }
    }
    islands
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::{inside, resolve};
    use super::*;
    use crate::testing::node::{HOST, incident, ip};

    thread_local!(pub(super) static BUILT: Cell<u32> = const { Cell::new(0) });

    #[test]
    fn the_node_is_gone_over_once_and_again_when_it_has_changed() {
        let before = BUILT.get();
        let mut node = incident().0;
        for _ in 0..100 {
            assert_eq!(resolve(&node, HOST, ip("10.42.0.108")), Some(NetnsId(2)));
            assert_eq!(inside(&node, NetnsId(2)), [NetnsId(3)]);
        }
        assert_eq!(BUILT.get() - before, 1);
        node.netns.get_mut(&NetnsId(2)).unwrap().addresses.retain(|a| a.ip != ip("10.42.0.108"));
        assert_eq!(resolve(&node, HOST, ip("10.42.0.108")), None);
        let copy = node.clone();
        node.netns.remove(&NetnsId(3));
        assert!(inside(&node, NetnsId(2)).is_empty());
        assert_eq!(inside(&copy, NetnsId(2)), [NetnsId(3)]);
        assert_eq!(BUILT.get() - before, 4);
    }
}
