//! Reads a source file and those that it declares with `mod`: what only tests compile is left out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::{self, Visit};

use super::tokens;
use super::tree::{Module, ModuleId, Reference, Tree};

/// Adds the target whose root is `file` (relative to `root`), with all its modules.
pub(super) fn target(tree: &mut Tree, root: &Path, file: &Path) -> Result<ModuleId> {
    let module = Module { file: file.to_owned(), ..Module::default() };
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    read(tree, root, module, folder)
}

fn read(tree: &mut Tree, root: &Path, module: Module, folder: PathBuf) -> Result<ModuleId> {
    let name = module.file.display().to_string();
    let text = std::fs::read_to_string(root.join(&module.file)).with_context(|| name.clone())?;
    let syntax = syn::parse_file(&text).with_context(|| name)?;
    let current = tree.modules.len();
    tree.modules.push(module);
    let mut collector = Collector { tree, root, current, folder, failed: None };
    collector.name(&syntax.items);
    collector.visit_file(&syntax);
    collector.failed.map_or(Ok(current), Err)
}

struct Collector<'a> {
    tree: &'a mut Tree,
    root: &'a Path,
    current: ModuleId,
    /// Where files of the current module's children are.
    folder: PathBuf,
    failed: Option<anyhow::Error>,
}

impl Collector<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.tree.modules[self.current]
    }

    fn refer(&mut self, path: Vec<String>, line: usize) {
        self.module().references.push(Reference { path, line, import: false });
    }

    /// Notes the names of what stands in the current module.
    fn name(&mut self, items: &[syn::Item]) {
        let items = items.iter().filter(|item| !tokens::only_for_tests(tokens::attributes(item)));
        self.module().items.extend(items.filter_map(tokens::name).map(ToString::to_string));
    }

    fn child(&mut self, item: &syn::ItemMod) -> Result<()> {
        let name = item.ident.to_string();
        let mut module = Module { parent: Some(self.current), name: name.clone(), ..Module::default() };
        let id = self.tree.modules.len();
        self.module().children.insert(name.clone(), id);
        if let Some((_, items)) = &item.content {
            module.file = self.module().file.clone();
            self.tree.modules.push(module);
            let parent = std::mem::replace(&mut self.current, id);
            let folder = self.folder.clone();
            self.folder.push(name);
            self.name(items);
            visit::visit_item_mod(self, item);
            (self.current, self.folder) = (parent, folder);
            return Ok(());
        }
        let (file, folder) = self.file_of(item, &name);
        module.file = file;
        read(self.tree, self.root, module, folder).map(|_| ())
    }

    /// The file of `mod name;`, and where its own children are.
    fn file_of(&self, item: &syn::ItemMod, name: &str) -> (PathBuf, PathBuf) {
        if let Some(path) = tokens::path_attribute(&item.attrs) {
            let file = plain(&self.folder.join(path));
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            return (file, folder);
        }
        let folder = self.folder.join(name);
        let file = self.folder.join(format!("{name}.rs"));
        let file = if self.root.join(&file).is_file() { file } else { folder.join("mod.rs") };
        (file, folder)
    }

    fn import(&mut self, mut path: Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(path, &step.tree);
            }
            syn::UseTree::Name(leaf) => self.import_as(path, &leaf.ident, &leaf.ident),
            syn::UseTree::Rename(leaf) => self.import_as(path, &leaf.ident, &leaf.rename),
            syn::UseTree::Glob(_) => self.module().globs.push(path),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.import(path.clone(), item));
            }
        }
    }

    fn import_as(&mut self, mut path: Vec<String>, leaf: &syn::Ident, name: &syn::Ident) {
        if leaf != "self" {
            path.push(leaf.to_string());
        }
        // `use a::{self}` is known as `a`.
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name.to_string() };
        self.module().imports.push((name, path.clone()));
        let line = leaf.span().start().line;
        self.module().references.push(Reference { path, line, import: true });
    }
}

/// Without `..`, of which paths in `#[path]` are full.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == std::path::Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part)
        }
    }
    plain
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !tokens::only_for_tests(tokens::attributes(item)) {
            visit::visit_item(self, item);
        } else if let syn::Item::Mod(test) = item {
            self.module().tests.insert(test.ident.to_string());
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if let Err(error) = self.child(item) {
            self.failed.get_or_insert(error);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(Vec::new(), &item.tree);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !tokens::only_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !tokens::only_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first()
            && path.leading_colon.is_none()
        {
            self.refer(names, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        tokens::paths(call.tokens.clone(), &mut |path, line| self.refer(path, line));
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            tokens::paths(list.tokens.clone(), &mut |path, line| self.refer(path, line));
        }
    }

    // `pub(crate)` and `pub(super)` refer to nothing.
    fn visit_visibility(&mut self, _visibility: &'ast syn::Visibility) {}
}
