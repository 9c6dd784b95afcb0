//! What befalls one container at one bottleneck, and the verdict that stands about it.
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::explanation::{self, Identity};
use crate::diagnosis::{rules, tunnels};
use crate::model::{DeviceId, Ended, Mismatch, NetnsKey, Node, SignalKind, Verdict, VerdictId};
use crate::topology;

/// Evidence about one obstacle, and what was said of it.
pub(super) struct Incident {
    pub(super) evidence: Evidence,
    pub(super) remote: IpAddr,
    pub(super) stated: Option<Verdict>,
    id: VerdictId,
    replaces: Option<VerdictId>,
}

impl Incident {
    /// An incident without any event yet, of `owner` at the mismatch's bottleneck, towards `remote`.
    pub(super) fn new(owner: NetnsKey, mismatch: Mismatch, remote: IpAddr, now_ns: u64) -> Incident {
        let id = VerdictId::of((owner, mismatch.bottleneck.id(), now_ns));
        let evidence = Evidence::new(owner.id, mismatch, now_ns);
        Incident { evidence, remote, stated: None, id, replaces: None }
    }

    /// Takes over from an incident that turned out to be the same one, and ends what was said of that.
    pub(super) fn take_over(&mut self, other: Incident) -> Option<Verdict> {
        let ended = other.end(Ended::Replaced);
        self.evidence.outer.extend(other.evidence.outer);
        if self.stated.is_none() && ended.is_some() {
            self.replaces = Some(other.id);
        }
        ended
    }

    fn identity(&self, now_ns: u64) -> Identity {
        // At the end of a run time is without limit.
        let now_ns = if now_ns == u64::MAX { self.evidence.last_ns } else { now_ns };
        let since_ns = self.stated.as_ref().map_or(now_ns, |stated| stated.since_ns);
        Identity { id: self.id, since_ns, replaces: self.replaces }
    }

    /// The verdict, if it is not the one that was stated last; `lives`: the namespace is still the same one.
    pub(super) fn judge(&mut self, lives: bool, now_ns: u64, node: &Node) -> Option<Verdict> {
        let now = || match (self.evidence.silent, &self.evidence.tunnel) {
            (Some(pair), _) => pair.mismatch(node),
            (_, Some(_)) => {
                let of_way = topology::mismatch(node, self.evidence.netns, Some(self.remote));
                tunnels::standing(&self.evidence, of_way, node)
            }
            _ => topology::mismatch(node, self.evidence.netns, Some(self.remote)),
        };
        let mismatch = lives.then(now).flatten();
        let active = mismatch.is_some();
        // A runtime may name a container some time after its network is there.
        self.evidence.belongs_to(node.container(self.evidence.netns).filter(|_| lives));
        if let (false, Some(stated)) = (active, &mut self.stated) {
            // The MTUs fit now, or the container is gone; what was said stays true of then.
            stated.ended = stated.ended.or(Some(if lives { Ended::Fixed } else { Ended::Gone }));
            return std::mem::take(&mut stated.active).then(|| stated.clone());
        }
        let finding = rules::judge(&self.evidence, now_ns)?;
        let worse = |s: &Verdict| (s.kind, s.severity) < (finding.kind, finding.severity);
        let same = |s: &Verdict| s.active == active && !worse(s) && s.container == self.evidence.container;
        if self.stated.as_ref().is_some_and(same) {
            return None;
        }
        if let Some(mismatch) = mismatch {
            self.evidence.tunnel = topology::wrong_tunnel(node, &mismatch.bottleneck);
            self.evidence.mismatch = mismatch;
        }
        let verdict = explanation::verdict(&self.evidence, finding, self.identity(now_ns), active, node);
        self.stated = Some(verdict.clone());
        Some(verdict)
    }

    /// Whether nothing but an advertised MSS is known, and packets of another container die at the same device already: one
    /// cause, one verdict.
    pub(super) fn is_explained(&self, silent_at: &BTreeSet<DeviceId>) -> bool {
        let advertised = || self.evidence.counts.keys().all(|signal| *signal == SignalKind::MssExceedsPath);
        self.evidence.silent.is_none()
            && silent_at.contains(&self.evidence.mismatch.bottleneck.id())
            && advertised()
    }

    /// The verdict that stands, as the last thing to be said of it.
    pub(super) fn end(&self, why: Ended) -> Option<Verdict> {
        let stated = self.stated.as_ref().filter(|stated| stated.active)?;
        Some(Verdict { active: false, ended: Some(why), ..stated.clone() })
    }

    /// Brings the figures of a verdict that stands up to date.
    pub(super) fn refresh(&mut self, now_ns: u64, node: &Node) {
        if self.stated.as_ref().is_some_and(|stated| stated.active)
            && let Some(finding) = rules::judge(&self.evidence, now_ns)
        {
            let identity = self.identity(now_ns);
            self.stated = Some(explanation::verdict(&self.evidence, finding, identity, true, node));
        }
    }
}
