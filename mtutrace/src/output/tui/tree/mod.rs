//! Rows in order: containers under those that they run in, then bare namespaces, the host last. Pure.
use std::collections::{BTreeMap, BTreeSet};

use super::data::Data;
use super::row::{Row, Who};
use crate::model::{Container, Severity};
use crate::output::text::label;

/// What rows with the same parent are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// The worst verdict first, then the most events.
    #[default]
    Evidence,
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
            Sort::Evidence => Sort::Rate,
            Sort::Rate => Sort::Total,
            Sort::Total => Sort::Name,
            Sort::Name => Sort::Evidence,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Evidence => "trouble",
            Sort::Rate => "rate",
            Sort::Total => "total",
            Sort::Name => "name",
        }
    }
}

/// A row in its place.
#[derive(Clone, Debug)]
pub(super) struct Branch<'a> {
    /// Who.
    pub(super) who: Who,
    /// The lines that connect it with what is around it.
    pub(super) twigs: String,
    /// What to call it. Comes from outside.
    pub(super) label: String,
    /// Its figures; absent for one that is here for what runs in it.
    pub(super) row: Option<&'a Row>,
    /// The worst verdict that stands.
    pub(super) trouble: Option<Severity>,
}

/// A place in the tree while it is made.
struct Place<'a> {
    label: String,
    row: Option<&'a Row>,
    trouble: Option<Severity>,
    found: bool,
    inside: Vec<Who>,
}

/// The rows that a text is found in, and those around them.
pub(super) fn tree<'a>(data: &'a Data, sort: Sort, filter: &str) -> Vec<Branch<'a>> {
    let mut places = places(data);
    let mut inner = BTreeSet::new();
    for row in data.rows.values() {
        let chain = row.container.iter().flat_map(|c| std::iter::once(c).chain(&c.parents));
        let ids: Vec<Who> = chain.map(|c| Who::Container(c.id.clone())).collect();
        for pair in ids.windows(2) {
            // Each has one place: two that claim to run in each other get none, and hang on nothing.
            if pair[0] != pair[1] && inner.insert(pair[0].clone()) {
                places.entry(pair[1].clone()).and_modify(|outer| outer.inside.push(pair[0].clone()));
            }
        }
    }
    let text = filter.to_lowercase();
    for (who, place) in &mut places {
        place.found = is_found(who, place, data, &text);
    }
    let mut roots: Vec<Who> = places.keys().filter(|who| !inner.contains(who)).cloned().collect();
    // Two that run in each other are reached from nowhere else; whoever was reached is placed but once.
    roots.extend(inner);
    grow(&mut places, roots, true, sort)
}

fn places(data: &Data) -> BTreeMap<Who, Place<'_>> {
    let mut places = BTreeMap::new();
    let mut troubles: BTreeMap<Who, Severity> = BTreeMap::new();
    for verdict in data.verdicts.iter().map(|stated| &stated.verdict).filter(|v| v.active) {
        let worst = troubles.entry(Who::of(verdict, &data.node)).or_insert(verdict.severity);
        *worst = verdict.severity.max(*worst);
    }
    let mut add = |who: Who, label: String, row| {
        let trouble = troubles.get(&who).copied();
        places.insert(who, Place { label, row, trouble, found: false, inside: Vec::new() });
    };
    for row in data.rows.values() {
        for outer in row.container.iter().flat_map(|c| &c.parents) {
            add(Who::Container(outer.id.clone()), label(outer), None);
        }
    }
    for (who, row) in &data.rows {
        let name = row.container.as_ref().map(label);
        let name = name.unwrap_or_else(|| crate::model::describe::owner(row.netns, &data.node));
        add(who.clone(), name, Some(row));
    }
    places
}

fn is_found(who: &Who, place: &Place<'_>, data: &Data, text: &str) -> bool {
    let has = |name: &str| name.to_lowercase().contains(text);
    let id = matches!(who, Who::Container(id) if has(id));
    let container = |c: &Container| c.name.as_deref().is_some_and(has);
    let netns = place.row.and_then(|row| data.node.netns.get(&row.netns));
    let mut links = netns.into_iter().flat_map(|netns| netns.links.values());
    id || has(&place.label)
        || place.row.and_then(|row| row.container.as_ref()).is_some_and(container)
        || links.any(|link| has(&link.name))
}

/// How far up it comes; the highest first.
fn rank(sort: Sort, trouble: Option<Severity>, row: Option<&Row>) -> (Option<Severity>, u64) {
    let total = row.map_or(0, |row| row.all.total);
    match sort {
        Sort::Evidence => (trouble, total),
        Sort::Rate => (None, row.map_or(0, |row| (row.all.rate * 1000.0) as u64)),
        Sort::Total => (None, total),
        Sort::Name => (None, 0),
    }
}

/// Takes these out of the places, and makes branches of those that were found or have such a one inside.
fn grow<'a>(
    places: &mut BTreeMap<Who, Place<'a>>,
    level: Vec<Who>,
    top: bool,
    sort: Sort,
) -> Vec<Branch<'a>> {
    let mut trees = Vec::new();
    for who in level {
        let Some(place) = places.remove(&who) else { continue };
        let Place { label, row, trouble, found, inside } = place;
        let below = grow(places, inside, false, sort);
        if found || !below.is_empty() {
            // A container is as important as what runs in it.
            let inner = below.iter().map(|b| rank(sort, b.trouble, b.row)).max();
            let highest = inner.unwrap_or_default().max(rank(sort, trouble, row));
            let class = match who {
                Who::Container(_) => 0,
                Who::Netns(_) => 1,
                Who::Host => 2,
            };
            let key = (class, std::cmp::Reverse(highest), label.clone());
            trees.push((key, Branch { who, twigs: String::new(), label, row, trouble }, below));
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
        branches.push(Branch { twigs: own.to_owned(), ..branch });
        branches.extend(below.into_iter().map(|b| Branch { twigs: format!("{rest}{}", b.twigs), ..b }));
    }
    branches
}

#[cfg(test)]
mod tests;
