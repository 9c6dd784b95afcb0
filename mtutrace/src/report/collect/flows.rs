//! Flows with something to tell: the first so many, of which the busiest are told.
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::incident::FlowRow;
use crate::model::{AttributedEvent, Container, Flow, SignalKind};
use crate::output::json::protocol;

/// Most flows that are followed.
const FOLLOWED: usize = 2048;
/// Most that are told.
const TOLD: usize = 20;

#[derive(Debug, Default)]
struct Figures {
    container: Option<Container>,
    counters: BTreeMap<SignalKind, u64>,
    largest: u32,
    limit: Option<u32>,
}

/// Flows.
#[derive(Debug, Default)]
pub(super) struct Flows {
    all: BTreeMap<Flow, Figures>,
    /// Events of others.
    others: u64,
}

impl Flows {
    /// Counts an event.
    pub(super) fn add(&mut self, attributed: &AttributedEvent) {
        let event = &attributed.event;
        if self.all.len() >= FOLLOWED && !self.all.contains_key(&event.flow) {
            self.others += 1;
            return;
        }
        let figures = self.all.entry(event.flow).or_default();
        *figures.counters.entry(event.kind.signal()).or_default() += 1;
        figures.largest = figures.largest.max(event.length);
        figures.limit = figures.limit.into_iter().chain(event.kind.mtu()).min();
        figures.container = attributed.container.clone().or(figures.container.take());
    }

    /// The limits that packets met.
    pub(super) fn limits(&self) -> impl Iterator<Item = u32> {
        self.all.values().filter_map(|figures| figures.limit)
    }

    /// The busiest, and how many others there are.
    pub(super) fn told(&self) -> (Vec<FlowRow>, u64) {
        let mut order: Vec<_> = self.all.iter().collect();
        order.sort_by_key(|(_, figures)| Reverse(figures.counters.values().sum::<u64>()));
        let more = u64::try_from(order.len().saturating_sub(TOLD)).unwrap_or(0) + self.others;
        let row = |(flow, figures): (&Flow, &Figures)| FlowRow {
            protocol: protocol(flow.protocol),
            src: flow.src.to_string(),
            dst: flow.dst.to_string(),
            container: figures.container.clone(),
            counters: figures.counters.clone(),
            largest: figures.largest,
            limit: figures.limit,
        };
        (order.into_iter().take(TOLD).map(row).collect(), more)
    }
}
