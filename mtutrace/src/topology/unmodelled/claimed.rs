//! Addresses that a namespace has although a neighbour of its own sends from them.
use crate::model::{NetnsId, Node};
use crate::topology::reach::{owners, sends_from, ways_out};

/// Most addresses that are looked at.
const ADDRESSES: usize = 256;

/// The addresses of `id` that another namespace beside it has on its way out, each with that one: packets to or from them are the
/// other's, or nobody can tell whose.
pub(super) fn claimed(node: &Node, id: NetnsId) -> Vec<(std::net::IpAddr, NetnsId)> {
    let Some(netns) = node.netns.get(&id) else { return Vec::new() };
    let outer = |netns: NetnsId| ways_out(node, netns).get(1).copied();
    let others = |ip| owners(node, ip).iter().copied().filter(|other| *other != id);
    let beside = |other: NetnsId| outer(other).is_some() && outer(other) == outer(id);
    let addresses = netns.addresses.iter().take(ADDRESSES).map(|address| address.ip);
    let shared = addresses.filter(|ip| owners(node, *ip).len() > 1);
    shared
        .filter_map(|ip| Some((ip, others(ip).find(|other| beside(*other) && sends_from(node, *other, ip))?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::{ip, two_pods};

    #[test]
    fn only_what_a_neighbour_sends_from() {
        assert!(claimed(&two_pods().0, NetnsId(4)).is_empty(), "each pod has a docker0 of that address");
        let node = two_pods().address(4, 1, "10.42.0.108/32").0;
        assert_eq!(claimed(&node, NetnsId(4)), [(ip("10.42.0.108"), NetnsId(2))]);
        assert!(claimed(&node, NetnsId(2)).is_empty(), "it is the one that sends from it");
    }
}
