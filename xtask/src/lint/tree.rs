//! A package as the modules that its source declares, with what each defines, imports and refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// All targets of one package: the library, and the binaries, tests and examples that may use it.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    /// The name under which other targets know the library, and its root.
    pub(super) library: Option<(String, ModuleId)>,
}

/// An index into [`Tree::modules`].
pub(super) type ModuleId = usize;

/// A module, in a file of its own or inline in that of its parent.
#[derive(Default)]
pub(super) struct Module {
    pub(super) parent: Option<ModuleId>,
    pub(super) name: String,
    /// Relative to the root of the repository.
    pub(super) file: PathBuf,
    pub(super) children: BTreeMap<String, ModuleId>,
    /// Children that only tests have; nothing of them is read.
    pub(super) tests: BTreeSet<String>,
    /// Names of items that stand in the module itself.
    pub(super) items: BTreeSet<String>,
    /// `use`: the name here, and the path it stands for.
    pub(super) imports: Vec<(String, Vec<String>)>,
    /// `use …::*`.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
}

/// A path as it is written.
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    /// Counted from 1.
    pub(super) line: usize,
    /// `use …`: it names something, and need not use it.
    pub(super) import: bool,
}

impl Tree {
    /// The root of the target that a module belongs to.
    pub(super) fn root_of(&self, module: ModuleId) -> ModuleId {
        self.modules[module].parent.map_or(module, |parent| self.root_of(parent))
    }

    /// The child of the root that a module is or lies in; none for the root.
    pub(super) fn top_of(&self, module: ModuleId) -> Option<ModuleId> {
        let parent = self.modules[module].parent?;
        Some(self.top_of(parent).unwrap_or(module))
    }
}
