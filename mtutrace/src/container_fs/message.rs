//! Questions to a helper, and its answers: one datagram each, perhaps with a descriptor (unix(7), SCM_RIGHTS).
use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use super::opened::{Opened, Refusal, Wanted};

/// Longest path (PATH_MAX), and the byte before it.
const LONGEST: usize = 4097;

/// Asks for what is at a path in the root of a process.
pub(super) fn ask(
    socket: BorrowedFd<'_>,
    process: BorrowedFd<'_>,
    path: &Path,
    wanted: Wanted,
) -> io::Result<()> {
    let mut bytes = vec![u8::from(wanted == Wanted::Namespace)];
    bytes.extend(path.as_os_str().as_bytes());
    if bytes.len() > LONGEST {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    send(socket, &bytes, Some(process))
}

/// The next question; none when nobody asks any more.
pub(super) fn question(socket: BorrowedFd<'_>) -> io::Result<Option<(OwnedFd, PathBuf, Wanted)>> {
    let mut buffer = [0; LONGEST];
    let (length, process) = receive(socket, &mut buffer)?;
    let (Some((wanted, path)), Some(process)) = (buffer.get(..length).and_then(<[u8]>::split_first), process)
    else {
        return Ok(None);
    };
    let wanted = if *wanted == 1 { Wanted::Namespace } else { Wanted::Connection };
    Ok(Some((process, PathBuf::from(OsStr::from_bytes(path)), wanted)))
}

/// Answers it.
pub(super) fn answer(socket: BorrowedFd<'_>, result: &Result<Opened, Refusal>) -> io::Result<()> {
    match result {
        Ok(opened) => {
            let (device, inode) = opened.key;
            let bytes = [&[0], &device.to_ne_bytes()[..], &inode.to_ne_bytes()].concat();
            send(socket, &bytes, Some(opened.fd.as_fd()))
        }
        Err(Refusal::FileSystem(kind)) => send(socket, &[&[2], kind.as_bytes()].concat(), None),
        Err(other) => {
            let code = if let Refusal::Io(error) = other { error.raw_os_error() } else { None };
            send(socket, &[&[1], &code.unwrap_or(libc::EIO).to_ne_bytes()[..]].concat(), None)
        }
    }
}

/// The answer; `Silent` when it takes longer than the socket's time limit.
pub(super) fn answered(socket: BorrowedFd<'_>) -> Result<Opened, Refusal> {
    let mut buffer = [0; LONGEST];
    let (length, fd) = match receive(socket, &mut buffer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Refusal::Silent),
        received => received?,
    };
    let (kind, rest) = buffer
        .get(..length)
        .and_then(<[u8]>::split_first)
        .ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let number = |at: usize| rest.get(at..).and_then(|rest| rest.first_chunk()).copied();
    match (kind, fd, number(0), number(8)) {
        (0, Some(fd), Some(device), Some(inode)) => {
            Ok(Opened { fd, key: (u64::from_ne_bytes(device), u64::from_ne_bytes(inode)) })
        }
        (2, ..) => Err(Refusal::FileSystem(String::from_utf8_lossy(rest).into_owned())),
        _ => {
            let code = rest.first_chunk().copied().map_or(libc::EIO, i32::from_ne_bytes);
            Err(Refusal::Io(io::Error::from_raw_os_error(code)))
        }
    }
}

fn send(socket: BorrowedFd<'_>, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&fds));
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// How long it is, and the descriptor that came with it.
fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let buffers = &mut [IoSliceMut::new(buffer)];
    let received =
        rustix::io::retry_on_intr(|| recvmsg(socket, buffers, &mut control, RecvFlags::CMSG_CLOEXEC))?;
    let fd = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    Ok((received.bytes, fd))
}
