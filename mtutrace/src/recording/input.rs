//! What comes to a session from outside: a recording holds the same, so that a replay runs the same code.
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::discovery::snapshot::Snapshot;
use crate::kernel::counters::Records;
use crate::model::{Flow, NatQuery, SocketId, TcpInfo};
use crate::telemetry::cost::Cost;

/// One thing that comes. When it came is said beside it, nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Records, the oldest first, as the kernel made them.
    Records(Vec<Bytes>),
    /// Time has gone on: verdicts are judged.
    Tick,
    /// What the kernel said of a socket; nothing if there is no such socket.
    Socket(SocketId, Option<TcpInfo>),
    /// What NAT has made of a flow; nothing if that is not known.
    Nat(NatQuery, Option<Flow>),
    /// A report is due.
    Interval(Interval),
    /// The node, what is traced, or the kernel's counters have changed.
    Snapshot(Snapshot),
    /// The same at the end: nothing is said of it but in the final report.
    LastSnapshot(Snapshot),
    /// The end.
    End(Ending),
}

/// What belongs to a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Interval {
    /// Records that the ring could not take so far.
    pub(crate) lost: u64,
    /// Whether there is time to look for mismatches that stand.
    pub(crate) look: bool,
    /// What the run has cost so far.
    pub(crate) cost: Cost,
}

/// What belongs to the final report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ending {
    /// Records that the kernel side made, by what became of them.
    pub(crate) records: Records,
    /// What the run has cost.
    pub(crate) cost: Cost,
}
