//! What the screen knows: fed by the items that every output gets. Pure; time comes as a number.
use std::collections::BTreeMap;

use super::figures::{Figures, Subject};
use super::traffic::Traffic;
use crate::filter::{Filter, select};
use crate::model::{AttributedEvent, NetnsId, Node, SignalKind, StandingMismatch, Tally, Verdict};
use crate::output::Item;
use crate::telemetry::TraceStatus;
use crate::telemetry::cost::Cost;

/// Most containers whose flows and sizes are kept; a new one takes the place of the one that was quiet for longest.
const SEEN: usize = 256;
/// Most verdicts that are kept.
const VERDICTS: usize = 256;

/// A verdict, and when it last changed.
#[derive(Clone, Debug)]
pub(super) struct TimedVerdict {
    /// What was said.
    pub(super) verdict: Verdict,
    /// When, CLOCK_MONOTONIC nanoseconds.
    pub(super) at_ns: u64,
}

/// Everything that is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    /// While the start goes on: interfaces that carry classifiers, and that should.
    pub(super) starting: Option<(usize, usize)>,
    /// What is traced.
    pub(super) status: TraceStatus,
    /// What it costs.
    pub(super) cost: Cost,
    /// Events that the ring could not take.
    pub(super) lost: u64,
    /// Since the start, nanoseconds.
    pub(super) elapsed_ns: u64,
    /// The node at the last report.
    pub(super) node: Node,
    /// Verdicts, the one to read first first.
    pub(super) verdicts: Vec<TimedVerdict>,
    /// MTUs that do not fit as the node stands, the worst first.
    pub(super) standing: Vec<StandingMismatch>,
    /// Figures.
    pub(super) rows: BTreeMap<Subject, Figures>,
    filter: Filter,
    started_ns: Option<u64>,
    reported_ns: Option<u64>,
}

impl Data {
    /// Nothing yet; `filter` is what the command line asks for.
    pub(super) fn new(filter: Filter) -> Data {
        Data { filter, ..Data::default() }
    }

    /// Takes in an item at a time (CLOCK_MONOTONIC nanoseconds).
    pub(super) fn take(&mut self, item: &Item<'_>, node: &Node, now_ns: u64) {
        self.elapsed_ns = now_ns.saturating_sub(*self.started_ns.get_or_insert(now_ns));
        if self.node.generation != node.generation || self.node.host != node.host {
            self.node.clone_from(node);
        }
        match item {
            Item::Starting { attached, wanted } => self.starting = Some((*attached, *wanted)),
            Item::Status(status) => {
                // The time is that of tracing, as for --duration.
                if self.starting.take().is_some() {
                    (self.started_ns, self.elapsed_ns) = (Some(now_ns), 0);
                }
                self.status.clone_from(status);
                self.find();
            }
            Item::Standing(found) => self.standing = found.to_vec(),
            Item::Lost(_, losses) => self.lost = losses.events,
            Item::Event(charged) => self.event(charged),
            Item::Report(tallies) => self.report(tallies, now_ns),
            Item::Verdict(verdict) => self.verdict(verdict, now_ns),
            Item::End(..) => {}
        }
    }

    /// Whom the newest verdict is about that still holds.
    pub(super) fn newest(&self) -> Option<Subject> {
        let standing = self.verdicts.iter().filter(|timed| timed.verdict.active);
        standing.max_by_key(|timed| timed.at_ns).map(|timed| Subject::of(&timed.verdict, &self.node))
    }

    /// The verdicts about somebody.
    pub(super) fn about<'a>(&'a self, who: &'a Subject) -> impl Iterator<Item = &'a Verdict> {
        self.verdicts.iter().map(|timed| &timed.verdict).filter(|v| Subject::of(v, &self.node) == *who)
    }

    /// Mismatches that stand, and that no verdict is about.
    pub(super) fn unsaid(&self) -> impl Iterator<Item = &StandingMismatch> {
        let said = |m: &StandingMismatch| {
            let mut verdicts = self.verdicts.iter().map(|timed| &timed.verdict).filter(|v| v.active);
            verdicts.any(|v| v.culprit.as_ref().is_some_and(|culprit| m.is_about(culprit)))
        };
        self.standing.iter().filter(move |m| !said(m))
    }

    /// Every container of the node that was asked for has a row, quiet or not.
    fn find(&mut self) {
        self.rows.values_mut().for_each(|row| row.alive = false);
        for netns in self.node.netns.keys().copied() {
            let container = self.node.container(netns);
            let who = Subject::new(netns, container, &self.node);
            if let Some(row) = self.rows.get_mut(&who) {
                row.alive = true;
                row.container = container.cloned();
            } else if (container.is_some() || who == Subject::Host)
                && select::kernel(&self.filter, netns, container)
            {
                let container = container.cloned();
                self.rows.insert(who, Figures { container, netns, alive: true, ..Figures::default() });
            }
        }
    }

    fn report(&mut self, tallies: &[(NetnsId, Tally)], now_ns: u64) {
        let seconds = self.reported_ns.map_or(0.0, |then| now_ns.saturating_sub(then) as f64 / 1e9);
        self.reported_ns = Some(now_ns);
        self.find();
        let mut totals: BTreeMap<Subject, BTreeMap<SignalKind, u64>> = BTreeMap::new();
        for (netns, tally) in tallies {
            let who = Subject::new(*netns, tally.container.as_ref(), &self.node);
            let counters = totals.entry(who.clone()).or_default();
            for (signal, count) in &tally.counters {
                *counters.entry(*signal).or_default() += count;
            }
            // What only the kernel counted is in the final report.
            if !tally.counters.is_empty() {
                let row = self.rows.entry(who).or_default();
                (row.netns, row.container) = (*netns, tally.container.clone());
            }
        }
        self.rows.retain(|who, row| row.alive || totals.contains_key(who));
        let none = BTreeMap::new();
        for (who, row) in &mut self.rows {
            row.push(totals.get(who).unwrap_or(&none), seconds);
        }
    }

    fn event(&mut self, charged: &AttributedEvent) {
        let netns = charged.owner.unwrap_or(self.node.host);
        let who = Subject::new(netns, charged.container.as_ref(), &self.node);
        if self.rows.get(&who).is_none_or(|row| row.traffic.is_none()) {
            self.make_room();
            let row = self.rows.entry(who.clone()).or_default();
            (row.netns, row.alive) = (netns, true);
            row.container.clone_from(&charged.container);
            row.traffic = Traffic::new().map(Box::new);
        }
        if let Some(traffic) = self.rows.get_mut(&who).and_then(|row| row.traffic.as_mut()) {
            traffic.add(&charged.event);
        }
    }

    fn make_room(&mut self) {
        let seen = |row: &&mut Figures| row.traffic.is_some();
        if self.rows.values().filter(|row| row.traffic.is_some()).count() >= SEEN
            && let Some(row) = self
                .rows
                .values_mut()
                .filter(seen)
                .min_by_key(|row| row.traffic.as_ref().map_or(0, |traffic| traffic.last_ns))
        {
            row.traffic = None;
        }
    }

    fn verdict(&mut self, verdict: &Verdict, now_ns: u64) {
        self.verdicts.retain(|old| old.verdict.id != verdict.id && Some(old.verdict.id) != verdict.replaces);
        self.verdicts.push(TimedVerdict { verdict: verdict.clone(), at_ns: now_ns });
        let order =
            |s: &TimedVerdict| std::cmp::Reverse((s.verdict.ended.is_none(), s.verdict.severity, s.at_ns));
        self.verdicts.sort_by_key(order);
        self.verdicts.truncate(VERDICTS);
    }
}
