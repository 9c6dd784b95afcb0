//! Datagrams of which fragments were lost.
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Flow, NetnsId, NetnsKey};

/// Datagrams of which a fragment was lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostFragments {
    /// Which: ends and identification (RFC 791, RFC 8200 §4.5); up to a bound.
    pub(crate) datagrams: BTreeSet<(Flow, u16)>,
    /// Fragments that a firewall of this node dropped, and in which namespaces.
    pub(crate) filtered: BTreeMap<NetnsId, u64>,
    /// Datagrams that were given up because the rest did not come (`IpReasmTimeout`).
    pub(crate) given_up: u64,
    /// Either end of them that is on this node.
    pub(crate) ends: BTreeSet<NetnsKey>,
    /// When the first, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
}
