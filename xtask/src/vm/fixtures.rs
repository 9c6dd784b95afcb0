//! `cargo xtask btf`: extracts of the BTF of every kernel of the matrix, kept as fixtures of mtutrace's unit tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::kernel::{Kernel, MATRIX};
use super::vmlinux;
use crate::exec;
use crate::packages::debian::{self, cache};

/// Where the running kernel shows its BTF.
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// Writes `tests/fixtures/btf/RELEASE.btf` for all of the matrix, in place of older releases of the same series; with
/// `running`, that of this machine's kernel as well, under its version alone.
pub(crate) fn extract(running: bool) -> Result<u8> {
    debian::check()?;
    let to = exec::root().join("tests/fixtures/btf");
    fs::create_dir_all(&to)?;
    let raw = cache().join("btf");
    for series in MATRIX {
        let kernel = Kernel::get(&cache(), series)?;
        fs::write(&raw, vmlinux::btf(&kernel.image, &cache())?)?;
        remove(&to, series)?;
        one(&raw, &to.join(kernel.release + ".btf"))?;
    }
    fs::remove_file(&raw)?;
    if running {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let version = release.trim().split(['-', '+']).next().unwrap_or_default();
        one(Path::new(RUNNING), &to.join(format!("{version}.btf")))?;
    }
    Ok(0)
}

fn one(from: &Path, to: &Path) -> Result<()> {
    let mut extract = exec::cargo("run");
    extract.args(["--quiet", "--package", "mtutrace-generate", "--", "btf"]);
    exec::succeed(extract.arg(from).arg(to))?;
    println!("{}: {} bytes", to.display(), fs::metadata(to)?.len());
    Ok(())
}

/// Removes the extracts of one series of Debian's cloud kernels.
fn remove(dir: &Path, series: &str) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("{series}.")) && name.contains("-cloud-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
