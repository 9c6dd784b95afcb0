//! Events become counters and evidence, evidence becomes verdicts. Pure: time comes with the events and the ticks.
mod gather;
mod sockets;

use crate::topology;
use std::collections::{BTreeMap, BTreeSet};

use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::Attribution;
use crate::diagnosis::attributor::{Attributor, Known, Ready};
use crate::diagnosis::connected::Connected;
use crate::diagnosis::dedup::Dedup;
use crate::diagnosis::external::ExternalIncidents;
use crate::diagnosis::flows::{AdvertisedMss, Flows, SynObservation, TcpRole};
use crate::diagnosis::l2_drop::LinkPair;
use crate::diagnosis::ledger::{Ledger, NOBODY};
use crate::diagnosis::mss;
use crate::diagnosis::nat::LATE_NS;
use crate::diagnosis::obstacle::Obstacles;
use crate::diagnosis::recent::Recent;
use crate::diagnosis::tunnels::Wrong;
use crate::model::{
    AttributedEvent, Ended, Event, EventKind, Flow, NatQuery, NetnsId, NetnsKey, Node, Outcomes, Tally,
    Verdict,
};

use crate::diagnosis::checks::{about_size, arrives, fits_peer, sighting};
use crate::diagnosis::incidents::Incidents;

/// How many arrivals wait for their attribution, and how long: NAT is asked within a second.
const ARRIVALS: usize = 1024;
const ARRIVALS_NS: u64 = 2_000_000_000;
/// After this a SYN or SYN-ACK has passed all devices of the node, if nothing showed it before.
const SYN_SETTLES_NS: u64 = 100_000_000;
/// Counters and verdicts of a container that is gone are kept this long, for the report that somebody may still look at.
const GONE_NS: u64 = 600_000_000_000;

/// Everything that is known so far.
#[derive(Default)]
pub(crate) struct Engine {
    flows: Flows,
    incidents: Incidents,
    tallies: BTreeMap<NetnsKey, Tally>,
    attributor: Attributor,
    obstacles: Obstacles,
    dedup: Dedup,
    external: ExternalIncidents,
    ledger: Ledger,
    /// Fragments that were seen before, and now come to the namespace that they are for.
    arrivals: Arrivals,
    tunnels: Wrong,
    connected: Connected,
    /// Obstacles that events named and the model of the node did not know of.
    disagreements: u64,
    /// Verdicts that ended because another one took their place, to be told at the next tick.
    replaced: Vec<Verdict>,
}

/// By namespace, flow and identification.
struct Arrivals(Recent<(NetnsId, Flow, u16), ()>);

impl Default for Arrivals {
    fn default() -> Arrivals {
        Arrivals(Recent::new(ARRIVALS_NS, ARRIVALS))
    }
}

impl Engine {
    /// Takes in one event. Returns it with its owner if it is one to report: not a SYN, unless it is now certain that
    /// its MSS does not fit (see [`Engine::foresee`]), not the second observation of the same packet, not a drop that turns
    /// out to have another reason, and not yet, if the kernel must be asked about NAT first (see
    /// [`Engine::nat_queries`]).
    pub(crate) fn event(&mut self, mut event: Event, node: &Node) -> Option<AttributedEvent> {
        if event.netns == NetnsId::default() {
            // Without BTF the kernel side cannot tell.
            event.netns = topology::only_holder(node, event.ifindex).unwrap_or_default();
        }
        if matches!(event.kind, EventKind::IcmpSeen { .. }) {
            self.external.sight(&event, node);
        }
        match event.kind {
            EventKind::Timeouts { .. } => {
                if node.netns.contains_key(&event.netns) {
                    self.external.timed_out(&event);
                }
                event.kind = EventKind::Retransmit;
            }
            EventKind::Syn { mss, ack, identity } => {
                let forged = self.attributor.is_forged_syn(&event, node);
                let sighting = sighting(&event, mss, forged, node);
                if ack {
                    return self.answered(sighting, node);
                }
                self.flows.syn((event.seq, identity), sighting);
                return None;
            }
            EventKind::SackHole { .. } if self.attributor.is_forged_asker(&event, &self.flows, node) => {
                return None;
            }
            EventKind::SackHole { .. } => {
                let connection = self.flows.find(event.netns, event.flow);
                let mss = connection.and_then(|(connection, reversed)| {
                    connection.mss(if reversed { TcpRole::Server } else { TcpRole::Client })
                });
                self.external.asked(&event, mss, node);
                return None;
            }
            _ if !self.dedup.is_first(&event) => {
                if !arrives(&event, node) {
                    return None;
                }
                // Of datagrams that come for somebody here each is followed to its receiver, wherever it was seen first.
                self.arrivals.0.insert((event.netns, event.flow, event.ip_id), (), event.time_ns);
            }
            EventKind::Drop { cause: DropCause::VethPeer, .. } if fits_peer(&event, node) => return None,
            _ => {}
        }
        if let Some(below) = self.tunnels.around(&event, node) {
            self.outside(&event, &below, node);
        }
        let ready = self.attributor.attribute(event, &self.flows, node)?;
        self.count(ready, node)
    }

