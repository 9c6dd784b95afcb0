//! What goes wrong although no MTU of this node is wrong.
use std::collections::BTreeMap;

use super::cut::Cut;
use super::hole::PersistentHole;
use super::lost::LostFragments;
use crate::model::Flow;

/// Evidence of an incident whose cause is no MTU of this node.
#[derive(Clone, Debug)]
pub(crate) enum ExternalEvidence {
    /// The container cuts its own datagrams, which then fit.
    Cut {
        /// How many, and how large.
        cut: Cut,
        /// To whom the last one went, and by which device.
        last: (Flow, u32),
    },
    /// Fragments are lost.
    Lost(LostFragments),
    /// Holes that stay, by connection.
    Holes(BTreeMap<(std::net::IpAddr, u16, u16), PersistentHole>),
}

impl ExternalEvidence {
    pub(crate) fn clear(&mut self) {
        match self {
            ExternalEvidence::Cut { cut, .. } => *cut = Cut::default(),
            ExternalEvidence::Lost(lost) => *lost = LostFragments::default(),
            ExternalEvidence::Holes(holes) => holes.clear(),
        }
    }

    /// When the first of it came, CLOCK_MONOTONIC nanoseconds.
    pub(crate) fn first_ns(&self) -> u64 {
        match self {
            ExternalEvidence::Cut { cut, .. } => cut.first_ns,
            ExternalEvidence::Lost(lost) => lost.first_ns,
            ExternalEvidence::Holes(holes) => holes.values().map(|hole| hole.first_ns).min().unwrap_or(0),
        }
    }
}
