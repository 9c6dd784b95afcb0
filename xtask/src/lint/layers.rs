//! The layers of a package, as docs/ARCHITECTURE.md has them in a table: arrows go down only.

mod draft;
mod folders;
mod table;

use std::path::Path;

use anyhow::Result;

use super::tree::Tree;
pub(super) use draft::draft;
use folders::{Arrows, Folders};
pub(super) use table::{DOCUMENT, REQUIRED, Table, tables};
use table::{May, Row};

/// What is wrong with a package's layers: with the table itself, or with the code.
pub(super) fn check(root: &Path, table: &Table, tree: &Tree) -> Result<Vec<String>> {
    let folders = Folders::of(&root.join(&table.source), &table.source, tree)?;
    let arrows = folders.arrows(tree);
    let mut errors = table
        .rows
        .iter()
        .enumerate()
        .flat_map(|(at, _)| row(table, at, &folders, &arrows))
        .collect::<Vec<_>>();
    for folder in folders.that_need_a_row(&arrows) {
        if !table.rows.iter().any(|row| row.folder == folder) {
            let uses = arrows.keys().filter(|(from, _)| *from == folder).map(|(_, to)| format!("`{to}`"));
            let uses = uses.collect::<Vec<_>>().join(", ");
            let uses = if uses.is_empty() { "nothing".to_owned() } else { uses };
            errors.push(format!(
                "{DOCUMENT}:{}: no row for {}{folder}: `| … | `{folder}` | {uses} |`",
                table.line,
                at_source(table)
            ));
        }
    }
    for ((from, to), seen) in &arrows {
        if let Some(row) = table.rows.iter().find(|row| row.folder == *from)
            && !table.allows(row, to)
        {
            errors.push(format!(
                "{}:{}: {from} uses {to} ({}), which {DOCUMENT}:{} does not allow",
                seen.file.display(),
                seen.line,
                seen.name,
                row.line
            ));
        }
    }
    Ok(errors)
}

fn at_source(table: &Table) -> String {
    format!("{}/", table.source.display())
}

/// What is wrong with one row.
fn row(table: &Table, at: usize, folders: &Folders, arrows: &Arrows) -> Vec<String> {
    let Row { line, folder, may } = &table.rows[at];
    let place = format!("{DOCUMENT}:{line}: {folder}");
    let mut errors = Vec::new();
    if !folders.exist(folder) {
        errors.push(format!("{place} does not exist in {}", at_source(table)));
    }
    if table.rows[..at].iter().any(|row| row.folder == *folder) {
        errors.push(format!("{place} has a row already"));
    }
    let May::These(listed) = may else { return errors };
    for other in listed {
        match table.rows.iter().position(|row| row.folder == *other) {
            None => errors.push(format!("{place} may use {other}, which has no row")),
            Some(above) if above <= at => {
                errors.push(format!("{place} may use {other}, which does not stand below it"));
            }
            Some(_)
                if !folders.only_tests(folder) && !arrows.contains_key(&(folder.clone(), other.clone())) =>
            {
                errors.push(format!("{place} may use {other}, but does not: take it out"));
            }
            Some(_) => {}
        }
    }
    errors
}
