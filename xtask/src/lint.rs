//! `cargo xtask lint`: clippy, warnings are errors.

use anyhow::{Context, Result};

use crate::setup::{self, For};
use crate::{exec, toolchain};

/// The workspace with the user's clippy; the eBPF crate with the clippy of the compiler that builds it.
pub(crate) fn lint() -> Result<u8> {
    let ready = setup::setup(For::Linting)?;
    exec::succeed(exec::cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let manifest = exec::root().join(toolchain::CRATE);
    let target = exec::target_dir().join("ebpf-lint");
    let clippy = ready.toolchain.clippy(&manifest, &target, &ready.linker);
    exec::succeed(&mut clippy.context("no clippy for the compiler that builds the eBPF crate")?)?;
    Ok(0)
}
