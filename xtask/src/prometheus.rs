//! Debian's Prometheus, unpacked below target/ without being installed: no service of it ever runs.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::vm::debian::{self, Suite};

/// Its programs need the C library of this suite or a later one, and nothing else.
const SUITE: &str = "bookworm";

/// Fetches it into `tools`, unless it is there; `cache` keeps Debian's package lists.
pub(crate) fn fetch(tools: &Path, cache: &Path) -> Result<()> {
    let root = tools.join("prometheus");
    if root.is_dir() {
        return Ok(());
    }
    debian::check()?;
    fs::create_dir_all(tools)?;
    Suite::open(cache, SUITE, false)?.unpack(&["prometheus".to_owned()], &root)
}
