//! Incidents whose cause is no MTU of this node: fragments that are lost or many, holes that stay. One incident a
//! container and kind. Pure.
mod incident;

use std::collections::BTreeMap;

use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::{self, Ends};
use crate::diagnosis::evidence::{Cut, ExternalEvidence, LostFragments};
use crate::diagnosis::sack_holes::Holes;
use crate::model::{Event, EventKind, NetnsId, NetnsKey, Node, SocketId, TcpInfo, Verdict, VerdictKind};
use crate::topology;
use incident::ExternalIncident;

/// What is over is kept this long, for the report that somebody may still look at.
const KEEP_NS: u64 = 600_000_000_000;
/// Most datagrams that are told apart.
const DATAGRAMS: usize = 64;
/// Most incidents.
const INCIDENTS: usize = 4096;

/// All of them.
#[derive(Default)]
pub(crate) struct ExternalIncidents {
    holes: Holes,
    incidents: BTreeMap<(NetnsKey, VerdictKind), ExternalIncident>,
}

impl ExternalIncidents {
    /// A container asks for a hole; `mss` is what its SYN or SYN-ACK offered, as the last device saw it.
    pub(crate) fn asked(&mut self, event: &Event, mss: Option<u32>, node: &Node) {
        self.holes.note(event, mss, node);
    }

    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        self.holes.questions(now_ns)
    }

    /// The kernel's answer. A hole that this node's own numbers explain is not of this kind.
    pub(crate) fn answer(&mut self, question: SocketId, reading: Option<TcpInfo>, now_ns: u64, node: &Node) {
        let Some(standing) = self.holes.answer(question, reading, now_ns) else { return };
        if topology::mismatch(node, question.netns, Some(standing.remote())).is_some() {
            return;
        }
        let kind = VerdictKind::RemoteBlackholeSuspected;
        let none = || ExternalEvidence::Holes(BTreeMap::new());
        let incident = self.incident(question.netns, kind, now_ns, none, node);
        let Some(ExternalIncident { evidence: ExternalEvidence::Holes(holes), ended_ns, .. }) = incident
        else {
            return;
        };
        if standing.first_ns <= *ended_ns {
            return;
        }
        let (src, dst) = (question.flow.src, question.flow.dst);
        if holes.len() < DATAGRAMS || holes.contains_key(&(dst.ip(), dst.port(), src.port())) {
            holes.insert((dst.ip(), dst.port(), src.port()), standing);
        }
    }

    /// Takes in an event about fragments; others are ignored. `explained`: by a wrong number.
    pub(crate) fn note(&mut self, event: &Event, ends: &Ends, explained: bool, node: &Node) {
        let own = |end: Option<attribution::End>| end.map(|e| e.netns).filter(|netns| *netns != node.host);
        let (src, dst) = (own(ends.src), own(ends.dst));
        let now = event.time_ns;
        match event.kind {
            EventKind::Fragmented { mtu: Some(mtu) } if src == Some(event.netns) && !explained => {
                let none =
                    || ExternalEvidence::Cut { cut: Cut::default(), last: (event.flow, event.ifindex) };
                let incident = self.incident(event.netns, VerdictKind::Fragmentation, now, none, node);
                if let Some(ExternalIncident { evidence: ExternalEvidence::Cut { cut, last }, .. }) = incident
                {
                    cut.add(event, mtu);
                    *last = (event.flow, event.ifindex);
                }
            }
            EventKind::Drop {
                cause: cause @ (DropCause::Reassembly | DropCause::FragmentFiltered), ..
            } => {
                let named = |netns: &NetnsId| node.container(*netns).is_some();
                let here =
                    Some(event.netns).filter(|netns| *netns != node.host && cause == DropCause::Reassembly);
                // The receiver lacks them; the sender is who can do something about it, if it is here alone.
                let either = [dst, here, src].into_iter().flatten();
                let Some(owner) = either.clone().find(named).or_else(|| either.clone().next()) else {
                    return;
                };
                let none = || ExternalEvidence::Lost(LostFragments::default());
                let incident = self.incident(owner, VerdictKind::FragmentsLost, now, none, node);
                let Some(ExternalIncident { evidence: ExternalEvidence::Lost(lost), .. }) = incident else {
                    return;
                };
                if lost.datagrams.is_empty() {
                    lost.first_ns = now;
                }
                lost.ends.extend(either.map(|netns| node.key(netns)));
                if lost.datagrams.len() < DATAGRAMS {
                    // Later fragments have no ports.
                    let mut flow = event.flow;
                    flow.src.set_port(0);
                    flow.dst.set_port(0);
                    lost.datagrams.insert((flow, event.ip_id));
                }
                match cause {
                    DropCause::Reassembly => lost.given_up += 1,
                    _ => *lost.filtered.entry(event.netns).or_default() += 1,
                }
            }
            _ => {}
        }
    }

    fn incident(
        &mut self,
        netns: NetnsId,
        kind: VerdictKind,
        now_ns: u64,
        none: impl FnOnce() -> ExternalEvidence,
        node: &Node,
    ) -> Option<&mut ExternalIncident> {
        let key = (node.key(netns), kind);
        if self.incidents.len() >= INCIDENTS && !self.incidents.contains_key(&key) {
            return None;
        }
        let new = || ExternalIncident::new(key.0, kind, none(), now_ns);
        let incident = self.incidents.entry(key).or_insert_with(new);
        incident.last_ns = incident.last_ns.max(now_ns);
        Some(incident)
    }

    /// Verdicts that are new or have changed; `explained`: a verdict about a wrong number stands there already.
    pub(crate) fn tick(
        &mut self,
        now_ns: u64,
        node: &Node,
        explained: impl Fn(NetnsKey) -> bool,
    ) -> Vec<Verdict> {
        self.incidents
            .retain(|_, incident| now_ns == u64::MAX || now_ns.saturating_sub(incident.last_ns) < KEEP_NS);
        let judge = |(key, incident): (&(NetnsKey, VerdictKind), &mut ExternalIncident)| {
            let other = incident.is_explained(key.0, &explained);
            incident.judge(node.is_current(key.0), other, now_ns, node)
        };
        self.incidents.iter_mut().filter_map(judge).collect()
    }

    /// All verdicts as they stand at the end.
    pub(crate) fn standing(&mut self, node: &Node, explained: impl Fn(NetnsKey) -> bool) -> Vec<Verdict> {
        let mut all = Vec::new();
        for ((owner, _), incident) in &mut self.incidents {
            if incident.is_explained(*owner, &explained) {
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

#[cfg(test)]
mod tests;
