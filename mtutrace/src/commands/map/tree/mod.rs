//! The node as a tree: namespaces in the namespaces that their traffic leaves through, each with its path out. Pure.
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnosis::standing::{Network, causes};
use crate::model::{
    Container, Learnt, LinkKind, Netns, NetnsId, Node, StandingMismatch, Unmodelled, UnmodelledKind,
};
use crate::topology::path::path_before_tunnels;
use crate::topology::reach::namespaces;
use crate::topology::{Exits, unmodelled};

/// What is nested deeper is drawn as if it were at this depth.
const DEEPEST: usize = 32;

/// A namespace in its place.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    /// Which.
    pub(super) netns: NetnsId,
    /// How many namespaces it is nested in; 0 for the host.
    pub(super) depth: usize,
    /// Whether it was asked for; if not, it is here for what is inside it.
    pub(super) chosen: bool,
    /// As the kernel tells it.
    pub(super) known: &'a Netns,
    /// Containers in it, the one to name first.
    pub(super) containers: Vec<&'a Container>,
    /// Its ways out, and what is wrong with them.
    pub(super) network: Network,
    /// Rules of policy routing that the paths do not follow.
    pub(super) rules: usize,
    /// Routes that were too many to read, or more.
    pub(super) routes_cut: usize,
    /// Path MTUs that its kernel has learnt, the smallest first.
    pub(super) learnt: &'a [Learnt],
}

/// The node.
#[derive(Clone, Debug)]
pub(super) struct Tree<'a> {
    /// The host's namespace; 0 if it is not known.
    pub(super) host: NetnsId,
    /// Everything that is shown; what is inside a namespace comes right after it, the host first. Of those in one
    /// namespace, the ones with something wrong in them come first.
    pub(super) entries: Vec<Entry<'a>>,
    /// What is wrong with them, one for each cause, the worst first.
    pub(super) problems: Vec<StandingMismatch>,
    /// What could not be followed, in those and in the namespaces on their paths.
    pub(super) unmodelled: Vec<Unmodelled>,
}

impl<'a> Tree<'a> {
    /// The namespaces of these containers and of those inside them or, without any, all that have a container or a path
    /// out; and the namespaces that those are inside.
    pub(super) fn new(node: &'a Node, patterns: &[String]) -> Tree<'a> {
        let mut exits = Exits::default();
        let mut places: BTreeMap<NetnsId, Entry<'a>> =
            node.netns.keys().filter_map(|&netns| Some((netns, entry(node, netns, &mut exits)?))).collect();
        let mut inside = nesting(node, &places);
        for entry in places.values_mut() {
            entry.choose(patterns, node.host);
            let container = entry.containers.first().copied();
            entry.network.judge(node, entry.netns, container);
        }
        worst_first(node.host, &mut inside, &places);
        let mut entries = in_order(node.host, &inside)
            .into_iter()
            .filter_map(|(netns, depth)| Some(Entry { depth: depth.min(DEEPEST), ..places.remove(&netns)? }))
            .collect::<Vec<_>>();
        keep_chosen(&mut entries);
        let unmodelled = left_out(node, &entries, &exits);
        let chosen = entries.iter().filter(|entry| entry.chosen);
        let problems = causes(node, chosen.map(|entry| (entry.netns, &entry.containers, &entry.network)));
        Tree { host: node.host, entries, problems, unmodelled }
    }

    /// Namespaces that could not be read, and why.
    pub(super) fn add_unreadable(&mut self, unreadable: &BTreeMap<NetnsId, String>) {
        let kind = UnmodelledKind::Namespace;
        self.unmodelled.extend(unreadable.iter().map(|(&netns, why)| {
            let what = format!("namespace {netns} could not be read: {why}");
            Unmodelled { netns, kind, what }
        }));
    }

    /// How many containers were asked for.
    pub(super) fn containers(&self) -> usize {
        let ids: BTreeSet<&str> =
            self.chosen().flat_map(|entry| &entry.containers).map(|c| c.id.as_str()).collect();
        ids.len()
    }

    /// How many namespaces besides the host's are shown, of which no container is known.
    pub(super) fn bare(&self) -> usize {
        self.chosen().filter(|entry| entry.containers.is_empty() && entry.netns != self.host).count()
    }

    /// How many networks and tunnels are wrong.
    pub(super) fn mismatches(&self) -> usize {
        self.chosen().map(|entry| entry.network.mismatches()).sum()
    }

    /// What was asked for.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.chosen)
    }
}

