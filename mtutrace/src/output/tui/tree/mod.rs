//! Rows in order: containers under those that they run in, then bare namespaces, the host last. Pure.
use std::collections::{BTreeMap, BTreeSet};

use super::data::Data;
use super::figures::{Figures, Subject};
use crate::model::{Container, Severity};
use crate::output::text::label;

/// What rows with the same parent are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// The worst verdict first, then the most events.
    #[default]
    Severity,
    /// The highest rate first.
    Rate,
    /// The most events first.
    Total,
    /// By name.
    Name,
}

impl Sort {
    /// The next one round.
    pub(super) fn next(self) -> Sort {
        match self {
            Sort::Severity => Sort::Rate,
            Sort::Rate => Sort::Total,
            Sort::Total => Sort::Name,
            Sort::Name => Sort::Severity,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Severity => "severity",
            Sort::Rate => "rate",
            Sort::Total => "total",
            Sort::Name => "name",
        }
    }
}

/// A row of the tree.
#[derive(Clone, Debug)]
pub(super) struct Branch<'a> {
    /// What the row is about.
    pub(super) who: Subject,
    /// The lines that connect it with what is around it.
    pub(super) prefix: String,
    /// What to call it. Comes from outside.
    pub(super) label: String,
    /// Its figures; absent for one that is here for what runs in it.
    pub(super) row: Option<&'a Figures>,
    /// The worst verdict that stands.
    pub(super) trouble: Option<Severity>,
}

/// A node in the tree while it is made.
struct TreeNode<'a> {
    label: String,
    row: Option<&'a Figures>,
    trouble: Option<Severity>,
    found: bool,
    inside: Vec<Subject>,
}

/// The rows that a text is found in, and those around them.
pub(super) fn tree<'a>(data: &'a Data, sort: Sort, filter: &str) -> Vec<Branch<'a>> {
    let mut nodes = nodes(data);
    let mut inner = BTreeSet::new();
    for row in data.rows.values() {
        let chain = row.container.iter().flat_map(|c| std::iter::once(c).chain(&c.parents));
        let ids: Vec<Subject> = chain.map(|c| Subject::Container(c.id.clone())).collect();
        for pair in ids.windows(2) {
            // Each has one node: two that claim to run in each other get none, and hang on nothing.
            if pair[0] != pair[1] && inner.insert(pair[0].clone()) {
                nodes.entry(pair[1].clone()).and_modify(|outer| outer.inside.push(pair[0].clone()));
            }
        }
    }
    let text = filter.to_lowercase();
    for (who, node) in &mut nodes {
        node.found = is_found(who, node, data, &text);
    }
    let mut roots: Vec<Subject> = nodes.keys().filter(|who| !inner.contains(who)).cloned().collect();
    // Two that run in each other are reached from nowhere else; whoever was reached is placed but once.
    roots.extend(inner);
    grow(&mut nodes, roots, true, sort)
}

fn nodes(data: &Data) -> BTreeMap<Subject, TreeNode<'_>> {
    let mut nodes = BTreeMap::new();
    let mut troubles: BTreeMap<Subject, Severity> = BTreeMap::new();
    for verdict in data.verdicts.iter().map(|timed| &timed.verdict).filter(|v| v.active) {
        let worst = troubles.entry(Subject::of(verdict, &data.node)).or_insert(verdict.severity);
        *worst = verdict.severity.max(*worst);
    }
    for mismatch in &data.standing {
        for one in &mismatch.affected {
            let who = Subject::new(one.netns, one.container.as_ref(), &data.node);
            let worst = troubles.entry(who).or_insert(mismatch.severity);
            *worst = mismatch.severity.max(*worst);
        }
    }
    let mut add = |who: Subject, label: String, row| {
        let trouble = troubles.get(&who).copied();
        nodes.insert(who, TreeNode { label, row, trouble, found: false, inside: Vec::new() });
    };
    for row in data.rows.values() {
        for outer in row.container.iter().flat_map(|c| &c.parents) {
            add(Subject::Container(outer.id.clone()), label(outer), None);
        }
    }
    for (who, row) in &data.rows {
        let name = row.container.as_ref().map(label);
        let name = name.unwrap_or_else(|| crate::model::describe::owner(row.netns, &data.node));
        add(who.clone(), name, Some(row));
    }
    nodes
}

fn is_found(who: &Subject, node: &TreeNode<'_>, data: &Data, text: &str) -> bool {
    let has = |name: &str| name.to_lowercase().contains(text);
    let id = matches!(who, Subject::Container(id) if has(id));
    let container = |c: &Container| c.name.as_deref().is_some_and(has);
    let netns = node.row.and_then(|row| data.node.netns.get(&row.netns));
    let mut links = netns.into_iter().flat_map(|netns| netns.links.values());
    id || has(&node.label)
        || node.row.and_then(|row| row.container.as_ref()).is_some_and(container)
        || links.any(|link| has(&link.name))
}

/// How far up it comes; the highest first.
fn rank(sort: Sort, trouble: Option<Severity>, row: Option<&Figures>) -> (Option<Severity>, u64) {
    let total = row.map_or(0, |row| row.all.total);
    match sort {
        Sort::Severity => (trouble, total),
        Sort::Rate => (None, row.map_or(0, |row| (row.all.rate * 1000.0) as u64)),
        Sort::Total => (None, total),
        Sort::Name => (None, 0),
    }
}

/// Takes these out of the nodes, and makes branches of those that were found or have such a one inside.
fn grow<'a>(
    nodes: &mut BTreeMap<Subject, TreeNode<'a>>,
    level: Vec<Subject>,
    top: bool,
    sort: Sort,
) -> Vec<Branch<'a>> {
    let mut trees = Vec::new();
    for who in level {
        let Some(node) = nodes.remove(&who) else { continue };
        let TreeNode { label, row, trouble, found, inside } = node;
        let below = grow(nodes, inside, false, sort);
        if found || !below.is_empty() {
            // A container is as important as what runs in it.
            let inner = below.iter().map(|b| rank(sort, b.trouble, b.row)).max();
            let highest = inner.unwrap_or_default().max(rank(sort, trouble, row));
            let class = match who {
                Subject::Container(_) => 0,
                Subject::Netns(_) => 1,
                Subject::Host => 2,
            };
            let key = (class, std::cmp::Reverse(highest), label.clone());
            trees.push((key, Branch { who, prefix: String::new(), label, row, trouble }, below));
        }
    }
    trees.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let last = trees.len().saturating_sub(1);
    let mut branches = Vec::new();
    for (n, (_, branch, below)) in trees.into_iter().enumerate() {
        let (own, rest) = match (top, n == last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        branches.push(Branch { prefix: own.to_owned(), ..branch });
        branches.extend(below.into_iter().map(|b| Branch { prefix: format!("{rest}{}", b.prefix), ..b }));
    }
    branches
}

#[cfg(test)]
mod tests;
