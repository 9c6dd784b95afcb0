//! Siblings with nothing wrong and the same network, as one row: a node has hundreds of them, and they say the same.
use std::collections::BTreeMap;

use super::super::tree::{Entry, Tree};
use super::details::shape;
use super::name;
use crate::output::plural::plural;

/// Fewer are shown one by one.
const FEWEST: usize = 3;
/// So many have their names in the row.
const NAMED: usize = 4;

/// A row of the tree.
pub(super) enum Row<'t, 'a> {
    /// One namespace.
    One(&'t Entry<'a>),
    /// Several that are equal.
    Folded(Same),
}

/// Equal siblings.
pub(super) struct Same {
    depth: usize,
    containers: usize,
    names: Vec<String>,
    /// What is told of each of them.
    pub(super) told: Vec<String>,
}

impl Row<'_, '_> {
    /// How many namespaces it is nested in.
    pub(super) fn depth(&self) -> usize {
        match self {
            Row::One(entry) => entry.depth,
            Row::Folded(same) => same.depth,
        }
    }
}

impl Same {
    /// `299 containers:`, with their names if they are few.
    pub(super) fn name(&self) -> String {
        let count = match self.containers {
            0 => plural(self.names.len(), "namespace", "namespaces"),
            n => plural(n, "container", "containers"),
        };
        if self.names.len() <= NAMED {
            format!("{count} ({}):", self.names.join(", "))
        } else {
            format!("{count}:")
        }
    }
}

/// The rows of the tree, in its order; with `all` each namespace has its own.
pub(super) fn rows<'t, 'a>(tree: &'t Tree<'a>, all: bool) -> Vec<Row<'t, 'a>> {
    let groups = if all { BTreeMap::new() } else { groups(tree) };
    let mut same: BTreeMap<usize, &Vec<usize>> = BTreeMap::new();
    for group in groups.values().filter(|group| group.len() >= FEWEST) {
        same.extend(group.iter().map(|at| (*at, group)));
    }
    let row = |(at, entry): (usize, &'t Entry<'a>)| match same.get(&at) {
        None => Some(Row::One(entry)),
        // The first of them stands for all.
        Some(group) if group.first() == Some(&at) => {
            let members: Vec<&Entry<'_>> = group.iter().filter_map(|at| tree.entries.get(*at)).collect();
            Some(Row::Folded(Same {
                depth: entry.depth,
                containers: members.iter().map(|member| member.containers.len()).sum(),
                names: members.iter().map(|member| name::entry(member, tree.host)).collect(),
                told: shape(entry)?,
            }))
        }
        Some(_) => None,
    };
    tree.entries.iter().enumerate().filter_map(row).collect()
}

/// Places of entries that are equal: the same parent, the same lines, with or without containers, and nothing inside.
fn groups(tree: &Tree<'_>) -> BTreeMap<(Option<usize>, bool, Vec<String>), Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    // The entries around the one that is looked at, outermost first.
    let mut around: Vec<usize> = Vec::new();
    for (at, entry) in tree.entries.iter().enumerate() {
        around.truncate(entry.depth);
        let leaf = tree.entries.get(at + 1).is_none_or(|next| next.depth <= entry.depth);
        let followed = tree.unmodelled.iter().all(|one| one.netns != entry.netns);
        if leaf
            && followed
            && entry.depth > 0
            && let Some(shape) = shape(entry)
        {
            let key = (around.last().copied(), entry.containers.is_empty(), shape);
            groups.entry(key).or_default().push(at);
        }
        around.push(at);
    }
    groups
}
