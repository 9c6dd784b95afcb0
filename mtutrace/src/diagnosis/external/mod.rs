//! What goes wrong although no number on this node is: fragments that are lost or many, holes that stay. One case a
//! container and kind. Pure.
use std::collections::{BTreeMap, BTreeSet};

use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::{self, Ends};
use crate::diagnosis::evidence::Cut;
use crate::diagnosis::rules;
use crate::diagnosis::sack_holes::{Holes, Standing};
use crate::model::{
    Container, Ended, Event, EventKind, Flow, NetnsId, NetnsKey, Node, SocketId, TcpInfo, Verdict,
    VerdictKind,
};
use crate::topology;

/// A case in which nothing happens for so long is over: longer than fragments are waited for (RFC 8200 §4.5: 60 s).
const QUIET_NS: u64 = 90_000_000_000;
/// What is over is kept this long, for the report that somebody may still look at.
const KEEP_NS: u64 = 600_000_000_000;
/// Most datagrams that are told apart.
const DATAGRAMS: usize = 64;
/// Most cases.
const CASES: usize = 4096;

/// Datagrams of which a fragment was lost.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    /// Which: ends and identification (RFC 791, RFC 8200 §4.5); up to a bound.
    pub datagrams: BTreeSet<(Flow, u16)>,
    /// Fragments that a firewall of this node dropped, and in which namespaces.
    pub filtered: BTreeMap<NetnsId, u64>,
    /// Datagrams that were given up because the rest did not come (`IpReasmTimeout`).
    pub given_up: u64,
    /// Either end of them that is on this node.
    pub ends: BTreeSet<NetnsKey>,
    /// When the first, CLOCK_MONOTONIC nanoseconds.
    pub first_ns: u64,
}

/// What is known of a case.
#[derive(Clone, Debug)]
pub enum Facts {
    /// The container cuts its own datagrams, which then fit.
    Cut {
        /// How many, and how large.
        cut: Cut,
        /// To whom the last one went, and by which device.
        last: (Flow, u32),
    },
    /// Fragments are lost.
    Lost(Lost),
    /// Holes that stay, by connection.
    Holes(BTreeMap<(std::net::IpAddr, u16, u16), Standing>),
}

