//! The cgroups that runtimes of the lab make: one tree in each hierarchy, under a name that nobody else has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::lab::wait;

/// The root of the trees; they are removed when it is dropped.
#[derive(Debug)]
pub(super) struct CgroupTrees {
    name: String,
}

impl CgroupTrees {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// Those that exist: below the mount itself (v2), or below one for each controller (v1, hybrid).
    fn roots(&self) -> Vec<PathBuf> {
        let top = Path::new("/sys/fs/cgroup");
        let mounts = fs::read_dir(top).into_iter().flatten().flatten().map(|entry| entry.path());
        let candidates = std::iter::once(top.to_owned()).chain(mounts).map(|dir| dir.join(&self.name));
        candidates.filter(|dir| dir.is_dir()).collect()
    }
}

impl Drop for CgroupTrees {
    fn drop(&mut self) {
        for root in self.roots() {
            // Killed processes take a moment to leave, and until then the kernel says EBUSY.
            let gone =
                wait::until("cgroups to be empty", wait::GIVE_UP, || Ok(remove(&root).is_ok().then_some(())));
            if gone.is_err() {
                eprintln!("lab: {}: {:?}", root.display(), remove(&root));
            }
        }
    }
}

/// Removes a tree of cgroups from its leaves.
fn remove(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    Ok(fs::remove_dir(dir)?)
}
