//! Incidents whose cause is no MTU of this node: fragments that are lost or many, connections that stall, limits that routers
//! beyond announce, packets that come damaged. One incident a container and kind, and router. Pure.
mod incident;

use std::collections::BTreeMap;
use std::net::IpAddr;

use mtutrace_common::config::DropCause;

use crate::diagnosis::announced::Announced;
use crate::diagnosis::arriving::Arriving;
use crate::diagnosis::attribution::{self, Ends};
use crate::diagnosis::damage::Damage;
use crate::diagnosis::evidence::{
    Announcement, Cut, Damaged, ExternalEvidence, LostFragments, StalledConnections, peer,
};
use crate::diagnosis::flows::SynObservation;
use crate::diagnosis::sack_holes::Holes;
use crate::diagnosis::unanswered::Unanswered;
use crate::diagnosis::uploads::{Outcome, Uploads};
use crate::model::{Event, EventKind, NetnsId, NetnsKey, Node, SocketId, TcpInfo, Verdict, VerdictKind};
use crate::topology;
use incident::ExternalIncident;

/// What is over is kept this long, for the report that somebody may still look at.
const KEEP_NS: u64 = 600_000_000_000;
/// Most datagrams that are told apart.
const DATAGRAMS: usize = 64;
/// Most incidents.
const INCIDENTS: usize = 4096;

/// Most of one namespace: it has one of each kind, and one for each router that tells it something.
const SHARE: usize = 32;

/// Whose incident, of which kind, and which router announced it if one did.
type ExternalKey = (NetnsKey, VerdictKind, Option<IpAddr>);

/// The least key that a namespace can have.
fn first_of(owner: NetnsKey) -> ExternalKey {
    (owner, VerdictKind::Fragmentation, None)
}

/// All of them.
#[derive(Default)]
pub(crate) struct ExternalIncidents {
    holes: Holes,
    uploads: Uploads,
    unanswered: Unanswered,
    announced: Announced,
    damage: Damage,
    incidents: BTreeMap<ExternalKey, ExternalIncident>,
    /// Namespaces whose connections stand still for a cause that cannot be told: one entry a connection.
    unknown: Vec<NetnsId>,
    arriving: Arriving,
    /// Incidents for which there was no room.
    dropped: u64,
}

impl ExternalIncidents {
    /// A container asks for a hole; `mss` is what its SYN or SYN-ACK offered, as the last device saw it.
    pub(crate) fn asked(&mut self, event: &Event, mss: Option<u32>, node: &Node) {
        self.holes.note(event, mss, node);
    }

    /// A full-size segment of a socket of this node timed out more than once.
    pub(crate) fn timed_out(&mut self, event: &Event) {
        self.uploads.note(event);
    }

    /// A connection was made; `first`: where its SYN was seen first.
    pub(crate) fn connected(&mut self, first: &SynObservation, now_ns: u64, node: &Node) {
        self.unanswered.connected(first, now_ns, node);
    }

