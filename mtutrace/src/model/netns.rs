//! What names a network namespace.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Inode number of a network namespace (`stat /proc/PID/ns/net`), which is also the kernel's `net.ns.inum`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub(crate) struct NetnsId(pub(crate) u32);

impl fmt::Display for NetnsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One of the namespaces that had this inode number one after the other: the kernel uses a number again as soon as its
/// namespace is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct NetnsKey {
    /// Its inode number.
    pub(crate) id: NetnsId,
    /// The node's generation that it appeared in ([`super::Netns::generation`]).
    pub(crate) generation: u64,
}
