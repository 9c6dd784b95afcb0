//! `cargo xtask setup`: finds or installs what building needs, step by step.

mod bpf;
mod prometheus;
pub(crate) mod qemu;
pub(crate) mod runtimes;
mod step;

use std::path::PathBuf;

use anyhow::{Context, Result};

use self::step::step;
use crate::exec;
use crate::packages::apt;
use crate::toolchain::BpfToolchain;

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
    let toolchain = bpf::compiler()?;
    step("compiler for BPF", &toolchain.to_string());
    let linker = bpf::linker()?;
    step("bpf-linker", &linker.display().to_string());
    match purpose {
        For::Building => {}
        For::Testing => {
            lab_tools()?;
            runtimes();
            prometheus();
        }
        For::Linting => bpf::clippy(&toolchain)?,
    }
    Ok(Ready { toolchain, linker })
}

fn lab_tools() -> Result<()> {
    let tools = [
        ("ip", "iproute2"),
        ("tc", "iproute2"),
        ("nft", "nftables"),
        ("setpriv", "util-linux"),
        ("tmux", "tmux"),
        ("jq", "jq"),
        ("tcpdump", "tcpdump"),
        ("tshark", "tshark"),
    ];
    apt::need(&tools).context("the laboratory needs ip, tc, nft, setpriv, tmux, jq, tcpdump and tshark")?;
    step("laboratory", "ip, tc, nft, setpriv, tmux, jq, tcpdump, tshark");
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
