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
mod tools;
mod tree;
mod wheel;

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

type Check = fn() -> Result<()>;

/// Every kind of check, whatever the others found.
pub(crate) fn lint(options: &Options) -> Result<u8> {
    if options.layers {
        structure(options.root.as_deref().unwrap_or(exec::root()))?;
        return Ok(0);
    }
    let checks: [(&str, Check); 5] = [
        ("structure", || structure(exec::root())),
        ("spelling", tools::spelling),
        ("dependencies", tools::dependencies),
        ("clippy", clippy),
        ("rustdoc", rustdoc),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        let start = Instant::now();
        let verdict = match check() {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                failed.push(name);
                format!("{error:#}")
            }
        };
        println!("lint: {name}: {verdict} ({:.1} s)", start.elapsed().as_secs_f32());
    }
    ensure!(failed.is_empty(), "lint: {} failed", failed.join(", "));
    Ok(0)
}

fn structure(root: &Path) -> Result<()> {
    let errors = structure::check(root)?;
    for error in &errors {
        println!("lint: {error}\n");
    }
    ensure!(errors.is_empty(), "{} findings", errors.len());
    Ok(())
}

/// The workspace with the user's clippy; the eBPF crate with the clippy of the compiler that builds it.
fn clippy() -> Result<()> {
    let ready = setup::setup(For::Linting)?;
    exec::succeed(exec::cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // What tests/fuzz calls; with the whole workspace it would keep alive what nothing else uses.
    let fuzzing = ["--package", "mtutrace", "--lib", "--features", "fuzzing", "--", "-D", "warnings"];
    exec::succeed(exec::cargo("clippy").args(fuzzing))?;
    let manifest = exec::root().join(toolchain::CRATE);
    let target = exec::target_dir().join("ebpf-lint");
    let clippy = ready.toolchain.clippy(&manifest, &target, &ready.linker);
    exec::succeed(&mut clippy.context("no clippy for the compiler that builds the eBPF crate")?)
}

/// Documentation without broken links, that of private items as well.
fn rustdoc() -> Result<()> {
    let mut doc = exec::cargo("doc");
    doc.args(["--workspace", "--no-deps", "--document-private-items"]);
    exec::succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
