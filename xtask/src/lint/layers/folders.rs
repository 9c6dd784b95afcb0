//! The top-level modules of a package, and the arrows between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::lint::resolve::Target;
use crate::lint::tree::Tree;

/// Where an arrow was seen first.
pub(super) struct Seen {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) name: String,
}

/// From which top-level module to which.
pub(super) type Arrows = BTreeMap<(String, String), Seen>;

/// The names of a package's top-level modules as the table has them: `diagnosis/`, or `main.rs` for a single file.
pub(super) struct Folders {
    /// Of each module of the tree; none of tests and examples.
    of: Vec<Option<String>>,
    roots: BTreeSet<String>,
    modules: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl Folders {
    pub(super) fn of(path: &Path, source: &Path, tree: &Tree) -> Result<Self> {
        let named = |name: &str| {
            if path.join(name).is_dir() { format!("{name}/") } else { format!("{name}.rs") }
        };
        let mut folders = Folders {
            of: Vec::new(),
            roots: BTreeSet::new(),
            modules: BTreeSet::new(),
            tests: BTreeSet::new(),
        };
        for id in 0..tree.modules.len() {
            let root = tree.root_of(id);
            let Ok(inside) = tree.modules[root].file.strip_prefix(source) else {
                folders.of.push(None);
                continue;
            };
            let name = match (inside.components().count(), tree.top_of(id)) {
                (1, Some(top)) => named(&tree.modules[top].name),
                (1, None) => inside.display().to_string(),
                // src/bin/…
                _ => format!("{}/", inside.iter().next().unwrap_or_default().display()),
            };
            if id == root {
                folders.tests.extend(tree.modules[id].tests.iter().map(|name| named(name)));
                folders.roots.insert(name.clone());
            } else {
                folders.modules.insert(name.clone());
            }
            folders.of.push(Some(name));
        }
        Ok(folders)
    }

    /// Whether the table may have a row of that name.
    pub(super) fn exist(&self, name: &str) -> bool {
        [&self.roots, &self.modules, &self.tests].iter().any(|names| names.contains(name))
    }

    /// Whether a module is compiled for tests alone; then what it uses is not known.
    pub(super) fn only_tests(&self, name: &str) -> bool {
        self.tests.contains(name)
    }

    /// Every module but the roots of targets that neither use nor are used.
    pub(super) fn that_need_a_row(&self, arrows: &Arrows) -> BTreeSet<String> {
        let ends = arrows.keys().flat_map(|(from, to)| [from, to]);
        ends.chain(&self.modules).cloned().collect()
    }

    /// Which top-level module uses which. A re-export hides nothing: both its own folder and that of the item count.
    pub(super) fn arrows(&self, tree: &Tree) -> Arrows {
        let mut arrows = Arrows::new();
        for (from, module) in tree.modules.iter().enumerate() {
            let Some(own) = &self.of[from] else { continue };
            for reference in &module.references {
                let prefixes = (1..=reference.path.len()).map(|length| &reference.path[..length]);
                let ends = prefixes.flat_map(|path| tree.resolve(from, path));
                // A name alone is a variable as often as a module.
                let ends = ends.filter(|end| reference.path.len() > 1 || matches!(end, Target::ItemOf(_)));
                let ends = ends.filter_map(|end| self.end(tree, end)).collect::<BTreeSet<_>>();
                for to in ends.into_iter().filter(|to| *to != own) {
                    let name = reference.path.last().cloned().unwrap_or_default();
                    let seen = Seen { file: module.file.clone(), line: reference.line, name };
                    arrows.entry((own.clone(), to.clone())).or_insert(seen);
                }
            }
        }
        arrows
    }

    fn end(&self, tree: &Tree, target: Target) -> Option<&String> {
        let (Target::Module(module) | Target::ItemOf(module)) = target;
        let passes_a_root = matches!(target, Target::Module(_)) && tree.modules[module].parent.is_none();
        self.of[module].as_ref().filter(|_| !passes_a_root)
    }
}
