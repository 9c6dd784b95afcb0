//! The archive for everybody else.

use std::path::Path;

use anyhow::Result;

use super::documents;
use super::release::{LICENCES, Release};
use super::tree::{Tree, gzip};
use crate::exec;

/// Its bytes: everything below one folder that says what it is.
pub(crate) fn archive(release: &Release, binary: &Path, manuals: &Path) -> Result<Vec<u8>> {
    let top = format!("mtutrace-{}-{}/", release.version, release.architecture);
    gzip(&files(binary, manuals)?.tar(&top, release.seconds)?)
}

/// What is in it.
pub(super) fn files(binary: &Path, manuals: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.copy("mtutrace", 0o755, binary)?;
    for name in LICENCES {
        tree.copy(name, 0o644, &exec::root().join(name))?;
    }
    documents::add(&mut tree, "")?;
    for folder in ["man", "completions"] {
        tree.copy_all(&manuals.join(folder), |name| format!("{folder}/{name}"))?;
    }
    Ok(tree)
}
