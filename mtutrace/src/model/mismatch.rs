//! An MTU that is larger than the egress path carries.
use super::Hop;

/// A container's network that promises more than its way out can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// From the container's own device to the bottleneck, both included.
    pub(crate) path: Vec<Hop>,
    /// The device whose number is wrong.
    pub(crate) culprit: Hop,
    /// The device that sets the limit; a tunnel with what its underlay leaves for it.
    pub(crate) bottleneck: Hop,
}
