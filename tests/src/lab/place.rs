//! Where a process of the lab runs: a network namespace and, for containers, a cgroup.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Error, Result as IoResult};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use super::cgroup::Cgroup;
use super::netns::NetNs;

/// A namespace, and a cgroup if a container is meant.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    netns: &'a NetNs,
    cgroup: Option<&'a Cgroup>,
}

impl<'a> Place<'a> {
    /// The namespace alone: what runs here belongs to the host as far as identity goes.
    pub fn host(netns: &'a NetNs) -> Self {
        Self { netns, cgroup: None }
    }

    /// A container: both.
    pub fn container(netns: &'a NetNs, cgroup: &'a Cgroup) -> Self {
        Self { netns, cgroup: Some(cgroup) }
    }

    /// A command that moves itself here before it starts, and dies with the lab.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let netns = File::open(self.netns.path()).with_context(|| self.netns.name().to_owned())?;
        let cgroup = self.cgroup.map(Cgroup::door).transpose()?;
        let mut command = Command::new(program);
        let enter = move || {
            if let Some(door) = &cgroup {
                join_cgroup(door)?;
            }
            // SAFETY: setns is async-signal-safe, and the file is owned by this closure.
            check(unsafe { libc::setns(netns.as_raw_fd(), libc::CLONE_NEWNET) })
        };
        // SAFETY: between fork and exec the closure only makes system calls on files opened before.
        unsafe { command.pre_exec(enter) };
        die_with_parent(command.process_group(0));
        Ok(command)
    }
}

/// Makes the child die when the thread that starts it does: a killed test must not leave processes behind.
pub fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is a plain system call, allowed between fork and exec.
    unsafe { command.pre_exec(|| check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))) };
}

/// Moves the calling process into the cgroup behind `door`; `0` means "whoever writes this".
fn join_cgroup(door: &File) -> IoResult<()> {
    // SAFETY: the buffer is one readable byte and the descriptor is open.
    match unsafe { libc::write(door.as_raw_fd(), b"0".as_ptr().cast(), 1) } {
        1 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

fn check(result: libc::c_int) -> IoResult<()> {
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}
