//! What was collected becomes a report.
use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::super::incident::{ContainerRow, Incident, Story};
use super::super::words;
use super::Collector;
use crate::model::{Bottleneck, Severity};
use crate::output::unseen;
use crate::telemetry::clock::Clock;

/// Most containers whose counters are told.
const CONTAINERS: usize = 50;

impl Collector {
    /// The report as it stands.
    pub(crate) fn incident(&self) -> Incident {
        incident(self)
    }
}

fn incident(c: &Collector) -> Incident {
    let clock = c.clock.unwrap_or_else(|| Clock::replayed(0, 0));
    let start_ns = c.start_ns.unwrap_or(c.end_ns);
    let verdicts = c.stories.told(&clock, start_ns);
    let mut order: Vec<_> =
        c.tallies.iter().map(|(name, tally)| (name, tally, Collector::counted(tally))).collect();
    order.retain(|(_, _, counters)| !counters.is_empty());
    order.sort_by_key(|(_, _, counters)| Reverse(counters.values().sum::<u64>()));
    let containers_left_out = u64::try_from(order.len().saturating_sub(CONTAINERS)).unwrap_or(0);
    let row = |(name, tally, counters): (&String, &crate::model::Tally, _)| ContainerRow {
        name: name.clone(),
        container: tally.container.clone(),
        counters,
    };
    let (flows, flows_left_out) = c.flows.told();
    let unseen = words::unseen(&c.status, c.totals.as_ref(), &c.losses, c.damage.as_deref());
    let notes = words::notes(c.totals.as_ref(), c.stories.left_out);
    let severity = worst(&verdicts).max(c.standing.iter().map(|m| m.severity).max());
    let found = !verdicts.is_empty() || !c.standing.is_empty();
    let doubts = words::doubts(&c.status, c.totals.as_ref(), c.damage.as_deref());
    let proven = !found && c.totals.is_some() && doubts.is_empty();
    Incident {
        v: 1,
        kind: "incident_report",
        machine: c.machine.clone(),
        start: clock.rfc3339(start_ns),
        end: clock.rfc3339(c.end_ns),
        duration_ms: c.end_ns.saturating_sub(start_ns) / 1_000_000,
        headline: if c.live && !found {
            "So far no MTU problem was seen.".to_owned()
        } else {
            words::headline(&verdicts, &c.standing, &doubts)
        },
        severity,
        problem: severity >= Some(Severity::Warning),
        proven,
        doubts,
        losses: c.totals.as_ref().map(unseen::losses).unwrap_or_default(),
        limits: limits(&verdicts, c),
        verdicts,
        standing: c.standing.clone(),
        timeline: c.timeline.told(c.end_ns),
        sizes: c.sizes.clone(),
        sizes_left_out: c.sizes_left_out,
        paths: c.paths.clone(),
        flows,
        flows_left_out,
        containers: order.into_iter().take(CONTAINERS).map(row).collect(),
        containers_left_out,
        notes,
        unseen,
        hooks: c.status.hooks.clone(),
        events: c.events,
        records: c.totals.as_ref().map(|totals| totals.records.clone()).unwrap_or_default(),
    }
}

fn worst(verdicts: &[Story]) -> Option<Severity> {
    verdicts.iter().map(|story| story.verdict.severity).max()
}

/// The MTUs that the worst verdict names; else those that packets met.
fn limits(verdicts: &[Story], c: &Collector) -> Vec<u32> {
    let mut limits: BTreeSet<u32> = BTreeSet::new();
    if let Some(story) = verdicts.first() {
        limits.extend(story.verdict.culprit.as_ref().map(|device| device.mtu));
        limits.extend(story.verdict.bottleneck.as_ref().map(Bottleneck::mtu));
    }
    if limits.is_empty() {
        limits.extend(c.flows.limits().take(3));
    }
    limits.into_iter().filter(|mtu| *mtu > 0).collect()
}
