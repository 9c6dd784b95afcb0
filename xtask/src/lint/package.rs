//! The packages of the repository, and what the files of each use of one another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::collect;
use super::resolve::Target;
use super::tree::{ModuleId, Reference, Tree};

/// What a reference says, for people.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) name: String,
}

/// For each file, the files whose items it uses, and where it does so first.
pub(super) type Uses = BTreeMap<PathBuf, BTreeMap<PathBuf, Use>>;

/// Folders with a Cargo.toml and source of their own.
pub(super) fn folders(root: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    let manifests = files.iter().filter(|file| file.ends_with("Cargo.toml"));
    let folders = manifests.filter_map(|file| Some(file.parent()?.to_owned()));
    folders.filter(|folder| !targets(root, folder).is_empty()).collect()
}

/// Every file of the repository, relative to `root`, in order; what cargo and git keep is left out.
pub(super) fn walk(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![PathBuf::new()];
    while let Some(folder) = left.pop() {
        let path = root.join(&folder);
        for entry in std::fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            match entry.file_type()? {
                kind if kind.is_dir() && !hidden && name != "target" => left.push(folder.join(name)),
                kind if kind.is_file() => files.push(folder.join(name)),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The roots of a package's targets, the library first.
fn targets(root: &Path, package: &Path) -> Vec<PathBuf> {
    let mut targets = ["src/lib.rs", "src/main.rs", "build.rs"].map(|file| package.join(file)).to_vec();
    for folder in ["src/bin", "tests", "examples", "benches", "fuzz_targets"] {
        let folder = package.join(folder);
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        let mut names = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect::<Vec<_>>();
        names.sort();
        for name in names {
            let is_source = Path::new(&name).extension().is_some_and(|extension| extension == "rs");
            targets.push(if is_source { folder.join(name) } else { folder.join(name).join("main.rs") });
        }
    }
    targets.retain(|file| root.join(file).is_file());
    targets
}

/// Reads all targets of a package.
pub(super) fn read(root: &Path, package: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    for file in targets(root, package) {
        let module = collect::target(&mut tree, root, &file)?;
        if file.ends_with("src/lib.rs") {
            tree.library = Some((library_name(&root.join(package).join("Cargo.toml"))?, module));
        }
    }
    Ok(tree)
}

fn library_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest).with_context(|| manifest.display().to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix("name = \""));
    let name = line.and_then(|rest| rest.split('"').next());
    Ok(name.with_context(|| format!("{}: no name", manifest.display()))?.replace('-', "_"))
}

impl Tree {
    /// Which file uses what of which other.
    pub(super) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (from, module) in self.modules.iter().enumerate() {
            for reference in &module.references {
                let others = self.used(from, reference).into_iter().map(|to| &self.modules[to].file);
                for to in others.filter(|to| **to != module.file) {
                    let name = reference.path.last().cloned().unwrap_or_default();
                    let found = Use { line: reference.line, name };
                    let known = uses.entry(module.file.clone()).or_default().entry(to.clone());
                    known.or_insert(found);
                }
            }
        }
        uses
    }

    /// The modules whose items a reference uses. To import a module is not to use it; what follows it is. A macro or
    /// an attribute may use a module itself: `#[serde(with = "…")]`.
    fn used(&self, from: ModuleId, reference: &Reference) -> Vec<ModuleId> {
        let targets = self.resolve(from, &reference.path);
        let items = targets.iter().filter_map(Target::item_of).collect::<Vec<_>>();
        if items.is_empty() && !reference.import && reference.path.len() > 1 {
            return targets.iter().filter_map(Target::module).collect();
        }
        items
    }
}
