//! Events become counters and troubles, troubles become verdicts. Pure: time comes with the events and the ticks.
mod evidence;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mtutrace_common::config::DropCause;

use crate::cases::Cases;
use crate::charge::{self, Charge, Ends, Mismatch};
use crate::flow::{Flows, Promise, Side, Sighting};
use crate::holes::{Question, Reading};
use crate::identity::connections::Connections;
use crate::mib::merge::KernelTally;
use crate::model::{Container, DeviceId, Event, EventKind, Flow, NetnsId, SignalKind, Verdict};
use crate::promise::{self, TooMuch};
use crate::sights::Sights;
use crate::silent::Pair;
use crate::topology::{Node, Underlay};
use crate::trouble::Trouble;
use crate::tunnels::{self, Wrong};

use evidence::{about_size, fits_peer, only_holder, sighting};
use state::State;

/// After this a SYN or SYN-ACK has passed all devices of the node, if nothing showed it before.
const SYN_SETTLES_NS: u64 = 100_000_000;
/// Counters and verdicts of a container that is gone are kept this long, for the report that somebody may still look at.
const GONE_NS: u64 = 600_000_000_000;
/// How long it is remembered to whom a flow's packets are charged, and of how many flows.
const CHARGE_HOLD_NS: u64 = 2_000_000_000;
const CHARGES: usize = 4096;

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

/// Everything that is known so far.
#[derive(Default)]
pub struct Engine {
    flows: Flows,
    states: BTreeMap<(Owner, DeviceId), State>,
    tallies: BTreeMap<Owner, Tally>,
    charges: HashMap<(NetnsId, Flow), Known>,
    sights: Sights,
    cases: Cases,
    wrong: Wrong,
}

impl Engine {
    /// Takes in one event. Returns it with its owner if it is one to report: not a SYN, unless it is now certain that
    /// one promises too much (see [`Engine::foresee`]), not the second sight of the same packet, not a drop that turns
    /// out to have another reason.
    pub fn event(&mut self, mut event: Event, node: &Node, tables: &dyn Connections) -> Option<Charged> {
        if event.netns == NetnsId::default() {
            event.netns = only_holder(event.ifindex, node).unwrap_or_default();
        }
        match event.kind {
            EventKind::Syn { mss, ack, identity } => {
                let sighting = sighting(&event, mss, node);
                if ack {
                    return self.answered(sighting, node);
                }
                self.flows.syn((event.seq, identity), sighting);
                return None;
            }
            EventKind::SackHole { .. } => {
                let connection = self.flows.find(event.netns, event.flow);
                let mss = connection.and_then(|(connection, reversed)| {
                    connection.mss(if reversed { Side::Server } else { Side::Client })
                });
                self.cases.asked(&event, mss, node);
                return None;
            }
            _ if !self.sights.is_first(&event) => return None,
            EventKind::Drop { cause: DropCause::VethPeer, .. } if fits_peer(&event, node) => return None,
            _ => {}
        }
        if let Some(below) = self.wrong.around(&event, node) {
            self.outside(&event, &below, node);
        }
        let (ends, mut charge) = self.charge(&event, node, tables);
        let mismatch = charge.as_ref().and_then(|c| c.mismatch.as_ref());
        if event.kind == EventKind::Retransmit && mismatch.is_none_or(|m| event.length <= m.bottleneck.mtu) {
            return None;
        }
        let explained = mismatch.is_some();
        let pair = Pair::of(&event, &ends, node);
        if let (Some(pair), Some(Charge { netns, .. })) = (pair, &mut charge)
            && let Some(mismatch) = pair.mismatch(node)
        {
            *netns = pair.sufferer(&ends, node).unwrap_or(*netns);
            self.trouble(&event, *netns, &mismatch, event.flow.dst.ip(), node).silent = Some(pair);
        } else if let Some(Charge { netns, mismatch: Some(mismatch) }) = &charge
            && about_size(&event, *netns, mismatch.bottleneck.mtu)
        {
            let end = [ends.src, ends.dst].into_iter().flatten().find(|e| e.netns == *netns);
            let remote = end.map_or(event.flow.dst.ip(), |e| e.remote);
            self.trouble(&event, *netns, mismatch, remote, node);
        }
        self.cases.note(&event, &ends, explained, node);
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
        let tunnel = charge::tunnel(node, &mismatch.bottleneck);
        // Now it is known who uses the tunnel: one cause, one verdict.
        let nobodys = tunnel.as_ref().map(|t| (owner_of(t.tunnel.netns, node), key.1)).filter(|k| *k != key);
        let nobodys = nobodys.and_then(|key| self.states.remove(&key));
        let trouble = || Trouble::new(netns, mismatch.clone(), event.time_ns);
        let state =
            self.states.entry(key).or_insert_with(|| State { trouble: trouble(), remote, stated: None });
        let silent = state.trouble.silent.and_then(|pair| pair.mismatch(node));
        state.trouble.mismatch = silent.unwrap_or_else(|| mismatch.clone());
        state.trouble.tunnel = tunnel;
        state.trouble.outer.extend(nobodys.into_iter().flat_map(|state| state.trouble.outer));
        state.trouble.belongs_to(node.container(netns));
        state.trouble.add(event);
        &mut state.trouble
    }

