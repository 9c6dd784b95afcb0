//! A table to begin with, where there is none: what uses what today.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::folders::Folders;
use crate::lint::tree::Tree;

/// Rows from the top down, each with what it uses; where modules go in circles, their order is any.
pub(in super::super) fn draft(root: &Path, source: &Path, tree: &Tree) -> Result<String> {
    let folders = Folders::of(&root.join(source), source, tree)?;
    let arrows = folders.arrows(tree);
    let mut left = folders.that_need_a_row(&arrows);
    let mut rows = vec!["| layer | folder | may use |".to_owned(), "| --- | --- | --- |".to_owned()];
    while !left.is_empty() {
        let users =
            |folder: &String| arrows.keys().filter(|(from, to)| to == folder && left.contains(from)).count();
        let Some(next) = left.iter().min_by_key(|folder| users(folder)).cloned() else { break };
        left.remove(&next);
        let uses = arrows.keys().filter(|(from, _)| *from == next).map(|(_, to)| format!("`{to}`"));
        let uses = uses.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        rows.push(format!("| | `{next}` | {} |", if uses.is_empty() { "nothing" } else { &uses }));
    }
    Ok(rows.join("\n"))
}
