//! Who is near whom: the owner of an address, and what is nested inside a namespace.
mod index;
mod passed;

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::path::path_before_tunnels;
use crate::model::{NetnsId, Node};
use index::index;
pub(crate) use index::prepare;
pub(crate) use passed::namespaces;

/// The namespace that has the address `ip`, as seen from `near`: the nearest one, where each veth pair, macvlan or VLAN
/// between two namespaces is one step. 172.17.0.2 exists in many pods of a node.
///
/// Absent when nobody has it, or when two are equally near: charging the wrong container is worse than charging none.
/// Loopback and unspecified addresses (RFC 1122, 3.2.1.3; RFC 4291, 2.5) never leave `near`.
///
/// Goes over namespaces only where several have the address: those that are nearer than the nearest of them.
pub(crate) fn resolve(node: &Node, near: NetnsId, ip: IpAddr) -> Option<NetnsId> {
    if !node.netns.contains_key(&near) {
        return None;
    }
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(near);
    }
    let index = index(node);
    let owners = index.owners.get(&ip)?;
    if let [owner] = owners.as_slice() {
        let island = |netns| index.islands.get(netns);
        let reaches = *owner == near || (island(owner).is_some() && island(owner) == island(&near));
        return reaches.then_some(*owner);
    }
    let mut seen = BTreeSet::from([near]);
    let mut ring = vec![near];
    while !ring.is_empty() {
        let nearest: Vec<NetnsId> =
            ring.iter().filter(|netns| owners.binary_search(netns).is_ok()).copied().collect();
        match nearest[..] {
            [] => {}
            [owner] => return Some(owner),
            _ => return the_one_that_sends(node, ip, &nearest),
        }
        ring = ring.iter().filter_map(|netns| index.neighbours.get(netns)).flatten().copied().collect();
        ring.retain(|netns| seen.insert(*netns));
    }
    None
}

/// Of several that claim an address the only one that sends from it: on `lo` or on a device that leads nowhere it draws no
/// packets from outside.
fn the_one_that_sends(node: &Node, ip: IpAddr, claim: &[NetnsId]) -> Option<NetnsId> {
    let mut real = claim.iter().filter(|netns| sends_from(node, **netns, ip));
    match (real.next(), real.next()) {
        (Some(owner), None) => Some(*owner),
        _ => None,
    }
}

/// Whether a namespace has the address on the device by which its default path begins.
pub(crate) fn sends_from(node: &Node, netns: NetnsId, ip: IpAddr) -> bool {
    let own = path_before_tunnels(node, netns, None).first().map(|hop| hop.ifindex);
    let mut addresses = node.netns.get(&netns).into_iter().flat_map(|netns| &netns.addresses);
    addresses.any(|address| address.ip == ip && Some(address.ifindex) == own)
}

/// The namespaces that have the address, in ascending order.
pub(crate) fn owners(node: &Node, ip: IpAddr) -> &[NetnsId] {
    index(node).owners.get(&ip).map_or(&[], Vec::as_slice)
}

/// The namespaces whose default path leads through `outer`, routed or bridged: those nested in it, nearest first.
pub(crate) fn inside(node: &Node, outer: NetnsId) -> &[NetnsId] {
    index(node).nested.get(&outer).map_or(&[], Vec::as_slice)
}

/// Whether the default path of `inner` leads through `outer`.
pub(crate) fn is_inside(node: &Node, inner: NetnsId, outer: NetnsId) -> bool {
    inner != outer && index(node).ways.get(&inner).is_some_and(|way| way.contains(&outer))
}

/// The namespaces on the default path of one, itself first.
pub(crate) fn ways_out(node: &Node, netns: NetnsId) -> &[NetnsId] {
    index(node).ways.get(&netns).map_or(&[], Vec::as_slice)
}

/// The only namespace with a device of this index, if there is one.
pub(crate) fn only_holder(node: &Node, ifindex: u32) -> Option<NetnsId> {
    index(node).holders.get(&ifindex).copied().flatten()
}

#[cfg(test)]
mod tests;
