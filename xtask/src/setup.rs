//! `cargo xtask setup`: finds or installs what building needs, step by step.

mod prometheus;
pub(crate) mod qemu;
pub(crate) mod runtimes;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::toolchain::{self, BpfToolchain};
use crate::{apt, exec};

/// 0.11 and later want a system LLVM; 0.10 uses the one that comes with rustc.
const LINKER_VERSION: &str = "0.10.3";

const BY_HAND: &str = "\
no compiler for BPF could be installed. By hand, one of these:
  rustup toolchain install nightly --component rust-src
  apt-get install --no-install-recommends rustc-web libstd-rust-web-dev-bpf      (Debian)
  MTUTRACE_BPF_RUSTC=/path/to/rustc with a core library for bpfel-unknown-none";

/// What the machine is prepared for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// `cargo build`.
    Building,
    /// Building, and a laboratory of network namespaces.
    Testing,
    /// Building and clippy for the eBPF crate.
    Linting,
}

/// What building the eBPF crate needs.
pub(crate) struct Ready {
    pub(crate) toolchain: BpfToolchain,
    pub(crate) linker: PathBuf,
}

/// Finds or installs everything.
pub(crate) fn setup(purpose: For) -> Result<Ready> {
    apt::need(&[("cc", "gcc"), ("cc", "libc6-dev")])
        .context("no C compiler (cc), which links Rust programs")?;
    let toolchain = compiler()?;
    step("compiler for BPF", &toolchain.to_string());
    let linker = linker()?;
    step("bpf-linker", &linker.display().to_string());
    match purpose {
        For::Building => {}
        For::Testing => {
            lab_tools()?;
            runtimes();
            prometheus();
        }
        For::Linting => clippy(&toolchain)?,
    }
    Ok(Ready { toolchain, linker })
}

fn step(what: &str, state: &str) {
    println!("setup: {what}: {state}");
}

fn compiler() -> Result<BpfToolchain> {
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

fn linker() -> Result<PathBuf> {
    let target = exec::target_dir();
    if let Some(found) = toolchain::linker(&target) {
        return Ok(found);
    }
    step("bpf-linker", &format!("none yet; building {LINKER_VERSION}, a minute or two"));
    let mut install = exec::cargo("install");
    install.args(["bpf-linker", "--version", LINKER_VERSION, "--locked", "--root"]).arg(target.join("tools"));
    // Its own target directory goes away afterwards; ours would keep 200 crates that nothing else uses.
    install.env_remove("CARGO_TARGET_DIR");
    let by_hand = format!("by hand: cargo install bpf-linker --version {LINKER_VERSION} --locked");
    exec::with_progress(&mut install, Duration::from_secs(1800)).with_context(|| by_hand.clone())?;
    toolchain::linker(&target).with_context(|| format!("bpf-linker was installed but doesn't run; {by_hand}"))
}

fn lab_tools() -> Result<()> {
    let tools = [
        ("ip", "iproute2"),
        ("tc", "iproute2"),
        ("nft", "nftables"),
        ("setpriv", "util-linux"),
        ("tmux", "tmux"),
    ];
    apt::need(&tools).context("the laboratory needs ip, tc, nft, setpriv and tmux")?;
    step("laboratory", "ip, tc, nft, setpriv, tmux");
    Ok(())
}

/// Docker and containerd; without them the scenarios that run them say that they were skipped.
fn runtimes() {
    match runtimes::fetch(&exec::tools_dir()) {
        Ok(place) => step("Docker and containerd", &place),
        Err(error) => {
            step("Docker and containerd", &format!("scenarios that need them cannot run: {error:#}"));
        }
    }
}

/// Some scenarios are scraped by a real one, and say that they are skipped where there is none.
fn prometheus() {
    let tools = exec::tools_dir();
    match prometheus::fetch(&tools) {
        Ok(()) => step("Prometheus", &tools.join("prometheus").display().to_string()),
        Err(error) if exec::installed("promtool") => {
            step("Prometheus", &format!("the one on PATH ({error:#})"))
        }
        Err(error) => step("Prometheus", &format!("its scenarios are left out: {error:#}")),
    }
}

/// clippy comes with a rustup nightly; Debian packages it beside its rustc-web.
fn clippy(toolchain: &BpfToolchain) -> Result<()> {
    if let BpfToolchain::Prebuilt { rustc } = toolchain
        && !rustc.with_file_name("clippy-driver").is_file()
    {
        apt::install(&["rust-web-clippy"])
            .context("clippy for the eBPF crate needs the clippy of its compiler")?;
    }
    Ok(())
}
