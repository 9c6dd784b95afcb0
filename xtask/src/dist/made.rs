//! What was made, to be checked.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::release::Release;

/// What was made.
pub(in crate::dist) struct Made {
    pub(super) release: Release,
    pub(super) binary: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) files: Vec<PathBuf>,
}

impl Made {
    /// The file whose name ends like this.
    pub(super) fn file(&self, end: &str) -> Result<&Path> {
        let found = self.files.iter().find(|path| path.to_string_lossy().ends_with(end));
        found.map(PathBuf::as_path).with_context(|| format!("no {end} was made"))
    }
}
