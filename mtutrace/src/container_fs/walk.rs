//! A path is walked part by part, so that each file system is looked at before anything is looked up in it.
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat};
use rustix::io::Errno;

use super::mounts::check;
use super::opened::Refusal;

/// Links that are followed (as MAXSYMLINKS).
const LINKS: usize = 40;

/// The end of a path, as a file without rights (O_PATH), and the type of its file system.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) fd: OwnedFd,
    pub(super) kind: String,
}

/// Walks `path` from the root of the process whose directory in /proc this is. Links and `..` stay below that root.
pub(super) fn walk(process: BorrowedFd<'_>, path: &Path) -> Result<Walked, Refusal> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = openat(process, "root", flags | OFlags::DIRECTORY, Mode::empty())?;
    let kind = check(process, root.as_fd())?;
    let mut above = vec![Walked { fd: root, kind }];
    let mut parts = parts_of(path.as_os_str().as_bytes());
    let mut links = 0;
    while let Some(part) = parts.pop_front() {
        if part == ".." {
            above.truncate(above.len().saturating_sub(1).max(1));
            continue;
        }
        let Some(directory) = above.last() else { break };
        let step = |resolve| openat2(&directory.fd, &part, flags | OFlags::NOFOLLOW, Mode::empty(), resolve);
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let next = match step(inside | ResolveFlags::NO_XDEV) {
            Ok(fd) => Walked { fd, kind: directory.kind.clone() },
            // Something is mounted there. To step on it asks nothing of it.
            Err(Errno::XDEV) => {
                let fd = step(inside)?;
                let kind = check(process, fd.as_fd())?;
                Walked { fd, kind }
            }
            Err(error) => return Err(error.into()),
        };
        let type_ = FileType::from_raw_mode(fstat(&next.fd)?.st_mode);
        match type_ {
            FileType::Symlink => {
                links += 1;
                if links > LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = readlinkat(&next.fd, "", Vec::new())?;
                if target.as_bytes().starts_with(b"/") {
                    above.truncate(1);
                }
                for part in parts_of(target.as_bytes()).into_iter().rev() {
                    parts.push_front(part);
                }
            }
            FileType::Directory => above.push(next),
            _ if parts.is_empty() => return Ok(next),
            _ => return Err(Errno::NOTDIR.into()),
        }
    }
    above.pop().ok_or(Errno::NOENT.into())
}

fn parts_of(path: &[u8]) -> VecDeque<OsString> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.map(|part| OsString::from_vec(part.to_vec())).collect()
}