    /// A packet was cut or died outside of a tunnel: the trouble of those who are known to use it, else the tunnel's.
    fn outside(&mut self, event: &Event, below: &Underlay, node: &Node) {
        let (tunnel, home) = (below.tunnel.id(), below.tunnel.netns);
        let signal = event.kind.signal();
        let mut users = self
            .states
            .values_mut()
            .map(|s| &mut s.trouble)
            .filter(|t| tunnels::is_users(t, tunnel, home))
            .peekable();
        if users.peek().is_some() {
            return users.for_each(|trouble| trouble.outside(signal, event.time_ns));
        }
        let Some(mismatch) = tunnels::own(node, tunnel) else { return };
        let state = self.states.entry((owner_of(home, node), tunnel)).or_insert_with(|| State {
            trouble: Trouble::new(home, mismatch, event.time_ns),
            remote: event.flow.dst.ip(),
            stated: None,
        });
        state.trouble.tunnel = Some(below.clone());
        state.trouble.belongs_to(node.container(home));
        state.trouble.outside(signal, event.time_ns);
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
        let too_much = |(promise, side): &(Promise, Side)| promise::too_much(promise, *side, node);
        let events = settled.iter().filter_map(too_much).collect::<Vec<_>>();
        let events = events.into_iter().map(|broken| self.promised(broken, node)).collect();
        let keep = |(netns, since): Owner, last_ns: u64| {
            node.since(netns) == Some(since) || now_ns.saturating_sub(last_ns) < GONE_NS
        };
        self.tallies.retain(|owner, tally| keep(*owner, tally.last_ns));
        self.tallies.iter_mut().for_each(|(owner, tally)| tally.belongs_to(*owner, node));
        let mut verdicts = self.verdicts(now_ns, node);
        let states = &self.states;
        verdicts.extend(self.cases.tick(now_ns, node, |owner| has_trouble(states, owner)));
        self.states.retain(|(owner, _), state| keep(*owner, state.trouble.last_ns));
        (events, verdicts)
    }

    /// A SYN-ACK passes: its SYN has reached the server, and it has itself left the node sooner or later.
    fn answered(&mut self, sighting: Sighting, node: &Node) -> Option<Charged> {
        let syn = self.flows.answer(sighting)?;
        for side in [Side::Client, Side::Server] {
            let Some(promise) = self.flows.unjudged(syn, side) else { continue };
            let too_much = promise::too_much(promise, side, node);
            // A router on the way may yet clamp it.
            if side == Side::Server && too_much.is_some() && !promise::has_left(promise, &sighting, node) {
                continue;
            }
            self.flows.judged(syn, side);
            if let Some(too_much) = too_much {
                return Some(self.promised(too_much, node));
            }
        }
        None
    }

    fn promised(&mut self, TooMuch { event, netns, mismatch }: TooMuch, node: &Node) -> Charged {
        self.trouble(&event, netns, &mismatch, event.flow.dst.ip(), node);
        self.tally(event, Some(netns), node)
    }

    /// The verdict that a promise of too much makes at once, before the first packet of its connection can die.
    pub fn foresee(&mut self, charged: &Charged, node: &Node) -> Vec<Verdict> {
        let (EventKind::Syn { .. }, Some(netns)) = (&charged.event.kind, charged.owner) else {
            return Vec::new();
        };
        let (owner, now_ns) = (owner_of(netns, node), charged.event.time_ns);
        let silent = silent_at(&self.states);
        let states = self.states.iter_mut().filter(|((whose, _), _)| *whose == owner);
        states
            .filter(|(_, state)| !state.is_explained(&silent))
            .filter_map(|(_, state)| state.judge(true, now_ns, node))
            .collect()
    }

    fn verdicts(&mut self, now_ns: u64, node: &Node) -> Vec<Verdict> {
        let mut changed = Vec::new();
        let silent = silent_at(&self.states);
        self.states.retain(|_, state| {
            let explained = state.is_explained(&silent);
            changed.extend(state.end().filter(|_| explained));
            !explained
        });
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
        let states = &self.states;
        all.extend(self.cases.standing(node, |owner| has_trouble(states, owner)));
        all.sort_by_key(|v| (!v.active, std::cmp::Reverse(v.severity)));
        all
    }

    /// The sockets that the kernel is to be asked about.
    pub fn questions(&mut self, now_ns: u64) -> Vec<Question> {
        self.cases.questions(now_ns)
    }

    /// What it said of one; absent when there is no such socket.
    pub fn answer(&mut self, question: Question, reading: Option<Reading>, now_ns: u64, node: &Node) {
        self.cases.answer(question, reading, now_ns, node);
    }

    /// Counters of all containers that had something; from now on they count as reported.
    pub fn report(&mut self) -> Vec<(Owner, Tally)> {
        let tallies = self.tallies.iter().map(|(owner, tally)| (*owner, tally.clone())).collect();
        self.tallies.values_mut().for_each(|tally| tally.changed = false);
        tallies
    }
}

/// The devices at which packets die silently.
fn silent_at(states: &BTreeMap<(Owner, DeviceId), State>) -> BTreeSet<DeviceId> {
    let active = states.values().filter(|state| state.stated.as_ref().is_none_or(|stated| stated.active));
    active.filter_map(|state| Some(state.trouble.silent?.narrow)).collect()
}

/// Whether one of its numbers is wrong, and something came of it: that explains all else.
fn has_trouble(states: &BTreeMap<(Owner, DeviceId), State>, owner: Owner) -> bool {
    let first = DeviceId { netns: NetnsId(0), ifindex: 0 };
    let own = states.range((owner, first)..).take_while(|((whose, _), _)| *whose == owner);
    own.map(|(_, state)| state).any(|state| state.stated.as_ref().is_none_or(|stated| stated.active))
}

pub(crate) fn owner_of(netns: NetnsId, node: &Node) -> Owner {
    (netns, node.since(netns).unwrap_or_default())
}

#[cfg(test)]
mod tests;