impl Facts {
    fn clear(&mut self) {
        match self {
            Facts::Cut { cut, .. } => *cut = Cut::default(),
            Facts::Lost(lost) => *lost = Lost::default(),
            Facts::Holes(holes) => holes.clear(),
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub struct ExternalIncident {
    /// The container's namespace.
    pub netns: NetnsId,
    /// Its container, which may be gone by the time that it is judged.
    pub container: Option<Container>,
    /// What is known.
    pub facts: Facts,
    /// When something happened last, CLOCK_MONOTONIC nanoseconds.
    pub last_ns: u64,
    stated: Option<Verdict>,
    /// The container's own MTU when that was stated.
    mtu: Option<u32>,
    /// When the last verdict ended: what began before is no news.
    ended_ns: u64,
}

/// All of them.
#[derive(Default)]
pub(crate) struct ExternalIncidents {
    holes: Holes,
    cases: BTreeMap<(NetnsKey, VerdictKind), ExternalIncident>,
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
        let none = || Facts::Holes(BTreeMap::new());
        let case = self.case(question.netns, kind, now_ns, none, node);
        let Some(ExternalIncident { facts: Facts::Holes(holes), ended_ns, .. }) = case else { return };
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
                let none = || Facts::Cut { cut: Cut::default(), last: (event.flow, event.ifindex) };
                let case = self.case(event.netns, VerdictKind::Fragmentation, now, none, node);
                if let Some(ExternalIncident { facts: Facts::Cut { cut, last }, .. }) = case {
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
                let none = || Facts::Lost(Lost::default());
                let case = self.case(owner, VerdictKind::FragmentsLost, now, none, node);
                let Some(ExternalIncident { facts: Facts::Lost(lost), .. }) = case else { return };
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

    fn case(
        &mut self,
        netns: NetnsId,
        kind: VerdictKind,
        now_ns: u64,
        none: impl FnOnce() -> Facts,
        node: &Node,
    ) -> Option<&mut ExternalIncident> {
        let key = (node.key(netns), kind);
        if self.cases.len() >= CASES && !self.cases.contains_key(&key) {
            return None;
        }
        let new = || ExternalIncident {
            netns,
            container: None,
            facts: none(),
            last_ns: now_ns,
            stated: None,
            mtu: None,
            ended_ns: 0,
        };
        let case = self.cases.entry(key).or_insert_with(new);
        case.last_ns = case.last_ns.max(now_ns);
        Some(case)
    }

    /// Verdicts that are new or have changed; `explained`: a verdict about a wrong number stands there already.
    pub(crate) fn tick(
        &mut self,
        now_ns: u64,
        node: &Node,
        explained: impl Fn(NetnsKey) -> bool,
    ) -> Vec<Verdict> {
        self.cases.retain(|_, case| now_ns == u64::MAX || now_ns.saturating_sub(case.last_ns) < KEEP_NS);
        let judge = |(key, case): (&(NetnsKey, VerdictKind), &mut ExternalIncident)| {
            let other = case.is_explained(key.0, &explained);
            case.judge(node.is_current(key.0), other, now_ns, node)
        };
        self.cases.iter_mut().filter_map(judge).collect()
    }

    /// All verdicts as they stand at the end.
    pub(crate) fn standing(&mut self, node: &Node, explained: impl Fn(NetnsKey) -> bool) -> Vec<Verdict> {
        let mut all = Vec::new();
        for ((owner, _), case) in &mut self.cases {
            if case.is_explained(*owner, &explained) {
                continue;
            }
            if case.stated.as_ref().is_none_or(|stated| stated.active) {
                case.judge(node.is_current(*owner), false, case.last_ns, node);
                case.refresh(node);
            }
            all.extend(case.stated.clone());
        }
        all
    }
}

impl ExternalIncident {
    fn is_explained(&self, owner: NetnsKey, explained: &impl Fn(NetnsKey) -> bool) -> bool {
        let elsewhere = |lost: &Lost| lost.ends.iter().any(|end| explained(*end));
        explained(owner) || matches!(&self.facts, Facts::Lost(lost) if elsewhere(lost))
    }

    /// The verdict, if it is not the one that was stated last.
    fn judge(&mut self, lives: bool, explained: bool, now_ns: u64, node: &Node) -> Option<Verdict> {
        if let Some(container) = node.container(self.netns).filter(|_| lives) {
            self.container = Some(container.clone());
        }
        let quiet = now_ns.saturating_sub(self.last_ns) > QUIET_NS;
        // Who sends less than before has taken the advice.
        let narrower = || matches!(self.facts, Facts::Holes(_)) && own_mtu(self.netns, node) < self.mtu;
        let end = match lives {
            false => Some(Ended::Gone),
            true if self.mtu.is_some() && narrower() => Some(Ended::Fixed),
            true if quiet || explained => Some(Ended::Quiet),
            true => None,
        };
        if let Some(end) = end {
            let stated = self.stated.as_mut().filter(|s| s.active)?;
            (stated.active, stated.ended) = (false, Some(end));
            let ended = stated.clone();
            self.ended_ns = now_ns;
            self.mtu = None;
            self.facts.clear();
            return Some(ended);
        }
        let finding = rules::judge_case(self)?;
        let same = |s: &Verdict| s.active && s.severity == finding.severity && s.container == self.container;
        if self.stated.as_ref().is_some_and(same) {
            return None;
        }
        self.mtu = own_mtu(self.netns, node);
        self.stated = Some(rules::of_case(self, finding, node));
        self.stated.clone()
    }

    /// Brings the figures up to date.
    fn refresh(&mut self, node: &Node) {
        if self.stated.as_ref().is_some_and(|s| s.active)
            && let Some(finding) = rules::judge_case(self)
        {
            self.stated = Some(rules::of_case(self, finding, node));
        }
    }
}

/// The MTU of its own default way out.
fn own_mtu(netns: NetnsId, node: &Node) -> Option<u32> {
    topology::path(node, netns, None).first().map(|hop| hop.mtu)
}

#[cfg(test)]
mod tests;
