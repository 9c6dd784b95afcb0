//! The archive for everybody else.

use std::path::Path;

use anyhow::Result;

use super::release::{LICENCES, Release};
use super::tree::{Tree, gzip};
use crate::exec;

/// Its bytes: everything below one folder that says what it is.
pub(crate) fn archive(release: &Release, binary: &Path, manuals: &Path) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    tree.copy("mtutrace", 0o755, binary)?;
    let root = exec::root();
    for name in LICENCES.into_iter().chain(["README.md", "docs/DEPLOY.md", "docs/CI.md"]) {
        tree.copy(name, 0o644, &root.join(name))?;
    }
    for folder in ["man", "completions"] {
        tree.copy_all(&manuals.join(folder), |name| format!("{folder}/{name}"))?;
    }
    for folder in ["deploy/kubernetes", "deploy/systemd"] {
        tree.copy_all(&root.join(folder), |name| format!("{folder}/{name}"))?;
    }
    gzip(&tree.tar(&format!("mtutrace-{}-{}/", release.version, release.architecture), release.seconds)?)
}
