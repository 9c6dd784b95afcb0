//! Circles among files: each uses an item of the next, and the last one of the first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::package::Uses;

/// So many circles of one knot are shown; the others mostly go with them.
const SHOWN: usize = 12;

/// A knot: files of which each reaches each other one.
pub(super) struct Knot {
    pub(super) files: BTreeSet<PathBuf>,
    /// Short circles in it, the shortest first.
    pub(super) circles: Vec<Vec<PathBuf>>,
}

/// All knots of more than one file.
pub(super) fn knots(uses: &Uses) -> Vec<Knot> {
    let mut knots = Vec::new();
    let mut seen = BTreeSet::new();
    for file in uses.keys() {
        if seen.contains(file) {
            continue;
        }
        let forth = reachable(file, |from| uses.get(from).into_iter().flat_map(BTreeMap::keys));
        let files =
            forth.into_iter().filter(|other| shortest(uses, other, file).is_some()).collect::<BTreeSet<_>>();
        if files.len() > 1 {
            seen.extend(files.iter().cloned());
            knots.push(Knot { circles: circles(uses, &files), files });
        }
    }
    knots
}

/// The shortest circle through each file, each once.
fn circles(uses: &Uses, files: &BTreeSet<PathBuf>) -> Vec<Vec<PathBuf>> {
    let mut circles = BTreeMap::new();
    for file in files {
        let next = uses.get(file).into_iter().flat_map(BTreeMap::keys);
        let ways = next.filter_map(|next| shortest(uses, next, file));
        if let Some(mut circle) = ways.min_by_key(Vec::len) {
            // The same circle begins at each of its files.
            let first = circle.iter().enumerate().min_by_key(|(_, file)| *file).map_or(0, |(at, _)| at);
            circle.rotate_left(first);
            circles.insert((circle.len(), circle.clone()), circle);
        }
    }
    circles.into_values().collect()
}

/// The files from `from` to `to`, both included, on the shortest way.
fn shortest(uses: &Uses, from: &Path, to: &Path) -> Option<Vec<PathBuf>> {
    let mut came = BTreeMap::from([(from, from)]);
    let mut queue = VecDeque::from([from]);
    while let Some(file) = queue.pop_front() {
        if file == to {
            let back =
                std::iter::successors(Some(file), |file| came.get(file).copied().filter(|by| by != file));
            let mut way = back.map(Path::to_owned).collect::<Vec<_>>();
            way.reverse();
            return Some(way);
        }
        for next in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            if !came.contains_key(next.as_path()) {
                came.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

fn reachable<'a, I: Iterator<Item = &'a PathBuf>>(
    from: &'a PathBuf,
    next: impl Fn(&'a PathBuf) -> I,
) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::from([from.clone()]);
    let mut left = vec![from];
    while let Some(file) = left.pop() {
        for file in next(file) {
            if reached.insert(file.clone()) {
                left.push(file);
            }
        }
    }
    reached
}

/// One line for each step of a few circles.
pub(super) fn describe(knot: &Knot, uses: &Uses) -> String {
    let mut text = format!("circle: {} files use one another", knot.files.len());
    for circle in knot.circles.iter().take(SHOWN) {
        text.push('\n');
        for (at, from) in circle.iter().enumerate() {
            let to = &circle[(at + 1) % circle.len()];
            let Some(found) = uses.get(from).and_then(|uses| uses.get(to)) else { continue };
            text.push_str(&format!(
                "\n  {}:{} uses {} ({})",
                from.display(),
                found.line,
                to.display(),
                found.name
            ));
        }
    }
    if let Some(more) = knot.circles.len().checked_sub(SHOWN + 1) {
        text.push_str(&format!("\n\n  … and {} more", more + 1));
    }
    text
}
