//! What is being traced.
use crate::kernel::hooks::Status as HookStatus;

/// What is being traced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceStatus {
    /// Each hook's outcome.
    pub hooks: Vec<HookStatus>,
    /// Devices that carry classifiers.
    pub interfaces: usize,
    /// Network namespaces that are watched.
    pub namespaces: usize,
    /// Namespaces that could not be entered.
    pub unreadable: usize,
    /// Devices that refused a classifier.
    pub refused: usize,
    /// Containers.
    pub containers: usize,
}
