//! What befalls one container at one bottleneck, and the verdict that stands about it.
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::explanation::{self, Identity};
use crate::diagnosis::{rules, tunnels};
use crate::model::{DeviceId, Ended, Flow, Mismatch, NetnsKey, Node, SignalKind, Verdict, VerdictId};
use crate::topology;

/// What only packets tell of is over when nothing happens for so long: longer than fragments are waited for (RFC 8200 §4.5: 60 s).
pub(crate) const QUIET_NS: u64 = 90_000_000_000;

/// Evidence about one obstacle, and what was said of it.
pub(super) struct Incident {
    pub(super) evidence: Evidence,
    pub(super) remote: IpAddr,
    pub(super) stated: Option<Verdict>,
    id: VerdictId,
    replaces: Option<VerdictId>,
    /// When its numbers were found to fit again, CLOCK_MONOTONIC nanoseconds; the last time.
    fixed_ns: Option<u64>,
    /// The generation of the node whose model did not explain the obstacle.
    unexplained: Option<u64>,
}

impl Incident {
    /// Whether nothing says that it is over.
    pub(super) fn is_active(&self) -> bool {
        self.stated.as_ref().is_none_or(|stated| stated.active)
    }

    /// An incident without any event yet, of `owner` at the mismatch's bottleneck, towards `remote`.
    pub(super) fn new(owner: NetnsKey, mismatch: Mismatch, remote: IpAddr, now_ns: u64) -> Incident {
        let id = VerdictId::of((owner, mismatch.bottleneck.id(), now_ns));
        let evidence = Evidence::new(owner.id, mismatch, now_ns);
        Incident { evidence, remote, stated: None, id, replaces: None, fixed_ns: None, unexplained: None }
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
        let mismatch = lives.then(|| self.standing(now_ns, node)).flatten();
        let (active, quiet) = (mismatch.is_some(), self.is_quiet(now_ns));
        if !lives {
            self.evidence.settle();
        }
        // A runtime may name a container some time after its network is there.
        self.evidence.belongs_to(node.container(self.evidence.netns).filter(|_| lives));
        if let (false, Some(stated)) = (active, &mut self.stated) {
            // The MTUs fit now, or the container is gone; what was said stays true of then.
            let why = if !lives {
                Ended::Gone
            } else if quiet {
                Ended::Quiet
            } else {
                Ended::Fixed
            };
            if stated.active && why == Ended::Fixed {
                self.fixed_ns = Some(now_ns);
            }
            stated.ended = stated.ended.or(Some(why));
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

    /// When its numbers fitted again; absent while they do not.
    pub(super) fn fixed_ns(&self) -> Option<u64> {
        self.fixed_ns.filter(|_| !self.is_active())
    }

    /// The model explains by now what only events told of: it had been in the middle of a change. One cause is one explanation, so
    /// that the same device's becomes this one's; the bottleneck, if it is another device.
    pub(super) fn prefer_the_model(&mut self, node: &Node) -> Option<DeviceId> {
        let obstacle = self.evidence.obstacle?;
        if self.unexplained == Some(node.generation) {
            return None;
        }
        let modelled = topology::mismatch(node, self.evidence.netns, Some(self.remote));
        let Some(mismatch) = modelled.filter(|m| m.bottleneck.mtu <= obstacle.limit) else {
            self.unexplained = Some(node.generation);
            return None;
        };
        if mismatch.bottleneck.id() != obstacle.device {
            return Some(mismatch.bottleneck.id());
        }
        self.evidence.obstacle = None;
        self.evidence.mismatch = mismatch;
        None
    }

    /// What is wrong with the numbers as they are now; nothing once they fit.
    fn standing(&self, now_ns: u64, node: &Node) -> Option<Mismatch> {
        let Evidence { netns, silent, obstacle, tunnel, .. } = &self.evidence;
        match (silent, obstacle, tunnel) {
            (Some(pair), ..) => pair.mismatch(node),
            (_, Some(_), None) if self.is_quiet(now_ns) => None,
            (_, Some(obstacle), None) => obstacle.mismatch(*netns, self.remote, node),
            (.., Some(_)) => {
                let of_way = topology::mismatch(node, *netns, Some(self.remote));
                tunnels::standing(&self.evidence, of_way, node)
            }
            _ => topology::mismatch(node, *netns, Some(self.remote)),
        }
    }

    /// Whether a verdict that the model had explained is over, and this flow was part of it.
    pub(super) fn is_of_before(&self, flow: Flow) -> bool {
        let over = self.stated.as_ref().is_some_and(|stated| !stated.active);
        over && self.evidence.obstacle.is_none() && self.evidence.follows(flow)
    }

    /// What another cause did proves nothing of this one.
    pub(super) fn forget_what_was_fixed(&mut self) {
        if !self.is_active() && self.evidence.obstacle.is_none() {
            let Evidence { netns, ref mismatch, last_ns, .. } = self.evidence;
            self.evidence = Evidence::new(netns, mismatch.clone(), last_ns);
        }
    }

    /// Whether only packets can tell that the obstacle is still in their way, and none has for long.
    fn is_quiet(&self, now_ns: u64) -> bool {
        let silence = now_ns.saturating_sub(self.evidence.last_ns);
        self.evidence.obstacle.is_some() && now_ns != u64::MAX && silence > QUIET_NS
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
            // What was true does not become milder because a connection recovered since.
            && self.stated.as_ref().is_some_and(|s| (s.kind, s.severity) <= (finding.kind, finding.severity))
        {
            let identity = self.identity(now_ns);
            self.stated = Some(explanation::verdict(&self.evidence, finding, identity, true, node));
        }
    }
}
