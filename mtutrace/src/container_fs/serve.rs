//! The helper's side: opens what it is asked for until nobody asks any more.
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open, stat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::message::{answer, question};
use super::opened::{Opened, Refusal, Wanted};
use super::walk::walk;

/// The whole life of a helper, whose standard input is the socket.
pub(super) fn by_stdin() -> ExitCode {
    // SAFETY: nothing has been opened by this process yet; what it was left with beyond the three is not its own.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    match serve(io::stdin().as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Answers all questions of a socket.
pub(super) fn serve(socket: BorrowedFd<'_>) -> io::Result<()> {
    while let Some((process, path, wanted)) = question(socket)? {
        answer(socket, &one(process.as_fd(), &path, wanted))?;
    }
    Ok(())
}

fn one(process: BorrowedFd<'_>, path: &Path, wanted: Wanted) -> Result<Opened, Refusal> {
    let found = walk(process, path)?;
    let status = fstat(&found.fd)?;
    let key = (status.st_dev, status.st_ino);
    let through = format!("/proc/self/fd/{}", found.fd.as_raw_fd());
    let fd = match wanted {
        Wanted::Namespace if found.kind == "nsfs" => {
            open(through, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?
        }
        Wanted::Namespace => return Err(Errno::NOENT.into()),
        Wanted::Connection => {
            if FileType::from_raw_mode(status.st_mode) != FileType::Socket || is_host(process)? {
                return Err(Errno::NOENT.into());
            }
            connection(&through)?
        }
    };
    Ok(Opened { fd, key })
}

/// Does not wait for a daemon that has too many connections already: then it says EAGAIN (unix_stream_connect).
fn connection(path: &str) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Whether the root of this process is the host's. It was looked at by `walk`, so it cannot hold us up.
fn is_host(process: BorrowedFd<'_>) -> io::Result<bool> {
    let inode = |stat: Stat| (stat.st_dev, stat.st_ino);
    let own = inode(rustix::fs::statat(process, "root", rustix::fs::AtFlags::empty())?);
    let of_host = ["/", "/proc/1/root"].iter().filter_map(|path| stat(*path).ok());
    Ok(of_host.into_iter().any(|host| inode(host) == own))
}
