//! Debian's Prometheus, unpacked below target/ without being installed: no service of it ever runs.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::packages::debian::{self, Suite};

/// Its programs need the C library of this suite or a later one, and nothing else.
const SUITE: &str = "bookworm";

/// Fetches it into `tools`, unless it is there.
pub(crate) fn fetch(tools: &Path) -> Result<()> {
    let root = tools.join("prometheus");
    if root.is_dir() {
        return Ok(());
    }
    debian::check()?;
    fs::create_dir_all(tools)?;
    Suite::open(&debian::cache(), SUITE, false)?.unpack(&["prometheus".to_owned()], &root)
}
