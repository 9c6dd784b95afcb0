//! What a path leads to: the module that defines the item, whatever re-exports are in between.

use super::tree::{ModuleId, Tree};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Module(ModuleId),
    /// An item that stands in this module.
    ItemOf(ModuleId),
}

/// Re-exports of re-exports are followed this far; a circle of them ends here.
const DEEPEST: usize = 16;

impl Tree {
    /// Where `path`, written in module `from`, leads; nowhere if out of the package.
    pub(super) fn resolve(&self, from: ModuleId, path: &[String]) -> Vec<Target> {
        self.follow(from, path, DEEPEST)
    }

    fn follow(&self, from: ModuleId, path: &[String], depth: usize) -> Vec<Target> {
        let Some((first, mut rest)) = path.split_first() else { return Vec::new() };
        if depth == 0 {
            return Vec::new();
        }
        let mut reached = match first.as_str() {
            "crate" => vec![Target::Module(self.root_of(from))],
            "self" => vec![Target::Module(from)],
            "super" => self.modules[from].parent.map(Target::Module).into_iter().collect(),
            name => self.find(from, name, depth - 1),
        };
        if reached.is_empty()
            && let Some((library, root)) = &self.library
            && first == library
            && self.root_of(from) != *root
        {
            reached = vec![Target::Module(*root)];
        }
        while let Some((name, further)) = rest.split_first() {
            let Some(module) = reached.iter().find_map(Target::module) else { break };
            reached = match name.as_str() {
                "super" => self.modules[module].parent.map(Target::Module).into_iter().collect(),
                "self" => reached,
                _ => match self.find(module, name, depth - 1) {
                    // A macro has made it, or it is an item of an impl.
                    none if none.is_empty() => vec![Target::ItemOf(module)],
                    some => some,
                },
            };
            rest = further;
        }
        reached
    }

    /// What a name means in a module.
    fn find(&self, module: ModuleId, name: &str, depth: usize) -> Vec<Target> {
        let here = &self.modules[module];
        let mut found =
            here.children.get(name).map(|child| Target::Module(*child)).into_iter().collect::<Vec<_>>();
        if here.items.contains(name) {
            found.push(Target::ItemOf(module));
        }
        for (_, path) in here.imports.iter().filter(|(known, _)| known == name) {
            // `use exec;` of a macro of this very module.
            if path.len() > 1 || path.first().is_some_and(|only| only != name) {
                found.extend(self.follow(module, path, depth));
            }
        }
        if !found.is_empty() || depth == 0 {
            return found;
        }
        let globs = here.globs.iter().flat_map(|path| self.follow(module, path, depth));
        globs
            .filter_map(|glob| glob.module())
            .filter(|glob| *glob != module)
            .flat_map(|glob| self.find(glob, name, depth - 1))
            .collect()
    }
}

impl Target {
    pub(super) fn item_of(&self) -> Option<ModuleId> {
        match self {
            Target::ItemOf(module) => Some(*module),
            Target::Module(_) => None,
        }
    }

    pub(super) fn module(&self) -> Option<ModuleId> {
        match self {
            Target::Module(module) => Some(*module),
            Target::ItemOf(_) => None,
        }
    }
}
