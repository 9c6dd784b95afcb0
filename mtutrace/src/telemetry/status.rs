//! What is being traced.
use serde::{Deserialize, Serialize};

use crate::kernel::hooks::Status as HookStatus;

/// What is being traced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TraceStatus {
    /// Each hook's outcome.
    pub(crate) hooks: Vec<HookStatus>,
    /// Devices that carry classifiers.
    pub(crate) interfaces: usize,
    /// Network namespaces that are watched.
    pub(crate) namespaces: usize,
    /// Namespaces that could not be entered.
    pub(crate) unreadable: usize,
    /// Devices that refused a classifier.
    pub(crate) refused: usize,
    /// Containers.
    pub(crate) containers: usize,
    /// Ids of other containers that containers give to what they run.
    pub(crate) claimed: usize,
    /// Namespaces that have more devices, addresses, rules or routes than are read.
    pub(crate) cut: usize,
    /// The inode of the pid namespace whose processes are all that is seen; nothing if it is the host's.
    pub(crate) pid_namespace: Option<u64>,
}
