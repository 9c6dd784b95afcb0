//! The node and what is traced of it, at one moment.
use std::sync::Arc;

use crate::mib::delta::DeltasByNetns;
use crate::model::Node;
use crate::telemetry::TraceStatus;
use crate::telemetry::cost::ProgramCost;

/// What the reconciler tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The node.
    pub(crate) node: Arc<Node>,
    /// What is traced.
    pub(crate) status: TraceStatus,
    /// Devices that should carry classifiers.
    pub(crate) wanted: usize,
    /// Whether all that was there at the start has been attached to.
    pub(crate) ready: bool,
    /// What the programs cost.
    pub(crate) programs: Vec<ProgramCost>,
    /// What the kernel counted since the start.
    pub(crate) kernel: Arc<DeltasByNetns>,
    /// Until when all of it was read, CLOCK_MONOTONIC nanoseconds.
    pub(crate) kernel_ns: u64,
}
