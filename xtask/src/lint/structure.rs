//! The structure of the source: no circle among files, arrows between layers only down, files short and in their place.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::{circle, files, layers, package, style};

/// Everything that is wrong, one text each; `root` is that of a repository.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let document = std::fs::read_to_string(root.join(layers::DOCUMENT)).unwrap_or_default();
    let tables = layers::tables(&document)?;
    let files = package::walk(root)?;
    let mut errors = files::check(root, &files)?;
    let mut used = BTreeSet::new();
    for folder in package::folders(root, &files) {
        let tree = package::read(root, &folder).with_context(|| format!("package {}", folder.display()))?;
        let uses = tree.uses();
        errors.extend(circle::knots(&uses).iter().map(|knot| circle::describe(knot, &uses)));
        errors.extend(style::check(&folder, &files));
        let source = folder.join("src");
        for table in tables.iter().filter(|table| table.source == source) {
            used.insert(table.source.clone());
            errors.extend(layers::check(root, table, &tree)?);
        }
        if source == Path::new(layers::REQUIRED) && !used.contains(&source) {
            let draft = layers::draft(root, &source, &tree)?;
            errors.push(format!(
                "{}: no table of layers for {}; as it is today:\n<!-- layers -->\n{draft}\n<!-- /layers -->",
                layers::DOCUMENT,
                source.display()
            ));
        }
    }
    for table in tables.iter().filter(|table| !used.contains(&table.source)) {
        errors.push(format!(
            "{}: a table of layers for {}, where no package is",
            layers::DOCUMENT,
            table.source.display()
        ));
    }
    Ok(errors)
}