    /// The questions about NAT that came up since the last call. Every one of them must be answered.
    pub(crate) fn nat_queries(&mut self) -> Vec<NatQuery> {
        self.attributor.queries()
    }

    /// The answer to one of them; absent when the namespace does not track the flow. Returns the events that had to wait for
    /// it and are to be reported.
    pub(crate) fn nat_answer(
        &mut self,
        query: NatQuery,
        inner: Option<Flow>,
        now_ns: u64,
        node: &Node,
    ) -> Vec<AttributedEvent> {
        let ready = self.attributor.answer(query, inner, now_ns, &self.flows, node);
        ready.into_iter().filter_map(|ready| self.count(ready, node)).collect()
    }

    /// Takes in an event whose attribution is known.
    fn count(&mut self, (event, known): Ready, node: &Node) -> Option<AttributedEvent> {
        let Known { ends, mut attribution, forged, .. } = known;
        if forged {
            return Some(self.tally(event, None, node));
        }
        let passes = event.kind == EventKind::Fragmented { mtu: None };
        if passes && self.arrivals.0.remove(&(event.netns, event.flow, event.ip_id)) {
            self.external.note(&event, &ends, None, node);
            return None;
        }
        let mismatch = attribution.as_ref().and_then(|c| c.mismatch.as_ref());
        if event.kind == EventKind::Retransmit && mismatch.is_none_or(|m| event.length <= m.bottleneck.mtu) {
            return None;
        }
        let limit = mismatch.map(|m| m.bottleneck.mtu);
        let pair = LinkPair::of(&event, &ends, node);
        let obstacle = pair.is_none().then(|| self.obstacles.find(&event, &ends, mismatch, node)).flatten();
        if let (Some(pair), Some(Attribution { netns, .. })) = (pair, &mut attribution)
            && let Some(mismatch) = pair.mismatch(node)
        {
            *netns = pair.sufferer(&ends, node).unwrap_or(*netns);
            if let Some(evidence) = self.evidence(&event, *netns, &mismatch, event.flow.dst.ip(), node) {
                evidence.silent = Some(pair);
            }
        } else if let Some((netns, obstacle, wrong)) = obstacle {
            if let Some(wrong) = &wrong {
                self.at_obstacle(&event, netns, (obstacle, wrong), &ends, node);
            }
            attribution = Some(Attribution { netns, mismatch: None });
        } else if let Some(Attribution { netns, mismatch: Some(mismatch) }) = &attribution
            && about_size(&event, *netns, mismatch.bottleneck.mtu)
        {
            let remote = ends.remote(*netns).unwrap_or(event.flow.dst.ip());
            self.evidence(&event, *netns, mismatch, remote, node);
        }
        let owner = attribution.as_ref().map_or(event.netns, |charged| charged.netns);
        match Some(node.key(owner)).filter(|owner| node.is_current(*owner)) {
            Some(owner) => self.ledger.note(owner, &event),
            None => self.ledger.elsewhere(&event),
        }
        self.external.note(&event, &ends, limit, node);
        Some(self.tally(event, attribution.map(|c| c.netns), node))
    }

