//! The node as a tree: namespaces in the namespaces that their traffic leaves through, each with its path out. Pure.
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Container, Fix, Hop, Learnt, Mismatch, NetnsId, Node};
use crate::remediation::{self, fixes};
use crate::topology::lookup::{Lookup, lookup};
use crate::topology::mismatch;
use crate::topology::reach::namespaces;
use crate::topology::underlay::tunnels;
use crate::topology::{Underlay, bottleneck, path};

/// What is nested deeper is drawn as if it were at this depth.
const DEEPEST: usize = 32;

/// One family's default path out of a namespace.
#[derive(Clone, Debug)]
pub(super) struct EgressPath {
    /// `ipv4` or `ipv6`.
    pub(super) family: &'static str,
    /// Its own device first.
    pub(super) hops: Vec<Hop>,
    /// The smallest MTU of the hops, bytes at L3.
    pub(super) mtu: u32,
    /// It leaves its namespace by the narrowest of several next hops.
    pub(super) several: bool,
    /// The MSS that the route says to announce (`advmss`).
    pub(super) advmss: Option<u32>,
    /// What is wrong with it, if anything is.
    pub(super) mismatch: Option<Mismatch>,
}

/// A namespace in its place.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    /// Which.
    pub(super) netns: NetnsId,
    /// How many namespaces it is nested in; 0 for the host.
    pub(super) depth: usize,
    /// Whether it was asked for; if not, it is here for what is inside it.
    pub(super) chosen: bool,
    /// Name under /run/netns.
    pub(super) name: Option<&'a str>,
    /// Containers in it, the one to name first.
    pub(super) containers: Vec<&'a Container>,
    /// IPv4's path, else IPv6's; both when they are not equally good. None if there is no default route.
    pub(super) paths: Vec<EgressPath>,
    /// Its tunnels, and what carries them.
    pub(super) tunnels: Vec<Underlay>,
    /// Rules of policy routing that the paths do not follow.
    pub(super) rules: usize,
    /// Routes of other tables than main that were too many to read.
    pub(super) routes_cut: usize,
    /// Path MTUs that its kernel has learnt, the smallest first.
    pub(super) learnt: &'a [Learnt],
    /// The remedies for the first mismatch, the best first.
    pub(super) fixes: Vec<Fix>,
}

impl Entry<'_> {
    /// The first of its paths that is wrong, and how.
    pub(super) fn mismatch(&self) -> Option<(&EgressPath, &Mismatch)> {
        self.paths.iter().find_map(|path| Some((path, path.mismatch.as_ref()?)))
    }

    /// Its tunnels whose own number is wrong.
    pub(super) fn wrong_tunnels(&self) -> impl Iterator<Item = &Underlay> {
        self.tunnels.iter().filter(|below| below.wrong)
    }
}

/// The node.
#[derive(Clone, Debug)]
pub(super) struct Tree<'a> {
    /// The host's namespace; 0 if it is not known.
    pub(super) host: NetnsId,
    /// Everything that is shown; what is inside a namespace comes right after it, the host first.
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> Tree<'a> {
    /// The namespaces of these containers and of those inside them or, without any, all that have a container or a path
    /// out; and the namespaces that those are inside.
    pub(super) fn new(node: &'a Node, patterns: &[String]) -> Tree<'a> {
        let mut places: BTreeMap<NetnsId, Entry<'a>> =
            node.netns.keys().filter_map(|&netns| Some((netns, entry(node, netns)?))).collect();
        let inside = nesting(node, &places);
        let mut entries = in_order(node.host, &inside)
            .into_iter()
            .filter_map(|(netns, depth)| Some(Entry { depth: depth.min(DEEPEST), ..places.remove(&netns)? }))
            .collect::<Vec<_>>();
        for entry in &mut entries {
            entry.choose(patterns);
            let wrong_tunnel = entry.wrong_tunnels().next().cloned();
            if let Some((_, m)) = entry.mismatch() {
                entry.fixes = remediation::tunnel::fixes_of(m, node)
                    .unwrap_or_else(|| fixes(m, entry.containers.first().copied(), entry.netns, node));
            } else if let Some(below) = wrong_tunnel {
                entry.fixes = remediation::tunnel::fixes(&below, node);
            }
        }
        keep_chosen(&mut entries);
        Tree { host: node.host, entries }
    }

    /// How many containers were asked for.
    pub(super) fn containers(&self) -> usize {
        let ids: BTreeSet<&str> =
            self.chosen().flat_map(|entry| &entry.containers).map(|c| c.id.as_str()).collect();
        ids.len()
    }

    /// How many networks and tunnels are wrong.
    pub(super) fn mismatches(&self) -> usize {
        let wrong =
            |entry: &Entry<'_>| usize::from(entry.mismatch().is_some()) + entry.wrong_tunnels().count();
        self.chosen().map(wrong).sum()
    }

    /// What was asked for.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.chosen)
    }
}

