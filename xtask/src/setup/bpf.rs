//! What compiles, links and lints the kernel's programs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use super::step::step;
use crate::exec;
use crate::packages::apt;
use crate::toolchain::{self, BpfToolchain};

/// 0.11 and later want a system LLVM; 0.10 uses the one that comes with rustc.
const LINKER_VERSION: &str = "0.10.3";

const BY_HAND: &str = "\
no compiler for BPF could be installed. By hand, one of these:
  rustup toolchain install nightly --component rust-src
  apt-get install --no-install-recommends rustc-web libstd-rust-web-dev-bpf      (Debian)
  MTUTRACE_BPF_RUSTC=/path/to/rustc with a core library for bpfel-unknown-none";

/// The compiler for BPF.
pub(super) fn compiler() -> Result<BpfToolchain> {
    if let Some(found) = toolchain::find() {
        return Ok(found);
    }
    step("compiler for BPF", "none yet");
    for nightly in toolchain::nightlies() {
        println!("  asking rustup for rust-src of {nightly}");
        let mut command = std::process::Command::new("rustup");
        command.args(["component", "add", "rust-src", "--toolchain", &nightly]);
        match exec::with_progress(&mut command, Duration::from_secs(60)) {
            Ok(()) => break,
            Err(_) => println!("  rustup cannot get it here; going on without"),
        }
    }
    if toolchain::find().is_none() {
        apt::install(&["rustc-web", "libstd-rust-web-dev-bpf"]).context(BY_HAND)?;
    }
    toolchain::find().context(BY_HAND)
}

/// bpf-linker.
pub(super) fn linker() -> Result<PathBuf> {
    let target = exec::target_dir();
    if let Some(found) = toolchain::linker(&target) {
        return Ok(found);
    }
    step("bpf-linker", &format!("none yet; building {LINKER_VERSION}, a minute or two"));
    let mut install = exec::install("bpf-linker", LINKER_VERSION, &target.join("tools"));
    let by_hand = format!("by hand: cargo install bpf-linker --version {LINKER_VERSION} --locked");
    exec::with_progress(&mut install, Duration::from_secs(1800)).with_context(|| by_hand.clone())?;
    toolchain::linker(&target).with_context(|| format!("bpf-linker was installed but doesn't run; {by_hand}"))
}

/// clippy comes with a rustup nightly; Debian packages it beside its rustc-web.
pub(super) fn clippy(toolchain: &BpfToolchain) -> Result<()> {
    if let BpfToolchain::Prebuilt { rustc } = toolchain
        && !rustc.with_file_name("clippy-driver").is_file()
    {
        apt::install(&["rust-web-clippy"])
            .context("clippy for the eBPF crate needs the clippy of its compiler")?;
    }
    Ok(())
}
