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
    /// Resident memory, bytes.
    pub(super) memory: Option<u64>,
}
