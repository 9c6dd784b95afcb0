//! Listens to a session and remembers, within bounds, what a report says.
mod build;
mod flows;
mod paths;
mod stories;
#[cfg(test)]
pub(in crate::report) mod tests;
mod timeline;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::incident::{ContainerPath, Machine};
use crate::model::{EventKind, NetnsId, SignalKind, StandingMismatch, Tally, describe};
use crate::output::{Context, Item, Losses, Output, Totals};
use crate::telemetry::TraceStatus;
use crate::telemetry::clock::Clock;
use flows::Flows;
use stories::Stories;
use timeline::Timeline;

/// Most different lengths that are told apart.
const SIZES: usize = 4096;

/// What a report says, so far.
#[derive(Debug)]
pub(crate) struct Collector {
    machine: Machine,
    live: bool,
    clock: Option<Clock>,
    start_ns: Option<u64>,
    end_ns: u64,
    stories: Stories,
    timeline: Timeline,
    sizes: BTreeMap<u32, u64>,
    /// Events whose length found no room there.
    sizes_left_out: u64,
    flows: Flows,
    tallies: Vec<(String, Tally)>,
    standing: Vec<StandingMismatch>,
    paths: Vec<ContainerPath>,
    status: TraceStatus,
    totals: Option<Totals>,
    losses: Losses,
    events: u64,
    /// What is wrong with what it was told.
    damage: Option<String>,
}

impl Collector {
    /// Nothing is known yet.
    pub(crate) fn new(machine: Machine) -> Collector {
        Collector {
            machine,
            live: false,
            clock: None,
            start_ns: None,
            end_ns: 0,
            stories: Stories::default(),
            timeline: Timeline::default(),
            sizes: BTreeMap::new(),
            sizes_left_out: 0,
            flows: Flows::default(),
            tallies: Vec::new(),
            standing: Vec::new(),
            paths: Vec::new(),
            status: TraceStatus::default(),
            totals: None,
            losses: Losses::default(),
            events: 0,
            damage: None,
        }
    }

    /// For a page about a run that goes on: it says "so far".
    pub(crate) fn live(machine: Machine) -> Collector {
        Collector { live: true, ..Collector::new(machine) }
    }

    /// What it is told of is incomplete, for this reason.
    pub(crate) fn is_damaged(&mut self, why: String) {
        self.damage = Some(why);
    }

    /// Takes in what outputs are shown.
    pub(crate) fn take(&mut self, item: &Item<'_>, context: &Context<'_>) {
        let now_ns = context.clock.now_ns();
        self.clock = Some(*context.clock);
        self.start_ns.get_or_insert(now_ns);
        self.timeline.begin(now_ns);
        self.end_ns = self.end_ns.max(now_ns);
        match item {
            Item::Starting { .. } => {}
            Item::Status(status) => self.status = (*status).clone(),
            Item::Standing(found) => self.standing = found.to_vec(),
            Item::Event(attributed) => {
                let event = &attributed.event;
                self.events += 1;
                self.timeline.add(event.time_ns, event.kind.signal());
                let length = match event.kind {
                    EventKind::Syn { mss, .. } => mss.map(|mss| mss.saturating_add(40)),
                    _ => (event.length != 0).then_some(event.length),
                };
                if let Some(length) = length {
                    self.size(length);
                }
                self.flows.add(attributed);
            }
            Item::Report(tallies) => self.tallies(tallies, context),
            Item::Lost(_, losses) => self.losses = *losses,
            Item::Verdict(verdict) => self.stories.add(verdict, now_ns, context.node),
            Item::End(verdicts, tallies, status, totals) => {
                verdicts.iter().for_each(|verdict| self.stories.add(verdict, now_ns, context.node));
                self.tallies(tallies, context);
                self.status = (*status).clone();
                self.standing.clone_from(&totals.standing);
                self.totals = Some((*totals).clone());
                self.paths = paths::of(context.node, &totals.connected);
            }
        }
    }

    fn size(&mut self, length: u32) {
        if self.sizes.len() < SIZES || self.sizes.contains_key(&length) {
            *self.sizes.entry(length).or_default() += 1;
        } else {
            self.sizes_left_out += 1;
        }
    }

    fn tallies(&mut self, tallies: &[(NetnsId, Tally)], context: &Context<'_>) {
        let named = |(netns, tally): &(NetnsId, Tally)| {
            let name = tally.container.as_ref().map(describe::container);
            (name.unwrap_or_else(|| describe::owner(*netns, context.node)), tally.clone())
        };
        self.tallies = tallies.iter().map(named).collect();
    }

    fn counted(tally: &Tally) -> BTreeMap<SignalKind, u64> {
        tally
            .counters
            .iter()
            .filter(|(signal, _)| **signal != SignalKind::SackHole)
            .map(|(s, n)| (*s, *n))
            .collect()
    }
}

/// Shared with whoever wants the report at the end.
impl Output for Rc<RefCell<Collector>> {
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        self.borrow_mut().take(item, context);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