    fn tally(&mut self, event: Event, owner: Option<NetnsId>, node: &Node) -> AttributedEvent {
        let container = owner.and_then(|netns| node.container(netns)).cloned();
        let tally = self.tallies.entry(owner.map_or(NOBODY, |owner| node.key(owner))).or_default();
        tally.container.clone_from(&container);
        *tally.counters.entry(event.kind.signal()).or_default() += 1;
        if let Some(cause) = event.kind.drop_cause() {
            *tally.causes.entry(cause).or_default() += 1;
        }
        if let Some(device) = event.device() {
            *tally.interfaces.entry(device).or_default().entry(event.kind.signal()).or_default() += 1;
        }
        tally.last_ns = event.time_ns;
        tally.changed = true;
        AttributedEvent { event, owner, container }
    }

    /// Time goes on: connections whose SYN promises too much are returned as events, with those that have waited long
    /// enough, and verdicts that are new or have changed.
    pub(crate) fn tick(&mut self, now_ns: u64, node: &Node) -> (Vec<AttributedEvent>, Vec<Verdict>) {
        let settled = self.flows.settled(now_ns.saturating_sub(SYN_SETTLES_NS));
        let oversized = |(promise, side, others): &(AdvertisedMss, TcpRole, Option<u32>)| {
            mss::oversized(promise, *side, *others, node)
        };
        let oversized = settled.iter().filter_map(oversized).collect::<Vec<_>>();
        self.attributor.look(now_ns, node);
        let mut events = self.give_up(now_ns.saturating_sub(LATE_NS), now_ns, node);
        events.extend(oversized.into_iter().map(|broken| self.promised(broken, node)));
        let keep = |owner: NetnsKey, last_ns: u64| {
            node.is_current(owner) || now_ns.saturating_sub(last_ns) < GONE_NS
        };
        self.tallies.retain(|owner, tally| keep(*owner, tally.last_ns));
        let tallies = &self.tallies;
        let (incidents, external) = (&self.incidents, &self.external);
        self.ledger.retain(
            |owner| node.is_current(owner) || tallies.contains_key(&owner),
            |owner| has_stated(incidents, external, owner),
        );
        self.tallies.iter_mut().for_each(|(owner, tally)| tally.belongs_to(*owner, node));
        let mut verdicts = self.verdicts(now_ns, node);
        let incidents = &self.incidents;
        verdicts.extend(self.external.tick(now_ns, node, |owner| incidents.is_active(owner)));
        self.incidents.retain(|(owner, _), incident| keep(*owner, incident.evidence.last_ns));
        verdicts.sort_by_key(|verdict| verdict.active);
        (events, verdicts)
    }

    /// A SYN-ACK passes: its SYN has reached the server, and it has itself left the node sooner or later.
    fn answered(&mut self, sighting: SynObservation, node: &Node) -> Option<AttributedEvent> {
        let syn = self.flows.answer(sighting)?;
        self.connected.note(&sighting, node);
        if let Some(first) = self.flows.first(syn) {
            self.external.connected(first, sighting.time_ns, node);
        }
        for side in [TcpRole::Client, TcpRole::Server] {
            let Some(promise) = self.flows.unjudged(syn, side) else { continue };
            let too_much = mss::oversized(promise, side, self.flows.offered(syn, side.other()), node);
            // A router on the way may yet clamp it.
            if side == TcpRole::Server && too_much.is_some() && !mss::has_left(promise, &sighting, node) {
                continue;
            }
            self.flows.judged(syn, side);
            if let Some(too_much) = too_much {
                return Some(self.promised(too_much, node));
            }
        }
        None
    }

    /// The verdict that a promise of too much makes at once, before the first packet of its connection can die.
    pub(crate) fn foresee(&mut self, attributed: &AttributedEvent, node: &Node) -> Vec<Verdict> {
        let (EventKind::Syn { .. }, Some(netns)) = (&attributed.event.kind, attributed.owner) else {
            return Vec::new();
        };
        let (owner, now_ns) = (node.key(netns), attributed.event.time_ns);
        let silent = self.incidents.silent_at();
        let incidents = self.incidents.iter_mut().filter(|((whose, _), _)| *whose == owner);
        let new = incidents
            .filter(|(_, incident)| !incident.is_explained(&silent))
            .filter_map(|(_, incident)| incident.judge(true, now_ns, node));
        // What gives way ends before its successor begins.
        std::mem::take(&mut self.replaced).into_iter().chain(new).collect()
    }

