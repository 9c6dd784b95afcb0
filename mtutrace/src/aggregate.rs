//! Events become counters and troubles, troubles become verdicts. Pure: time comes with the events and the ticks.
use std::collections::{BTreeMap, HashMap};

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

use crate::charge::{self, Charge, Ends, Mismatch};
use crate::flow::{Connection, Flows, Sighting};
use crate::identity::connections::Connections;
use crate::mib::merge::KernelTally;
use crate::model::{Container, DeviceId, Ended, Event, EventKind, Flow, NetnsId, SignalKind, Verdict};
use crate::sights::Sights;
use crate::silent::Pair;
use crate::topology::{self, Node};
use crate::trouble::Trouble;
use crate::verdict;

/// After this a SYN has passed all devices of the node.
const SYN_SETTLES_NS: u64 = 100_000_000;
/// Counters and verdicts of a container that is gone are kept this long, for the report that somebody may still look at.
const GONE_NS: u64 = 600_000_000_000;
/// How long it is remembered to whom a flow's packets are charged, and of how many flows.
const CHARGE_HOLD_NS: u64 = 2_000_000_000;
const CHARGES: usize = 4096;
/// Bytes that an L2 forwarding check allows beyond the MTU: a VLAN tag (`is_skb_forwardable`).
const VLAN: u32 = 4;

/// An event and to whom it belongs.
#[derive(Clone, Debug)]
pub struct Charged {
    /// The event.
    pub event: Event,
    /// The namespace it is charged to, where that could be told.
    pub owner: Option<NetnsId>,
    /// The container of that namespace.
    pub container: Option<Container>,
}

/// Counters of one container.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The container; absent for the host and for bare namespaces.
    pub container: Option<Container>,
    /// Events by signal.
    pub counters: BTreeMap<SignalKind, u64>,
    /// The same by device where they were seen.
    pub interfaces: BTreeMap<DeviceId, BTreeMap<SignalKind, u64>>,
    /// When the last one came, CLOCK_MONOTONIC nanoseconds.
    pub last_ns: u64,
    /// Whether there was any since the last report.
    pub changed: bool,
    /// What the kernel counted in the namespace.
    pub kernel: KernelTally,
}

impl Tally {
    /// Whose they are may be known only after they were counted, and named later still.
    fn belongs_to(&mut self, owner: Owner, node: &Node) {
        let container = node.container(owner.0).filter(|_| node.since(owner.0) == Some(owner.1));
        if container.is_some() && container != self.container.as_ref() {
            self.container = container.cloned();
            self.changed = true;
        }
    }
}

/// To whom a flow's packets were charged, when, and by which model of the node.
struct Known {
    time_ns: u64,
    generation: u64,
    ends: Ends,
    charge: Option<Charge>,
}

/// A namespace, and which one of those that had its number (see [`topology::Netns::since`]).
pub type Owner = (NetnsId, u64);

struct State {
    trouble: Trouble,
    remote: std::net::IpAddr,
    stated: Option<Verdict>,
}

/// Everything that is known so far.
#[derive(Default)]
pub struct Engine {
    flows: Flows,
    states: BTreeMap<(Owner, DeviceId), State>,
    tallies: BTreeMap<Owner, Tally>,
    charges: HashMap<(NetnsId, Flow), Known>,
    sights: Sights,
}

impl Engine {
    /// Takes in one event. Returns it with its owner if it is one to report: not a SYN, not the second sight of
    /// the same packet, not a drop that turns out to have another reason.
    pub fn event(&mut self, mut event: Event, node: &Node, tables: &dyn Connections) -> Option<Charged> {
        if event.netns == NetnsId::default() {
            event.netns = only_holder(event.ifindex, node).unwrap_or_default();
        }
        match event.kind {
            EventKind::Syn { mss, ack, identity } => {
                if !ack {
                    self.flows.syn((event.seq, identity), sighting(&event, mss, node));
                }
                return None;
            }
            _ if !self.sights.is_first(&event) => return None,
            EventKind::Drop { cause: DropCause::VethPeer, .. } if fits_peer(&event, node) => return None,
            _ => {}
        }
        let (ends, charge) = self.charge(&event, node, tables);
        let mismatch = charge.as_ref().and_then(|c| c.mismatch.as_ref());
        if event.kind == EventKind::Retransmit && mismatch.is_none_or(|m| event.length <= m.bottleneck.mtu) {
            return None;
        }
        let pair = Pair::of(&event, &ends, node);
        if let (Some(pair), Some(Charge { netns, .. })) = (pair, &charge)
            && let Some(mismatch) = pair.mismatch(node)
        {
            self.trouble(&event, *netns, &mismatch, event.flow.dst.ip(), node).silent = Some(pair);
        } else if let Some(Charge { netns, mismatch: Some(mismatch) }) = &charge
            && about_size(&event, mismatch.bottleneck.mtu)
        {
            let end = [ends.src, ends.dst].into_iter().flatten().find(|e| e.netns == *netns);
            let remote = end.map_or(event.flow.dst.ip(), |e| e.remote);
            self.trouble(&event, *netns, mismatch, remote, node);
        }
        Some(self.tally(event, charge.map(|c| c.netns), node))
    }

