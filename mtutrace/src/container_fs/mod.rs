//! Opens sockets and namespaces that lie inside a container, by paths that the container has made.
//!
//! Whoever may mount a file system may also hold up all who look into it: a FUSE server that never answers leaves them in
//! an uninterruptible sleep, which no signal ends. So nothing is opened on a file system that another process serves, and
//! what is opened is opened by a helper process (this program, executed again), which has no descriptor of ours: if it hangs
//! all the same, it is given up, and holds neither the tracer nor any BPF object.
mod helper;
mod message;
mod mounts;
mod opened;
mod serve;
mod walk;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::fs::{Mode, OFlags, open as open_file};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use mounts::read_any;
pub(crate) use opened::{Opened, Refusal, Wanted};

/// Opens what is at `path` in the root directory of a process, given its directory in /proc; takes no longer than a second.
pub(crate) fn open(process: BorrowedFd<'_>, path: &Path, wanted: Wanted) -> Result<Opened, Refusal> {
    helper::ask(process, path, wanted)
}

/// The directory of a process in /proc: from now on it is that process, whoever gets its number next.
pub(crate) fn process(pid: u32) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(open_file(format!("/proc/{pid}"), flags, Mode::empty())?)
}

/// Splits `/proc/PID/root/PATH`. The first process's root is the host's, and is nobody's to block.
pub(crate) fn split(path: &Path) -> Option<(u32, PathBuf)> {
    let mut parts = path.strip_prefix("/proc").ok()?.components();
    let pid = parts.next()?.as_os_str().to_str()?.parse().ok().filter(|pid| *pid != 1)?;
    (parts.next()?.as_os_str() == "root").then(|| (pid, parts.as_path().to_owned()))
}

/// Does the helper's work, if this process was started as one (see `main`).
pub fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == helper::MARK && arguments.next().is_none()).then(serve::by_stdin)
}

#[cfg(test)]
mod tests;
