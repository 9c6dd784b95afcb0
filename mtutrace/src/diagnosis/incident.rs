//! A container's trouble with one bottleneck, and the verdict that stands about it.
use crate::topology;
use std::collections::BTreeSet;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::{rules, tunnels};
use crate::model::{DeviceId, Ended, Node, SignalKind, Verdict};

/// A trouble, and what was said of it.
pub(super) struct Incident {
    pub(super) trouble: Evidence,
    pub(super) remote: std::net::IpAddr,
    pub(super) stated: Option<Verdict>,
}

impl Incident {
    /// The verdict, if it is not the one that was stated last; `lives`: the namespace is still the same one.
    pub(super) fn judge(&mut self, lives: bool, now_ns: u64, node: &Node) -> Option<Verdict> {
        let now = || match (self.trouble.silent, &self.trouble.tunnel) {
            (Some(pair), _) => pair.mismatch(node),
            (_, Some(_)) => {
                let of_way = topology::mismatch(node, self.trouble.netns, Some(self.remote));
                tunnels::standing(&self.trouble, of_way, node)
            }
            _ => topology::mismatch(node, self.trouble.netns, Some(self.remote)),
        };
        let mismatch = lives.then(now).flatten();
        let active = mismatch.is_some();
        // A runtime may name a container some time after its network is there.
        self.trouble.belongs_to(node.container(self.trouble.netns).filter(|_| lives));
        if let (false, Some(stated)) = (active, &mut self.stated) {
            // The numbers are right now, or the container is gone; what was said stays true of then.
            stated.ended = stated.ended.or(Some(if lives { Ended::Fixed } else { Ended::Gone }));
            return std::mem::take(&mut stated.active).then(|| stated.clone());
        }
        let finding = rules::judge(&self.trouble, now_ns)?;
        let worse = |s: &Verdict| (s.kind, s.severity) < (finding.kind, finding.severity);
        let same = |s: &Verdict| s.active == active && !worse(s) && s.container == self.trouble.container;
        if self.stated.as_ref().is_some_and(same) {
            return None;
        }
        if let Some(mismatch) = mismatch {
            self.trouble.tunnel = topology::wrong_tunnel(node, &mismatch.bottleneck);
            self.trouble.mismatch = mismatch;
        }
        let verdict = rules::verdict(&self.trouble, finding, active, node);
        self.stated = Some(verdict.clone());
        Some(verdict)
    }

    /// Whether all that is known is a promise, and packets of somebody else die at the same device already: one cause, one
    /// verdict.
    pub(super) fn is_explained(&self, silent_at: &BTreeSet<DeviceId>) -> bool {
        let promises = || self.trouble.counts.keys().all(|signal| *signal == SignalKind::MssExceedsPath);
        self.trouble.silent.is_none()
            && silent_at.contains(&self.trouble.mismatch.bottleneck.id())
            && promises()
    }

    /// The verdict that stands, as the last thing to be said of it.
    pub(super) fn end(&self) -> Option<Verdict> {
        let stated = self.stated.as_ref().filter(|stated| stated.active)?;
        Some(Verdict { active: false, ended: Some(Ended::Quiet), ..stated.clone() })
    }

    /// Brings the figures of a verdict that stands up to date.
    pub(super) fn refresh(&mut self, now_ns: u64, node: &Node) {
        let Some(stated) = self.stated.as_mut().filter(|s| s.active) else { return };
        if let Some(finding) = rules::judge(&self.trouble, now_ns) {
            *stated = rules::verdict(&self.trouble, finding, true, node);
        }
    }
}
