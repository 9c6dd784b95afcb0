//! What is made with mtutrace's own library: extracts of kernels' BTF, man pages, completions.
//!
//! Not a part of xtask itself: the library needs a compiler for BPF, which `cargo xtask setup` installs.

mod btf;
mod manuals;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

#[derive(Parser)]
enum Task {
    /// Extract the part of a kernel's BTF that mtutrace reads
    Btf { from: PathBuf, to: PathBuf },
    /// Write man pages and shell completions
    Manuals { dir: PathBuf },
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Btf { from, to } => btf::write(&from, &to).with_context(|| from.display().to_string()),
        Task::Manuals { dir } => manuals::write(&dir).with_context(|| dir.display().to_string()),
    }
}