    /// Adds an event to what is known of a container's trouble with one bottleneck.
    fn trouble(
        &mut self,
        event: &Event,
        netns: NetnsId,
        mismatch: &Mismatch,
        remote: std::net::IpAddr,
        node: &Node,
    ) -> &mut Trouble {
        let key = (owner_of(netns, node), mismatch.bottleneck.id());
        let trouble = || Trouble::new(netns, mismatch.clone(), event.time_ns);
        let state =
            self.states.entry(key).or_insert_with(|| State { trouble: trouble(), remote, stated: None });
        state.trouble.mismatch = mismatch.clone();
        state.trouble.belongs_to(node.container(netns));
        state.trouble.add(event);
        &mut state.trouble
    }

    /// Reading NAT tables and looking for ways takes long, and a bad day has many events of few flows: the answer
    /// for one flow holds for a while, unless the node changes.
    fn charge(&mut self, event: &Event, node: &Node, tables: &dyn Connections) -> (Ends, Option<Charge>) {
        let (key, now) = ((event.netns, event.flow), event.time_ns);
        if let Some(known) = self.charges.get(&key)
            && known.generation == node.generation
            && now.saturating_sub(known.time_ns) < CHARGE_HOLD_NS
        {
            return (known.ends, known.charge.clone());
        }
        let ends = charge::ends(event, &self.flows, node, tables);
        let charge = charge::charge(ends, node);
        if self.charges.len() >= CHARGES {
            self.charges.clear();
        }
        let known = Known { time_ns: now, generation: node.generation, ends, charge: charge.clone() };
        self.charges.insert(key, known);
        (ends, charge)
    }

    fn tally(&mut self, event: Event, owner: Option<NetnsId>, node: &Node) -> Charged {
        let container = owner.and_then(|netns| node.container(netns)).cloned();
        let tally = self.tallies.entry(owner_of(owner.unwrap_or(node.host), node)).or_default();
        tally.container.clone_from(&container);
        *tally.counters.entry(event.kind.signal()).or_default() += 1;
        if let Some(device) = event.device() {
            *tally.interfaces.entry(device).or_default().entry(event.kind.signal()).or_default() += 1;
        }
        tally.last_ns = event.time_ns;
        tally.changed = true;
        Charged { event, owner, container }
    }

    /// Time goes on: connections whose SYN promises too much are returned as events, and verdicts that are new or
    /// have changed.
    pub fn tick(&mut self, now_ns: u64, node: &Node) -> (Vec<Charged>, Vec<Verdict>) {
        let settled = self.flows.settled(now_ns.saturating_sub(SYN_SETTLES_NS));
        let mut events = Vec::new();
        for connection in settled {
            if let Some((event, netns, mismatch)) = promises_too_much(&connection, node) {
                self.trouble(&event, netns, &mismatch, event.flow.dst.ip(), node);
                events.push(self.tally(event, Some(netns), node));
            }
        }
        let keep = |(netns, since): Owner, last_ns: u64| {
            node.since(netns) == Some(since) || now_ns.saturating_sub(last_ns) < GONE_NS
        };
        self.tallies.retain(|owner, tally| keep(*owner, tally.last_ns));
        self.tallies.iter_mut().for_each(|(owner, tally)| tally.belongs_to(*owner, node));
        let verdicts = self.verdicts(now_ns, node);
        self.states.retain(|(owner, _), state| keep(*owner, state.trouble.last_ns));
        (events, verdicts)
    }

    fn verdicts(&mut self, now_ns: u64, node: &Node) -> Vec<Verdict> {
        let mut changed = Vec::new();
        for ((owner, _), state) in &mut self.states {
            if let Some(verdict) = state.judge(node.since(owner.0) == Some(owner.1), now_ns, node) {
                changed.push(verdict);
            }
        }
        changed
    }

    /// All verdicts as they stand at the end: what evidence there is must do.
    pub fn standing(&mut self, node: &Node) -> Vec<Verdict> {
        self.verdicts(u64::MAX, node);
        self.states.values_mut().for_each(|s| s.refresh(u64::MAX, node));
        let mut all: Vec<_> = self.states.values().filter_map(|s| s.stated.clone()).collect();
        all.sort_by_key(|v| (!v.active, std::cmp::Reverse(v.severity)));
        all
    }

    /// Counters of all containers that had something; from now on they count as reported.
    pub fn report(&mut self) -> Vec<(Owner, Tally)> {
        let tallies = self.tallies.iter().map(|(owner, tally)| (*owner, tally.clone())).collect();
        self.tallies.values_mut().for_each(|tally| tally.changed = false);
        tallies
    }
}

