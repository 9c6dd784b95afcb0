//! `cargo xtask lint`: what must hold for the source, without running it.

mod circle;
mod collect;
mod files;
mod layers;
mod package;
mod resolve;
mod structure;
mod style;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::setup::{self, For};
use crate::{exec, toolchain};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the structure of the source: circles among modules, layers, files (a second, nothing is installed)
    #[arg(long)]
    layers: bool,
    /// Look at the source of another folder
    #[arg(long, value_name = "DIR", requires = "layers")]
    root: Option<PathBuf>,
}

/// Stops at the first kind of check that finds something.
pub(crate) fn lint(options: &Options) -> Result<u8> {
    structure(options.root.as_deref().unwrap_or(exec::root()))?;
    if options.layers {
        return Ok(0);
    }
    clippy()?;
    Ok(0)
}

fn structure(root: &Path) -> Result<()> {
    let start = Instant::now();
    let errors = structure::check(root)?;
    for error in &errors {
        println!("lint: {error}\n");
    }
    ensure!(errors.is_empty(), "structure of the source: {} to mend", errors.len());
    println!("lint: structure of the source: in order ({} ms)", start.elapsed().as_millis());
    Ok(())
}

/// The workspace with the user's clippy; the eBPF crate with the clippy of the compiler that builds it.
fn clippy() -> Result<()> {
    let ready = setup::setup(For::Linting)?;
    exec::succeed(exec::cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let manifest = exec::root().join(toolchain::CRATE);
    let target = exec::target_dir().join("ebpf-lint");
    let clippy = ready.toolchain.clippy(&manifest, &target, &ready.linker);
    exec::succeed(&mut clippy.context("no clippy for the compiler that builds the eBPF crate")?)
}