impl Entry<'_> {
    fn choose(&mut self, patterns: &[String]) {
        if patterns.is_empty() {
            let shows = !self.paths.is_empty() || !self.tunnels.is_empty();
            self.chosen = !self.containers.is_empty() || shows;
            return;
        }
        let wanted = |c: &&Container| patterns.iter().any(|pattern| c.is_within(pattern));
        self.chosen = self.containers.iter().any(wanted);
        if self.chosen {
            self.containers.retain(wanted);
        } else {
            self.paths.clear();
            self.tunnels.clear();
        }
    }
}

fn entry(node: &Node, netns: NetnsId) -> Option<Entry<'_>> {
    let known = node.netns.get(&netns)?;
    let families = [("ipv4", Ipv4Addr::UNSPECIFIED.into()), ("ipv6", Ipv6Addr::UNSPECIFIED.into())];
    let mut paths: Vec<EgressPath> =
        families.into_iter().filter_map(|(family, any)| egress_path(node, netns, family, any)).collect();
    paths.dedup_by_key(|path| (path.mtu, path.mismatch.is_some()));
    Some(Entry {
        netns,
        depth: 0,
        chosen: false,
        name: known.name.as_deref(),
        containers: known.containers.iter().collect(),
        paths,
        tunnels: tunnels(node, netns).collect(),
        rules: known.rules.iter().filter(|rule| !rule.is_followed()).count(),
        routes_cut: known.routes_cut,
        learnt: &known.learnt,
        fixes: Vec::new(),
    })
}

fn egress_path(node: &Node, netns: NetnsId, family: &'static str, any: IpAddr) -> Option<EgressPath> {
    let hops = path(node, netns, Some(any));
    let mtu = bottleneck(&hops)?.1.mtu;
    let first = lookup(node.netns.get(&netns)?, Some(any));
    let (several, advmss) = match first {
        Lookup::Out(out) => (out.several, out.advmss),
        _ => (false, None),
    };
    Some(EgressPath { family, hops, mtu, several, advmss, mismatch: mismatch(node, netns, Some(any)) })
}

/// What is directly inside each namespace: by what is known of the containers, else by the path out.
fn nesting(node: &Node, places: &BTreeMap<NetnsId, Entry<'_>>) -> BTreeMap<NetnsId, Vec<NetnsId>> {
    let homes: BTreeMap<&str, NetnsId> = places
        .values()
        .flat_map(|entry| entry.containers.iter().map(|container| (container.id.as_str(), entry.netns)))
        .collect();
    let mut inside: BTreeMap<NetnsId, Vec<NetnsId>> = BTreeMap::new();
    for entry in places.values().filter(|entry| entry.netns != node.host) {
        let parents = entry.containers.first().into_iter().flat_map(|container| &container.parents);
        let mut outer = parents.filter_map(|parent| homes.get(parent.id.as_str())).copied();
        let next = || namespaces(&entry.paths.first()?.hops).get(1).copied();
        let outer = outer.find(|outer| *outer != entry.netns).or_else(next).unwrap_or(node.host);
        inside.entry(outer).or_default().push(entry.netns);
    }
    inside
}

/// Every namespace once, with its depth, what is inside it right after it.
fn in_order(host: NetnsId, inside: &BTreeMap<NetnsId, Vec<NetnsId>>) -> Vec<(NetnsId, usize)> {
    let mut order = Vec::new();
    let mut met = BTreeSet::new();
    // Two that are inside each other are inside nothing that hangs on the host.
    let strays = inside.values().flatten().map(|netns| (*netns, 1));
    for root in [(host, 0)].into_iter().chain(strays) {
        let mut next = vec![root];
        while let Some((netns, depth)) = next.pop() {
            if met.insert(netns) {
                order.push((netns, depth));
                let inner = inside.get(&netns).into_iter().flatten().rev();
                next.extend(inner.map(|netns| (*netns, depth + 1)));
            }
        }
    }
    order
}

/// Drops what was neither asked for nor has anything inside that was; never the host.
fn keep_chosen(entries: &mut Vec<Entry<'_>>) {
    // The depth of the entry kept last, of which the next one further out is around it.
    let mut inner = 0;
    let mut kept: Vec<Entry<'_>> = std::mem::take(entries)
        .into_iter()
        .rev()
        .filter(|entry| {
            let keep = entry.chosen || entry.depth < inner || entry.depth == 0;
            if keep {
                inner = entry.depth;
            }
            keep
        })
        .collect();
    kept.reverse();
    *entries = kept;
}

#[cfg(test)]
mod tests;
