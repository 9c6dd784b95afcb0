//! Building: the eBPF object alone, or the release binary.

use anyhow::Result;

use crate::exec;
use crate::setup::{self, For};
use crate::toolchain::{self, BpfToolchain};

/// `cargo xtask build-ebpf`.
pub(crate) fn ebpf() -> Result<u8> {
    let ready = setup::setup(For::Building)?;
    let target = exec::target_dir().join("bpf"); // where mtutrace/build.rs builds it too
    let manifest = exec::root().join(toolchain::CRATE);
    exec::succeed(&mut ready.toolchain.command(&manifest, &target, &ready.linker))?;
    println!("{}", BpfToolchain::object(&target).display());
    Ok(0)
}

/// The binary as tests run it: nothing of it is slow, and it is built in half the time.
pub(crate) fn tested() -> Result<std::path::PathBuf> {
    exec::succeed(exec::cargo("build").args(["--profile", "tested", "--package", "mtutrace"]))?;
    Ok(exec::target_dir().join("tested/mtutrace"))
}

/// `cargo build --release` of the binary, whose build script builds the eBPF object.
pub(crate) fn release() -> Result<std::path::PathBuf> {
    exec::succeed(exec::cargo("build").args(["--release", "--package", "mtutrace"]))?;
    Ok(exec::target_dir().join("release/mtutrace"))
}
