//! Who is near whom: the owner of an address, and what is nested inside a namespace.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::path::path;
use crate::model::{Hop, NetnsId, Node};

/// The namespace that has the address `ip`, as seen from `near`: the nearest one, where each veth pair, macvlan or VLAN
/// between two namespaces is one step. 172.17.0.2 exists in many pods of a node.
///
/// Absent when nobody has it, or when two are equally near: charging the wrong container is worse than charging none.
/// Loopback and unspecified addresses (RFC 1122, 3.2.1.3; RFC 4291, 2.5) never leave `near`.
///
/// Goes over all devices of the node unless `near` has the address itself: keep the answer while the node stands.
pub(crate) fn resolve(node: &Node, near: NetnsId, ip: IpAddr) -> Option<NetnsId> {
    if !node.netns.contains_key(&near) {
        return None;
    }
    if ip.is_loopback() || ip.is_unspecified() || node.has_address(near, ip) {
        return Some(near);
    }
    let neighbours = neighbours(node);
    let mut seen = BTreeSet::from([near]);
    let mut ring = BTreeSet::from([near]);
    while !ring.is_empty() {
        let mut owners = ring.iter().filter(|netns| node.has_address(**netns, ip));
        match (owners.next(), owners.next()) {
            (Some(owner), None) => return Some(*owner),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
        ring = ring.iter().filter_map(|netns| neighbours.get(netns)).flatten().copied().collect();
        ring.retain(|netns| seen.insert(*netns));
    }
    None
}

/// Namespaces that a device pair or a stacked device connects directly, both ways.
fn neighbours(node: &Node) -> BTreeMap<NetnsId, BTreeSet<NetnsId>> {
    let mut found: BTreeMap<NetnsId, BTreeSet<NetnsId>> = BTreeMap::new();
    for (&id, netns) in &node.netns {
        for peer in netns.links.values().filter_map(|link| link.peer).filter(|peer| peer.netns != id) {
            found.entry(id).or_default().insert(peer.netns);
            found.entry(peer.netns).or_default().insert(id);
        }
    }
    found
}

/// The namespaces whose default path leads through `outer`, routed or bridged: those nested in it, nearest first.
pub(crate) fn inside(node: &Node, outer: NetnsId) -> Vec<NetnsId> {
    let mut found: Vec<(usize, NetnsId)> = node
        .netns
        .keys()
        .filter(|netns| **netns != outer)
        .filter_map(|netns| {
            let way = namespaces(&path(node, *netns, None));
            Some((way.iter().position(|passed| *passed == outer)?, *netns))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, netns)| netns).collect()
}

/// The namespaces of a path in their order, each once.
pub(crate) fn namespaces(path: &[Hop]) -> Vec<NetnsId> {
    let mut seen = BTreeSet::new();
    path.iter().map(|hop| hop.netns).filter(|netns| seen.insert(*netns)).collect()
}

#[cfg(test)]
mod tests;
