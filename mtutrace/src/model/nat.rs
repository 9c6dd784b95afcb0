//! A question about NAT.
use serde::{Deserialize, Serialize};

use super::{Flow, NetnsId};

/// What a flow, seen outside of a network namespace, reads like inside: before masquerading, or behind a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct NatQuery {
    /// The namespace that may translate it.
    pub(crate) netns: NetnsId,
    /// The flow outside; the answer points the same way.
    pub(crate) flow: Flow,
}