impl State {
    /// The verdict, if it is not the one that was stated last; `lives`: the namespace is still the same one.
    fn judge(&mut self, lives: bool, now_ns: u64, node: &Node) -> Option<Verdict> {
        let now = || match self.trouble.silent {
            Some(pair) => pair.mismatch(node),
            None => charge::mismatch(node, self.trouble.netns, Some(self.remote)),
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
        let finding = verdict::judge(&self.trouble, now_ns)?;
        let worse = |s: &Verdict| (s.kind, s.severity) < (finding.kind, finding.severity);
        let same = |s: &Verdict| s.active == active && !worse(s) && s.container == self.trouble.container;
        if self.stated.as_ref().is_some_and(same) {
            return None;
        }
        if let Some(mismatch) = mismatch {
            self.trouble.mismatch = mismatch;
        }
        let verdict = verdict::verdict(&self.trouble, finding, active, node);
        self.stated = Some(verdict.clone());
        Some(verdict)
    }

    /// Brings the figures of a verdict that stands up to date.
    fn refresh(&mut self, now_ns: u64, node: &Node) {
        let Some(stated) = self.stated.as_mut().filter(|s| s.active) else { return };
        if let Some(finding) = verdict::judge(&self.trouble, now_ns) {
            *stated = verdict::verdict(&self.trouble, finding, true, node);
        }
    }
}

/// Without BTF the kernel side cannot tell the namespace: the only one with a device of that index, if there is one.
fn only_holder(ifindex: u32, node: &Node) -> Option<NetnsId> {
    let mut holders = node.netns.iter().filter(|(_, netns)| netns.links.contains_key(&ifindex));
    let (first, second) = (holders.next(), holders.next());
    first.filter(|_| second.is_none()).map(|(id, _)| *id)
}

fn owner_of(netns: NetnsId, node: &Node) -> Owner {
    (netns, node.since(netns).unwrap_or_default())
}

fn sighting(event: &Event, mss: Option<u32>, node: &Node) -> Sighting {
    Sighting {
        time_ns: event.time_ns,
        netns: event.netns,
        ifindex: event.ifindex,
        egress: event.egress(),
        peer: event.device().and_then(|d| node.link(d)?.peer).map(|p| p.netns).filter(|p| *p != event.netns),
        flow: event.flow,
        mss,
    }
}

/// Whether the event is evidence of a packet too big for this limit.
fn about_size(event: &Event, limit: u32) -> bool {
    match event.kind {
        EventKind::IcmpSeen { .. } => true,
        EventKind::Drop { icmp_too_big: true, .. } => true,
        EventKind::Fragmented { .. } | EventKind::Syn { .. } | EventKind::PmtuUpdated { .. } => false,
        EventKind::Drop { cause: DropCause::Reassembly | DropCause::FragmentFiltered, .. } => false,
        _ => event.length > limit,
    }
}

/// `__dev_forward_skb2` drops for other reasons too; a GSO packet is never too big for it.
fn fits_peer(event: &Event, node: &Node) -> bool {
    let peer = event.device().and_then(|d| node.link(d)).and_then(|l| l.peer).and_then(|p| node.link(p));
    event.gso_segments.is_some() || peer.is_none_or(|p| event.length <= p.mtu + VLAN)
}

/// A connection of a container whose MSS, as the last device saw it, does not fit the container's way out.
fn promises_too_much(connection: &Connection, node: &Node) -> Option<(Event, NetnsId, Mismatch)> {
    let (first, last) = (connection.first()?, connection.last()?);
    let device = DeviceId { netns: first.netns, ifindex: first.ifindex };
    let peer = || node.link(device)?.peer.map(|p| p.netns);
    let netns =
        if first.egress { topology::resolve(node, first.netns, first.flow.src.ip()) } else { peer() }?;
    node.container(netns)?;
    // RFC 9293 §3.7.1: the MSS counts neither IP nor TCP header.
    let headers = if first.flow.src.is_ipv4() { 40 } else { 60 };
    let length = last.mss?.min(first.mss?) + headers;
    let mismatch = charge::mismatch(node, netns, Some(first.flow.dst.ip()))?;
    if length <= mismatch.bottleneck.mtu {
        return None;
    }
    let event = Event {
        time_ns: first.time_ns,
        netns: first.netns,
        ifindex: first.ifindex,
        hook: if first.egress { HookId::TcEgress } else { HookId::TcIngress },
        flow: first.flow,
        length,
        gso_segments: None,
        seq: 0,
        ip_id: 0,
        kind: EventKind::Syn { mss: first.mss, ack: false, identity: 0 },
    };
    Some((event, netns, mismatch))
}

#[cfg(test)]
mod tests;
