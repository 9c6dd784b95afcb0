//! The distinct ways by which a namespace's packets leave the node, besides the default one: a VPN's network, a second
//! NIC, an overlay. Pure.
mod candidates;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::lookup::{Lookup, lookup};
use super::path::path;
use super::reach::namespaces;
use crate::model::{DeviceId, Hop, LinkKind, NetnsId, Node};
use candidates::{Candidate, candidates, inside};

/// Most namespaces that are looked at on the ways of one.
const NAMESPACES: usize = 16;
/// Networks of a way that are named; the others are counted.
const NAMED: usize = 16;

/// A way out, and which destinations have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Networks with their bits; the first ones where there are many.
    pub(crate) networks: Vec<(IpAddr, u8)>,
    /// How many more there are.
    pub(crate) more: usize,
    /// An address in one of them.
    pub(crate) to: IpAddr,
    /// The devices, its own first.
    pub(crate) hops: Vec<Hop>,
}

/// What routes and rules lead out of the namespaces of a node, each looked at once.
#[derive(Debug, Default)]
pub(crate) struct Exits {
    known: BTreeMap<NetnsId, Vec<Candidate>>,
    /// For each namespace: ways that were too many to look at.
    pub(crate) cut: BTreeMap<NetnsId, usize>,
}

type Way = Vec<(DeviceId, u32)>;

impl Exits {
    /// The ways out of `netns` whose devices or MTUs differ from those of `defaults`, its default paths.
    pub(crate) fn of(&mut self, node: &Node, netns: NetnsId, defaults: &[&[Hop]]) -> Vec<Exit> {
        let is_default: BTreeSet<Way> = defaults.iter().map(|hops| way(hops)).collect();
        let mut routers: VecDeque<NetnsId> =
            [netns].into_iter().chain(defaults.iter().flat_map(|hops| namespaces(hops))).collect();
        let (mut seen, mut found) = (BTreeSet::new(), BTreeMap::<Way, Exit>::new());
        while let Some(at) = routers.pop_front() {
            if !seen.insert(at) || seen.len() > NAMESPACES {
                continue;
            }
            for candidate in self.candidates(node, at) {
                let Some((to, hops)) = follow(node, netns, at, candidate) else { continue };
                if is_default.contains(&way(&hops)) {
                    continue;
                }
                routers.extend(namespaces(&hops));
                let exit = found.entry(way(&hops)).or_insert_with(|| {
                    let (networks, more) = (Vec::new(), 0);
                    Exit { networks, more, to, hops }
                });
                exit.add(candidate);
            }
        }
        found.into_values().collect()
    }

    fn candidates(&mut self, node: &Node, at: NetnsId) -> &[Candidate] {
        let cut = &mut self.cut;
        self.known.entry(at).or_insert_with(|| {
            let (found, left_out) = candidates(node, at);
            if left_out > 0 {
                cut.insert(at, left_out);
            }
            found
        })
    }
}

impl Exit {
    fn add(&mut self, candidate: &Candidate) {
        self.more += candidate.more;
        for network in &candidate.networks {
            if self.networks.contains(network) {
                continue;
            }
            if self.networks.len() < NAMED {
                self.networks.push(*network);
            } else {
                self.more += 1;
            }
        }
    }
}

fn way(hops: &[Hop]) -> Way {
    hops.iter().map(|hop| (hop.id(), hop.mtu)).collect()
}

/// The path from `netns` to a destination of the candidate, if it goes that way and leaves the node.
fn follow(node: &Node, netns: NetnsId, at: NetnsId, candidate: &Candidate) -> Option<(IpAddr, Vec<Hop>)> {
    // More specific routes may hide some of them.
    let tries = candidate.networks.iter().take(4).flat_map(|network| inside(*network));
    tries.map(|to| (to, path(node, netns, Some(to)))).find(|(to, hops)| {
        let goes_there = match candidate.device {
            Some(device) => hops.iter().any(|hop| hop.id() == device),
            None => hops.iter().any(|hop| hop.netns == at),
        };
        goes_there && leaves(node, hops, *to)
    })
}

/// Whether a path ends at a device by which packets leave the node, rather than at whoever they are for. A tunnel is a way
/// out even where its other end is on this node.
fn leaves(node: &Node, hops: &[Hop], to: IpAddr) -> bool {
    let Some(last) = hops.last() else { return false };
    let is_tunnel = |hop: &Hop| node.link(hop.id()).is_some_and(|link| link.tunnel.is_some());
    match last.kind {
        _ if hops.iter().any(is_tunnel) => true,
        LinkKind::Bridge | LinkKind::Loopback | LinkKind::Other => false,
        LinkKind::Veth => is_uplink(node, last, to),
        _ => !node.has_address(last.netns, to),
    }
}

/// Whether a veth leads to a router outside of what is known of the node, as the NIC of a virtual machine or of a
/// nested node does.
pub(crate) fn is_uplink(node: &Node, hop: &Hop, to: IpAddr) -> bool {
    let unknown = hop.kind == LinkKind::Veth
        && node.link(hop.id()).is_some_and(|link| link.peer.is_none() && link.master.is_none());
    let way = || node.netns.get(&hop.netns).map(|netns| lookup(netns, Some(to)));
    unknown
        && matches!(way(), Some(Lookup::Out(out)) if out.ifindex == hop.ifindex && out.next_hop.is_some_and(|ip| ip != to))
}

#[cfg(test)]
mod tests;
