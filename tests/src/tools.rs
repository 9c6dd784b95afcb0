//! Programs that `cargo xtask setup` unpacked without installing them.

use std::path::{Path, PathBuf};

/// Names their folder where it is another one: to a test as root, sudo keeps the build's own variables secret.
pub const VARIABLE: &str = "MTUTRACE_TOOLS";

/// Their folder: as [`VARIABLE`] says, else `tools` in cargo's target directory.
pub fn folder() -> PathBuf {
    let target = || std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository("target"), PathBuf::from);
    std::env::var_os(VARIABLE).map_or_else(|| target().join("tools"), PathBuf::from)
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