    fn verdicts(&mut self, now_ns: u64, node: &Node) -> Vec<Verdict> {
        let mut changed = std::mem::take(&mut self.replaced);
        changed.extend(self.incidents.take_ended());
        let (silent, modelled) = (self.incidents.silent_at(), self.incidents.modelled());
        self.incidents.retain(|(owner, _), incident| {
            let other = incident.prefer_the_model(node).and_then(|device| modelled.get(&(*owner, device)));
            // What was said gives way only to what was said.
            let is_told = other.is_some_and(|stated| *stated || incident.stated.is_none());
            let explained = incident.is_explained(&silent) || is_told;
            changed.extend(incident.end(Ended::Replaced).filter(|_| explained));
            !explained
        });
        for ((owner, _), incident) in self.incidents.iter_mut() {
            if let Some(verdict) = incident.judge(node.is_current(*owner), now_ns, node) {
                changed.push(verdict);
            }
        }
        changed
    }

    /// Whether events wait for answers about NAT.
    pub(crate) fn is_waiting(&self) -> bool {
        self.attributor.is_waiting()
    }

    /// Attributes what still waits by what is known, at the end.
    pub(crate) fn end_waiting(&mut self, now_ns: u64, node: &Node) -> Vec<AttributedEvent> {
        self.give_up(u64::MAX, now_ns, node)
    }

    fn give_up(&mut self, since_ns: u64, now_ns: u64, node: &Node) -> Vec<AttributedEvent> {
        let ready = self.attributor.give_up(since_ns, now_ns, &self.flows, node);
        ready.into_iter().filter_map(|ready| self.count(ready, node)).collect()
    }

    /// All verdicts as they stand at the end: what evidence there is must do.
    pub(crate) fn standing(&mut self, node: &Node) -> Vec<Verdict> {
        let mut ended = self.verdicts(u64::MAX, node);
        self.incidents.values_mut().for_each(|s| s.refresh(u64::MAX, node));
        let mut all: Vec<_> = self.incidents.values().filter_map(|s| s.stated.clone()).collect();
        // Those that gave way to others are followed no more: their end is told now or never.
        ended.retain(|verdict| !verdict.active && all.iter().all(|standing| standing.id != verdict.id));
        all.extend(ended);
        let incidents = &self.incidents;
        all.extend(self.external.standing(node, |owner| incidents.is_active(owner)));
        all.sort_by_key(|v| (!v.active, std::cmp::Reverse(v.severity)));
        all
    }

    /// What the kernel has put together of fragments in each namespace since the start of the run, all read at `until_ns` or later.
    pub(crate) fn reassembled(&mut self, all: BTreeMap<NetnsKey, u64>, until_ns: u64) {
        self.external.reassembled(all, until_ns);
    }

    /// Namespaces of which a TCP connection of their own was seen to be answered.
    pub(crate) fn connected(&self, node: &Node) -> BTreeSet<NetnsId> {
        self.connected.current(node)
    }

    /// Incidents that were evicted or refused, because there were too many.
    pub(crate) fn dropped_incidents(&self) -> u64 {
        self.incidents.dropped() + self.external.dropped()
    }

    /// What became of packets too big that no verdict is about, by namespace.
    pub(crate) fn outcomes(&self) -> BTreeMap<NetnsKey, Outcomes> {
        let explained = |owner| has_stated(&self.incidents, &self.external, owner);
        let mut all = self.ledger.outcomes(explained);
        for (owner, count) in self.external.unanswered().into_iter().filter(|(owner, _)| !explained(*owner)) {
            all.entry(owner).or_default().unanswered = count;
        }
        all
    }

    /// Counters of all containers that had something; from now on they count as reported.
    pub(crate) fn report(&mut self) -> Vec<(NetnsKey, Tally)> {
        let tallies = self.tallies.iter().map(|(owner, tally)| (*owner, tally.clone())).collect();
        self.tallies.values_mut().for_each(|tally| tally.changed = false);
        tallies
    }
}

/// Whether a verdict is, or was, given about a namespace.
fn has_stated(incidents: &Incidents, external: &ExternalIncidents, owner: NetnsKey) -> bool {
    incidents.of(owner).any(|(_, incident)| incident.stated.is_some()) || external.has_stated(owner)
}

#[cfg(test)]
mod cost;
#[cfg(test)]
mod fixes;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waiting;
