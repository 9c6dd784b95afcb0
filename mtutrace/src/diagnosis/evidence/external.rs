//! What goes wrong although no MTU of this node is wrong.
use super::announcement::Announcement;
use super::cut::Cut;
use super::damaged::Damaged;
use super::lost::LostFragments;
use super::stalled::StalledConnections;
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
    /// Connections stand still, and what is too big is not told.
    Stalled(StalledConnections),
    /// A router beyond says what fits, and the sender goes on with more.
    Announced(Announcement),
    /// Large packets arrive damaged.
    Damaged(Damaged),
}

impl ExternalEvidence {
    pub(crate) fn clear(&mut self) {
        match self {
            ExternalEvidence::Cut { cut, .. } => *cut = Cut::default(),
            ExternalEvidence::Lost(lost) => *lost = LostFragments::default(),
            ExternalEvidence::Stalled(stalled) => *stalled = StalledConnections::default(),
            ExternalEvidence::Announced(said) => *said = Announcement::new(said.router, said.remote, 0),
            ExternalEvidence::Damaged(damaged) => *damaged = Damaged::default(),
        }
    }

    /// When the first of it came, CLOCK_MONOTONIC nanoseconds.
    pub(crate) fn first_ns(&self) -> u64 {
        match self {
            ExternalEvidence::Cut { cut, .. } => cut.first_ns,
            ExternalEvidence::Lost(lost) => lost.first_ns,
            ExternalEvidence::Stalled(stalled) => {
                let holes = stalled.holes.values().map(|hole| hole.first_ns);
                holes.chain(stalled.uploads.values().map(|upload| upload.first_ns)).min().unwrap_or(0)
            }
            ExternalEvidence::Announced(said) => said.first_ns,
            ExternalEvidence::Damaged(damaged) => damaged.first_ns,
        }
    }
}
