//! One incident whose cause is no MTU of this node, and the verdict that stands about it.
use crate::diagnosis::evidence::{Announcement, ExternalEvidence, LostFragments};
use crate::diagnosis::explanation::{self, Identity};
use crate::diagnosis::incident::QUIET_NS;
use crate::diagnosis::rules::{self, Finding};
use crate::model::{Container, Ended, NetnsId, NetnsKey, Node, Verdict, VerdictId, VerdictKind};
use crate::topology;

/// What befalls one container, of one kind.
#[derive(Clone, Debug)]
pub(super) struct ExternalIncident {
    /// The container's namespace.
    pub(crate) netns: NetnsId,
    /// Its container, which may be gone by the time that it is judged.
    pub(crate) container: Option<Container>,
    /// What is known.
    pub(crate) evidence: ExternalEvidence,
    /// When something happened last, CLOCK_MONOTONIC nanoseconds.
    pub(crate) last_ns: u64,
    key: NetnsKey,
    kind: VerdictKind,
    pub(super) stated: Option<Verdict>,
    /// The container's own MTU when that was stated.
    mtu: Option<u32>,
    /// When the last verdict ended: what began before is no news.
    pub(super) ended_ns: u64,
}

impl ExternalIncident {
    /// An incident of `key` of which nothing was said yet.
    pub(super) fn new(
        key: NetnsKey,
        kind: VerdictKind,
        evidence: ExternalEvidence,
        now_ns: u64,
    ) -> ExternalIncident {
        ExternalIncident {
            netns: key.id,
            container: None,
            evidence,
            last_ns: now_ns,
            key,
            kind,
            stated: None,
            mtu: None,
            ended_ns: 0,
        }
    }

    /// What a router announced, if that is what it is about.
    pub(super) fn announcement(&mut self) -> Option<&mut Announcement> {
        if let ExternalEvidence::Announced(said) = &mut self.evidence { Some(said) } else { None }
    }

    pub(super) fn is_explained(&self, owner: NetnsKey, explained: &impl Fn(NetnsKey) -> bool) -> bool {
        let elsewhere = |lost: &LostFragments| lost.ends.iter().any(|end| explained(*end));
        // A limit beyond is another one than that of a wrong number here.
        if matches!(self.evidence, ExternalEvidence::Announced(_)) {
            return false;
        }
        explained(owner) || matches!(&self.evidence, ExternalEvidence::Lost(lost) if elsewhere(lost))
    }

    /// The verdict, if it is not the one that was stated last.
    pub(super) fn judge(
        &mut self,
        lives: bool,
        explained: bool,
        now_ns: u64,
        node: &Node,
    ) -> Option<Verdict> {
        if let Some(container) = node.container(self.netns).filter(|_| lives) {
            self.container = Some(container.clone());
        }
        let quiet = now_ns.saturating_sub(self.last_ns) > QUIET_NS;
        // Who sends less than before has taken the advice.
        let narrower = || {
            matches!(self.evidence, ExternalEvidence::Stalled(_) | ExternalEvidence::Announced(_))
                && own_mtu(self.netns, node) < self.mtu
        };
        let end = match lives {
            false => Some(Ended::Gone),
            true if self.mtu.is_some() && narrower() => Some(Ended::Fixed),
            true if explained => Some(Ended::Replaced),
            true if quiet => Some(Ended::Quiet),
            true => None,
        };
        if let Some(end) = end {
            let stated = self.stated.as_mut().filter(|s| s.active);
            // A stall that began while something else explained it is no news afterwards.
            if stated.is_some() || matches!(self.evidence, ExternalEvidence::Stalled(_)) {
                self.ended_ns = now_ns;
                self.mtu = None;
                self.evidence.clear();
            }
            let stated = stated?;
            (stated.active, stated.ended) = (false, Some(end));
            return Some(stated.clone());
        }
        let finding = rules::judge_external(&self.evidence, self.last_ns)?;
        let same = |s: &Verdict| s.active && s.severity == finding.severity && s.container == self.container;
        if self.stated.as_ref().is_some_and(same) {
            return None;
        }
        self.mtu = own_mtu(self.netns, node);
        self.stated = Some(self.verdict(finding, now_ns, node));
        self.stated.clone()
    }

    /// Brings the figures up to date.
    pub(super) fn refresh(&mut self, node: &Node) {
        if self.stated.as_ref().is_some_and(|s| s.active)
            && let Some(finding) = rules::judge_external(&self.evidence, self.last_ns)
        {
            self.stated = Some(self.verdict(finding, self.last_ns, node));
        }
    }

    fn verdict(&self, finding: Finding, now_ns: u64, node: &Node) -> Verdict {
        let standing = self.stated.as_ref().filter(|stated| stated.active);
        let since_ns = standing.map_or(now_ns, |stated| stated.since_ns);
        let first_ns = self.evidence.first_ns();
        let id = standing.map_or_else(|| VerdictId::of((self.key, self.kind, first_ns)), |stated| stated.id);
        let identity = Identity { id, since_ns, replaces: None };
        explanation::external(self.netns, self.container.as_ref(), &self.evidence, finding, identity, node)
    }
}

/// The MTU of its own default egress path.
fn own_mtu(netns: NetnsId, node: &Node) -> Option<u32> {
    topology::path(node, netns, None).first().map(|hop| hop.mtu)
}
