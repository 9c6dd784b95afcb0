//! What the thread that writes and its owner share.
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// Most bytes that wait for the disk.
pub(super) const QUEUE: usize = 16 << 20;

/// What the thread and its owner share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Bytes that wait.
    pub(super) queued: AtomicUsize,
    /// Bytes that could not be written.
    pub(super) unwritten: AtomicU64,
}

/// Which files there are to be.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The first one; others have a number or a time before the ending of its name.
    pub(crate) path: PathBuf,
    /// Keep so many, the newest.
    pub(crate) count: Option<u32>,
    /// Bytes of all of them.
    pub(crate) max_size: Option<u64>,
}
