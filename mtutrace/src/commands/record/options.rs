//! Options of `record` beside those of `run`.
use std::path::PathBuf;
use std::time::Duration;

/// Where a run is kept, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The file; `-` is stdout.
    pub(crate) file: PathBuf,
    /// Bytes after which another file is begun.
    pub(crate) rotate_size: Option<u64>,
    /// Files that are kept.
    pub(crate) rotate_count: Option<u32>,
    /// Bytes of all files.
    pub(crate) max_size: Option<u64>,
    /// Keep it in memory until something happens.
    pub(crate) ring: Option<Ring>,
    /// Write other addresses and names.
    pub(crate) anonymize: bool,
    /// Compress what replay reads.
    pub(crate) zstd: bool,
}

impl Options {
    /// Whether the recording itself goes to stdout.
    pub(crate) fn is_stdout(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}

/// A flight recorder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// How far back it reaches.
    pub(crate) span: Duration,
    /// Bytes that it may take.
    pub(crate) memory: usize,
    /// Files that it writes at most.
    pub(crate) files: u32,
}