    /// How many connections' requests were acknowledged and not answered, by owner.
    pub(crate) fn unanswered(&self) -> BTreeMap<NetnsKey, u64> {
        self.unanswered.counts()
    }

    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        let mut questions = self.holes.questions(now_ns);
        questions.extend(self.uploads.questions(now_ns));
        questions.extend(self.unanswered.questions(now_ns));
        questions
    }

    /// The kernel's answer. What this node's own numbers explain is not of this kind, nor what came damaged. `is_of_before`:
    /// whether segments of so many bytes (L3) are those of a connection from before a fix that was told.
    pub(crate) fn answer(
        &mut self,
        question: SocketId,
        reading: Option<TcpInfo>,
        is_of_before: impl Fn(u32) -> bool,
        now_ns: u64,
        node: &Node,
    ) {
        self.unanswered.answer(question, reading);
        let hole = self.holes.answer(question, reading, now_ns).filter(|hole| !is_of_before(hole.full));
        let upload = match self.uploads.answer(question, reading, now_ns) {
            Some(Outcome::Stuck(upload)) => Some(upload),
            Some(Outcome::Unknown) => {
                self.unknown.push(question.netns);
                None
            }
            _ => None,
        };
        let remote = question.flow.dst.ip();
        // What dies on its way to somebody on this node does not die beyond it.
        let beyond = || topology::resolve(node, question.netns, remote).is_none();
        let upload = upload.filter(|upload| beyond() && !is_of_before(upload.full));
        if hole.is_none() && upload.is_none()
            || topology::mismatch(node, question.netns, Some(remote)).is_some()
            || self.damage.acquits(question, now_ns, node)
        {
            return;
        }
        let owner = node.key(question.netns);
        if self.is_announced(owner, remote) {
            return;
        }
        let key = (owner, VerdictKind::RemoteBlackholeSuspected, None);
        let none = || ExternalEvidence::Stalled(StalledConnections::default());
        let incident = self.incident(key, now_ns, none);
        let Some(ExternalIncident { evidence: ExternalEvidence::Stalled(stalled), ended_ns, .. }) = incident
        else {
            return;
        };
        let (ended_ns, peer) = (*ended_ns, peer(question));
        if let Some(hole) = hole.filter(|hole| hole.first_ns > ended_ns)
            && (stalled.holes.len() < DATAGRAMS || stalled.holes.contains_key(&peer))
        {
            stalled.holes.insert(peer, hole);
        }
        if let Some(upload) = upload.filter(|upload| upload.first_ns > ended_ns)
            && (stalled.uploads.len() < DATAGRAMS || stalled.uploads.contains_key(&peer))
        {
            stalled.uploads.insert(peer, upload);
        }
    }

    /// Whether a router beyond this node says what fits towards `remote`: then nothing is suspected there.
    fn is_announced(&mut self, owner: NetnsKey, remote: IpAddr) -> bool {
        self.said_to(owner).any(|said| said.remote == remote)
    }

    /// The incidents of one namespace.
    fn of(&self, owner: NetnsKey) -> impl Iterator<Item = &ExternalIncident> {
        let all = self.incidents.range(first_of(owner)..).take_while(move |(key, _)| key.0 == owner);
        all.map(|(_, incident)| incident)
    }

    /// What routers beyond this node announced to a namespace.
    fn said_to(&mut self, owner: NetnsKey) -> impl Iterator<Item = &mut Announcement> {
        let all = self.incidents.range_mut(first_of(owner)..).take_while(move |(key, _)| key.0 == owner);
        all.filter_map(|(_, incident)| incident.announcement())
    }

    /// Namespaces of connections that were found to stand still since the last call, and nothing tells why.
    pub(crate) fn take_unknown(&mut self) -> Vec<NetnsId> {
        std::mem::take(&mut self.unknown)
    }

    /// Whether a verdict is, or was, given about a namespace.
    pub(crate) fn has_stated(&self, owner: NetnsKey) -> bool {
        self.of(owner).any(|incident| incident.stated.is_some())
    }

    /// A sight of a message that says what fits beyond this node, the first or a later one.
    pub(crate) fn sight(&mut self, event: &Event, node: &Node) {
        let Some(sender) = self.announced.sight(event, node) else { return };
        let EventKind::IcmpSeen { from: Some(router), .. } = event.kind else { return };
        let key = (sender, VerdictKind::PmtuBlackhole, Some(router));
        if let Some(said) = self.incidents.get_mut(&key).and_then(ExternalIncident::announcement) {
            said.delivered += 1;
        }
    }

    /// A router beyond this node says what fits, for the first time seen; or a firewall of this node drops what it says.
    /// `limit`: what the sender's own network is known to be limited to, L3 bytes.
    fn said(&mut self, event: &Event, ends: &Ends, limit: Option<u32>, node: &Node) {
        let Some(sender) = ends.src.map(|end| node.key(end.netns)) else { return };
        match event.kind {
            EventKind::IcmpSeen { from: Some(router), mtu: Some(mtu), .. } => {
                let of_this_node = topology::resolve(node, event.netns, router).is_some();
                if of_this_node || limit.is_some_and(|limit| limit <= mtu) {
                    return;
                }
                let reached = self.announced.sent_by(event, sender);
                let key = (sender, VerdictKind::PmtuBlackhole, Some(router));
                let (now, remote) = (event.time_ns, event.flow.dst.ip());
                let none = || ExternalEvidence::Announced(Announcement::new(router, remote, now));
                let Some(said) = self.incident(key, now, none).and_then(ExternalIncident::announcement)
                else {
                    return;
                };
                said.add(event, mtu);
                said.delivered += u64::from(reached);
            }
            EventKind::Drop { icmp_too_big: true, mtu: Some(mtu), .. } => {
                // The drop does not tell who said it; the flow and the limit do.
                let remote = event.flow.dst.ip();
                for said in self.said_to(sender).filter(|said| said.mtu == mtu && said.remote == remote) {
                    *said.filtered.entry(event.netns).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    /// Takes in an event about fragments, limits beyond this node or damaged packets; others are ignored. `limit`: that of a
    /// wrong number of this node, which explains the event; L3 bytes.
    pub(crate) fn note(&mut self, event: &Event, ends: &Ends, limit: Option<u32>, node: &Node) {
        let own = |end: Option<attribution::End>| end.map(|e| e.netns).filter(|netns| *netns != node.host);
        let (src, dst) = (own(ends.src), own(ends.dst));
        let now = event.time_ns;
        match event.kind {
            EventKind::IcmpSeen { .. } | EventKind::Drop { icmp_too_big: true, .. } => {
                self.said(event, ends, limit, node);
            }
            EventKind::Fragmented { mtu: None } => {
                if let Some(receiver) = dst {
                    let owner = sent_by(src, dst, node).unwrap_or(receiver);
                    self.arriving.note(node.key(receiver), node.key(owner), event, node);
                }
            }
            EventKind::Fragmented { mtu: Some(mtu) } if src == Some(event.netns) && limit.is_none() => {
                let none =
                    || ExternalEvidence::Cut { cut: Cut::default(), last: (event.flow, event.ifindex) };
                let key = (node.key(event.netns), VerdictKind::Fragmentation, None);
                let incident = self.incident(key, now, none);
                if let Some(ExternalIncident { evidence: ExternalEvidence::Cut { cut, last }, .. }) = incident
                {
                    cut.add(event, mtu);
                    *last = (event.flow, event.ifindex);
                }
            }
            EventKind::Drop { cause: DropCause::Checksum, .. } => {
                self.damage.note(event, node);
                let receiver = ends.dst.map_or(event.netns, |end| end.netns);
                let owner = sent_by(src, Some(receiver), node).unwrap_or(receiver);
                let key = (node.key(owner), VerdictKind::ChecksumErrors, None);
                let none = || ExternalEvidence::Damaged(Damaged::default());
                let incident = self.incident(key, now, none);
                if let Some(ExternalIncident { evidence: ExternalEvidence::Damaged(damaged), .. }) = incident
                {
                    damaged.add(event);
                }
            }
            EventKind::Drop {
                cause: cause @ (DropCause::Reassembly | DropCause::FragmentFiltered), ..
            } => {
                let named = |netns: &NetnsId| node.container(*netns).is_some();
                let here =
                    Some(event.netns).filter(|netns| *netns != node.host && cause == DropCause::Reassembly);
                // The receiver lacks them, and who sent them can do something about it.
                let sends = sent_by(src, dst, node).filter(|_| cause == DropCause::Reassembly);
                let either = [sends, dst, here, src].into_iter().flatten();
                let Some(owner) = either.clone().find(named).or_else(|| either.clone().next()) else {
                    return;
                };
                let none = || ExternalEvidence::Lost(LostFragments::default());
                let incident = self.incident((node.key(owner), VerdictKind::FragmentsLost, None), now, none);
                let Some(ExternalIncident { evidence: ExternalEvidence::Lost(lost), .. }) = incident else {
                    return;
                };
                lost.add(event, cause, either.map(|netns| node.key(netns)));
            }
            _ => {}
        }
    }

    fn incident(
        &mut self,
        key: ExternalKey,
        now_ns: u64,
        none: impl FnOnce() -> ExternalEvidence,
    ) -> Option<&mut ExternalIncident> {
        let is_full = || self.incidents.len() >= INCIDENTS || self.of(key.0).nth(SHARE - 1).is_some();
        if !self.incidents.contains_key(&key) && is_full() {
            self.dropped += 1;
            return None;
        }
        let new = || ExternalIncident::new(key.0, key.1, none(), now_ns);
        let incident = self.incidents.entry(key).or_insert_with(new);
        incident.last_ns = incident.last_ns.max(now_ns);
        Some(incident)
    }

    /// Incidents for which there was no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What the kernel has put together of fragments in each namespace since the start of the run, all read at `until_ns` or later.
    pub(crate) fn reassembled(&mut self, all: BTreeMap<NetnsKey, u64>, until_ns: u64) {
        self.arriving.reassembled(all, until_ns);
    }

    fn fragments(&mut self, now_ns: u64, node: &Node) {
        self.arriving.retain(|receiver| node.is_current(receiver));
        self.unanswered.retain(|owner| node.is_current(owner));
        for (receiver, known) in self.arriving.incomplete(now_ns, node) {
            let none = || ExternalEvidence::Lost(LostFragments::default());
            let key = (known.owner, VerdictKind::FragmentsLost, None);
            let incident = self.incident(key, known.last_ns, none);
            if let Some(ExternalIncident { evidence: ExternalEvidence::Lost(lost), .. }) = incident {
                if lost.incomplete == 0 && lost.datagrams.is_empty() {
                    lost.first_ns = known.first_ns;
                }
                lost.incomplete = known.count();
                lost.ports = lost.ports.or(Some(known.flow));
                lost.ends.insert(receiver);
            }
        }
    }

    /// Verdicts that are new or have changed; `explained`: a verdict about a wrong number stands there already.
    pub(crate) fn tick(
        &mut self,
        now_ns: u64,
        node: &Node,
        explained: impl Fn(NetnsKey) -> bool,
    ) -> Vec<Verdict> {
        self.fragments(now_ns, node);
        self.incidents
            .retain(|_, incident| now_ns == u64::MAX || now_ns.saturating_sub(incident.last_ns) < KEEP_NS);
        let judge = |(key, incident): (&ExternalKey, &mut ExternalIncident)| {
            let other = incident.is_explained(key.0, &explained);
            incident.judge(node.is_current(key.0), other, now_ns, node)
        };
        self.incidents.iter_mut().filter_map(judge).collect()
    }

    /// All verdicts as they stand at the end.
    pub(crate) fn standing(&mut self, node: &Node, explained: impl Fn(NetnsKey) -> bool) -> Vec<Verdict> {
        let mut all = Vec::new();
        for ((owner, ..), incident) in &mut self.incidents {
            if incident.is_explained(*owner, &explained) {
                // If its end was not told yet, this is the last chance.
                all.extend(incident.judge(node.is_current(*owner), true, incident.last_ns, node));
                continue;
            }
            if incident.stated.as_ref().is_none_or(|stated| stated.active) {
                incident.judge(node.is_current(*owner), false, incident.last_ns, node);
                incident.refresh(node);
            }
            all.extend(incident.stated.clone());
        }
        all
    }
}

/// The container that sent something to another end: what arrives damaged or in part is no fault of who gets it.
fn sent_by(sender: Option<NetnsId>, receiver: Option<NetnsId>, node: &Node) -> Option<NetnsId> {
    sender.filter(|netns| receiver != Some(*netns) && node.container(*netns).is_some())
}

#[cfg(test)]
mod tests;
