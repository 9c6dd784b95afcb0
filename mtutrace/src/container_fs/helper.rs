//! The helpers: started when needed, kept for the next question, given up when they hang.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::message::{answered, ask as send};
use super::opened::{Opened, Refusal, Wanted};

/// The argument by which `main` knows that it is a helper.
pub(super) const MARK: &str = "--open-in-containers";
/// A question that takes longer will not be answered.
const LONGEST: Duration = Duration::from_secs(1);
/// Helpers that are kept without work.
const IDLE: usize = 1;
/// Helpers that hang at a time, before nothing is opened any more until one of them has ended.
const MOST_GIVEN_UP: usize = 16;

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: Vec::new(), given_up: Vec::new() });

struct Pool {
    idle: Vec<Helper>,
    /// Killed; each ends as soon as its file system lets it.
    given_up: Vec<Child>,
}

/// A running helper.
struct Helper {
    socket: OwnedFd,
    /// None in unit tests, where a thread does its work.
    child: Option<Child>,
}

/// Asks one; takes no longer than `LONGEST`.
pub(super) fn ask(process: BorrowedFd<'_>, path: &Path, wanted: Wanted) -> Result<Opened, Refusal> {
    let helper = take()?;
    let result = match send(helper.socket.as_fd(), process, path, wanted) {
        Ok(()) => answered(helper.socket.as_fd()),
        Err(error) => Err(error.into()),
    };
    match &result {
        Err(Refusal::Silent) => give_up(helper),
        // It has ended, or says what is no answer.
        Err(Refusal::Io(error)) if error.raw_os_error().is_none() => end(helper),
        _ => put_back(helper),
    }
    result
}

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take() -> Result<Helper, Refusal> {
    let mut pool = pool();
    pool.given_up.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    if pool.given_up.len() >= MOST_GIVEN_UP {
        return Err(Refusal::TooMany);
    }
    let idle = pool.idle.pop();
    drop(pool);
    idle.map_or_else(|| Ok(Helper::start()?), Ok)
}

fn put_back(helper: Helper) {
    let mut pool = pool();
    if pool.idle.len() < IDLE {
        pool.idle.push(helper);
    } else {
        drop(pool);
        end(helper);
    }
}

/// For one that waits for a question: it ends at once.
fn end(helper: Helper) {
    if let Some(mut child) = helper.child {
        let _already_ended = child.kill();
        let _ = child.wait();
    }
}

/// For one that may not end: nobody waits for it.
fn give_up(helper: Helper) {
    if let Some(mut child) = helper.child {
        let _already_ended = child.kill();
        pool().given_up.push(child);
    }
}

impl Helper {
    fn start() -> io::Result<Helper> {
        let flags = SocketFlags::CLOEXEC;
        let (socket, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(LONGEST))?;
        Ok(Helper { socket, child: start(theirs)? })
    }
}

/// This program once more. It inherits nothing but the socket: whoever reads our output does not wait for it.
#[cfg(not(test))]
fn start(socket: OwnedFd) -> io::Result<Option<Child>> {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    let mut command = Command::new("/proc/self/exe");
    command.arg0("mtutrace").arg(MARK).env_clear().current_dir("/").process_group(0);
    command.stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(Some)
}

#[cfg(test)]
fn start(socket: OwnedFd) -> io::Result<Option<Child>> {
    std::thread::spawn(move || super::serve::serve(socket.as_fd()));
    Ok(None)
}