impl Entry<'_> {
    fn choose(&mut self, patterns: &[String], host: NetnsId) {
        if patterns.is_empty() {
            let mut links = self.known.links.values();
            let bare = self.netns != host && links.any(|link| link.up && link.kind != LinkKind::Loopback);
            let shows = bare || !self.network.paths.is_empty() || !self.network.tunnels.is_empty();
            self.chosen = !self.containers.is_empty() || shows;
            return;
        }
        let wanted = |c: &&Container| patterns.iter().any(|pattern| c.is_within(pattern));
        self.chosen = self.containers.iter().any(wanted);
        if self.chosen {
            self.containers.retain(wanted);
        } else {
            self.network = Network::default();
        }
    }
}

fn entry<'a>(node: &'a Node, netns: NetnsId, exits: &mut Exits) -> Option<Entry<'a>> {
    let known = node.netns.get(&netns)?;
    Some(Entry {
        netns,
        depth: 0,
        chosen: false,
        known,
        containers: known.containers.iter().collect(),
        network: Network::of(node, netns, exits),
        rules: known.rules.iter().filter(|rule| !rule.is_followed()).count(),
        routes_cut: known.routes_cut,
        learnt: &known.learnt,
    })
}

/// What could not be followed in the entries that were asked for, and on their paths.
fn left_out(node: &Node, entries: &[Entry<'_>], exits: &Exits) -> Vec<Unmodelled> {
    let chosen = || entries.iter().filter(|entry| entry.chosen);
    let paths = chosen().flat_map(|entry| entry.network.paths.iter().chain(&entry.network.others));
    let passed = paths.flat_map(|path| path.hops.iter().map(|hop| hop.netns));
    let all: BTreeSet<NetnsId> = chosen().map(|entry| entry.netns).chain(passed).collect();
    let routes = |netns: NetnsId| {
        let cut = exits.cut.get(&netns)?;
        let what = format!("groups of routes that were too many to judge: {cut}");
        Some(Unmodelled { netns, kind: UnmodelledKind::Routes, what })
    };
    all.into_iter().flat_map(|netns| unmodelled(node, netns).into_iter().chain(routes(netns))).collect()
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
        let next = || namespaces(&path_before_tunnels(node, entry.netns, None)).get(1).copied();
        let outer = outer.find(|outer| *outer != entry.netns).or_else(next).unwrap_or(node.host);
        inside.entry(outer).or_default().push(entry.netns);
    }
    inside
}

/// Puts those first in whom, or inside of whom, something is wrong.
fn worst_first(
    host: NetnsId,
    inside: &mut BTreeMap<NetnsId, Vec<NetnsId>>,
    places: &BTreeMap<NetnsId, Entry<'_>>,
) {
    // From the end: the depth of the one met last, if it is wrong or what is around it is.
    let mut wrong = BTreeSet::new();
    let mut around = 0;
    for (netns, depth) in in_order(host, inside).into_iter().rev() {
        let own = places.get(&netns).is_some_and(|entry| entry.network.mismatches() > 0);
        if own || depth < around {
            wrong.insert(netns);
            around = depth;
        }
    }
    inside.values_mut().for_each(|inner| inner.sort_by_key(|netns| !wrong.contains(netns)));
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
mod path_tests;
#[cfg(test)]
mod tests;
