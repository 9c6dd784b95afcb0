//! What a `status` line says of MTUs that do not fit, and of how much of the node is seen.
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::StandingMismatch;
use crate::telemetry::TraceStatus;

/// These fields.
#[derive(Serialize, JsonSchema)]
pub(super) struct Standing<'a> {
    /// MTUs that do not fit as the node stands, one for each cause, the worst first: in the first line and in the last, and
    /// when they are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatches: Option<&'a [StandingMismatch]>,
    /// The inode of the pid namespace whose processes are all that is seen; absent if it is the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid_namespace: Option<u64>,
}

impl<'a> Standing<'a> {
    /// With these mismatches, if it is time to tell them.
    pub(super) fn new(mismatches: Option<&'a [StandingMismatch]>, status: &TraceStatus) -> Standing<'a> {
        Standing { mismatches, pid_namespace: status.pid_namespace }
    }
}
