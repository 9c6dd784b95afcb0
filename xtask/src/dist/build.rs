//! The binary that is shipped, and what is written from its command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{exec, toolchain};

/// Optimizing everything as one takes minutes on a small machine.
const LIMIT: Duration = Duration::from_secs(3600);

/// The static binary: it needs no library of the node that it is copied to.
pub(crate) fn binary() -> Result<PathBuf> {
    // glibc's static archive comes with libc6-dev, which linking needs anyway; a target for musl has to be fetched.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    println!("dist: building a static binary for {target}, a few minutes the first time");
    let mut flags = vec![OsString::from("-Ctarget-feature=+crt-static")];
    flags.extend(toolchain::without_paths(exec::root()));
    let mut build = exec::cargo("build");
    // Build scripts and macros are built without these flags, because a target is named.
    build.args(["--profile", "packaged", "--package", "mtutrace", "--target", &target]);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}".as_ref()));
    exec::with_progress(&mut build, LIMIT)
        .context("linking statically needs libc.a: apt-get install libc6-dev (Debian)")?;
    Ok(exec::target_dir().join(target).join("packaged/mtutrace"))
}

/// A folder with `man/` and `completions/`.
pub(crate) fn manuals() -> Result<PathBuf> {
    println!("dist: writing man pages and completions");
    let dir = exec::target_dir().join("packaged/manuals");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    let mut run = exec::cargo("run");
    run.args(["--quiet", "--package", "mtutrace-generate", "--", "manuals"]).arg(&dir);
    exec::with_progress(&mut run, LIMIT)?;
    Ok(dir)
}
