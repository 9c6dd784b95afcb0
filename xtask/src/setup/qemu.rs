//! QEMU: the machine's own, else Debian's, unpacked below target/vm.
//!
//! It is not installed, because Debian's package would remove a newer `qemu-utils` that somebody chose to have.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::step::step;
use crate::exec;
use crate::packages::{apt, debian};

/// Guests are of this architecture, as Debian's cloud kernels for them are.
pub(crate) const PROGRAM: &str = "qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";

const BY_HAND: &str = "by hand: apt-get install --no-install-recommends qemu-system-x86, or put another qemu-system-x86_64 on PATH";

/// A QEMU that can be run.
#[derive(Debug, Clone)]
pub(crate) struct Qemu {
    /// Where it is unpacked; none for the machine's own.
    root: Option<PathBuf>,
}

impl Qemu {
    /// The machine's own, else what is unpacked already, else Debian's, fetched now.
    pub(crate) fn get() -> Result<Self> {
        if exec::installed(PROGRAM) {
            return Ok(Self { root: None });
        }
        let root = debian::cache().join("qemu");
        let qemu = Self { root: Some(root.clone()) };
        if !root.is_dir() {
            step(PROGRAM, "none on PATH; unpacking Debian's");
            fs::create_dir_all(debian::cache())?;
            apt::unpack(&[PACKAGE], &root).context(BY_HAND)?;
        }
        if let Err(error) = qemu.check() {
            // Made for other libraries than the machine has now, perhaps: the next run fetches it anew.
            fs::remove_dir_all(&root)?;
            return Err(error.context(BY_HAND));
        }
        Ok(qemu)
    }

    /// That it finds its libraries, and the emulation among its own modules.
    fn check(&self) -> Result<()> {
        let output = self.command().args(["-accel", "help"]).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {self}"))?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success() && said[0].contains("tcg"), "{self}: {}{}", said[0], said[1]);
        Ok(())
    }

    /// QEMU, to be given a machine.
    pub(crate) fn command(&self) -> Command {
        let Some(root) = &self.root else { return Command::new(PROGRAM) };
        let (usr, mut libraries) = (root.join("usr"), std::ffi::OsString::new());
        libraries.push(usr.join("lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)));
        if let Some(others) = std::env::var_os("LD_LIBRARY_PATH") {
            libraries.push(":");
            libraries.push(others);
        }
        let mut command = Command::new(usr.join("bin").join(PROGRAM));
        command.env("LD_LIBRARY_PATH", libraries);
        for firmware in ["share/qemu", "share/seabios"] {
            command.arg("-L").arg(usr.join(firmware));
        }
        command
    }
}

impl std::fmt::Display for Qemu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.root {
            Some(root) => write!(f, "{PROGRAM} in {}", root.display()),
            None => write!(f, "{PROGRAM} on PATH"),
        }
    }
}
