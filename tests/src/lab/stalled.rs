//! A reader that does not read: whoever writes there would hang.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use super::name;
use super::tracer::binary;

/// A pipe that is full, and open at both of its ends; removed when dropped.
#[derive(Debug)]
pub struct StalledReader {
    path: PathBuf,
    _both_ends: File,
}

impl StalledReader {
    /// Fills one; `role` tells it from others of this test.
    pub fn new(role: &str) -> Result<Self> {
        let path = name::temporary(role);
        ensure!(Command::new("mkfifo").arg(&path).status()?.success(), "no pipe at {}", path.display());
        let mut pipe =
            OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(&path)?;
        while pipe.write(b"\n").is_ok() {}
        Ok(Self { path, _both_ends: pipe })
    }

    /// mtutrace, with this as its stdout and, if `both`, its stderr.
    pub fn command(&self, both: bool) -> Result<Command> {
        // Whoever runs this with nohup(1) has SIGHUP ignored.
        let mut command = Command::new("env");
        let line = r#"out=$1; shift; exec "$@" >"$out""#;
        command.args(["--default-signal=HUP", "sh", "-c"]);
        command.arg(if both { format!("{line} 2>&1") } else { line.to_owned() });
        command.arg("sh").arg(&self.path).arg(binary()?);
        Ok(command)
    }
}

impl Drop for StalledReader {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_file(&self.path);
    }
}
