//! What is opened, and why not.
use std::io;
use std::os::fd::OwnedFd;

/// What is wanted of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A connection to the stream socket there. The host's own sockets are refused.
    Connection,
    /// The network namespace that is mounted there.
    Namespace,
}

/// What was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The connection (non-blocking), or the namespace.
    pub(crate) fd: OwnedFd,
    /// Device and inode of the file.
    pub(crate) key: (u64, u64),
}

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The path leads over a file system of this type.
    #[error("it lies on a file system of type {0}, which may never answer")]
    FileSystem(String),
    /// The helper does not answer. It was given up.
    #[error("its file system does not answer within 1 s")]
    Silent,
    /// Too many helpers were given up, and are still there.
    #[error("too many file systems of containers do not answer; end the containers that mounted them")]
    TooMany,
    /// The kernel refused, or there is nothing.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Refusal {
        Refusal::Io(error.into())
    }
}
