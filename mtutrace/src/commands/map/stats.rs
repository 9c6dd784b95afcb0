//! What one scan of the node took.
use std::time::Duration;

/// Scan statistics, shown below the map.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScanStats {
    /// Namespaces that were read.
    pub(super) namespaces: usize,
    /// Namespaces that could not be read.
    pub(super) unreadable: usize,
    /// Wall time of the scan.
    pub(super) took: Duration,
    /// The inode of the pid namespace whose processes are all that is seen; nothing if it is the host's.
    pub(super) pid_namespace: Option<u64>,
    /// Resident memory, bytes.
    pub(super) memory: Option<u64>,
}
