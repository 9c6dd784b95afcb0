//! One container, or namespace, and its figures.
use std::collections::BTreeMap;

use super::seen::Seen;
use super::series::Series;
use crate::model::{Container, NetnsId, Node, SignalKind, Verdict};

/// Whom a row is about. The host is the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    /// A container, by its id.
    Container(String),
    /// A namespace without a container.
    Netns(NetnsId),
    /// The host itself.
    Host,
}

impl Who {
    /// The owner of a namespace.
    pub(super) fn new(netns: NetnsId, container: Option<&Container>, node: &Node) -> Who {
        match container {
            Some(container) => Who::Container(container.id.clone()),
            None if netns == node.host => Who::Host,
            None => Who::Netns(netns),
        }
    }

    /// Whom a verdict is about: its container, or the namespace that its path begins in.
    pub(super) fn of(verdict: &Verdict, node: &Node) -> Who {
        let netns = verdict.path.first().map_or(node.host, |hop| hop.netns);
        Who::new(netns, verdict.container.as_ref(), node)
    }
}

/// The figures.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Who, if it is a container.
    pub(super) container: Option<Container>,
    /// Its namespace.
    pub(super) netns: NetnsId,
    /// Whether it is still there.
    pub(super) alive: bool,
    /// All signals together.
    pub(super) all: Series,
    /// Each signal that was ever seen.
    pub(super) signals: BTreeMap<SignalKind, Series>,
    /// Flows and sizes, if there was an event.
    pub(super) seen: Option<Box<Seen>>,
}

impl Row {
    /// An interval ended with these totals.
    pub(super) fn push(&mut self, counters: &BTreeMap<SignalKind, u64>, seconds: f64) {
        for signal in counters.keys() {
            self.signals.entry(*signal).or_default();
        }
        for (signal, series) in &mut self.signals {
            series.push(counters.get(signal).copied().unwrap_or(series.total), seconds);
        }
        self.all.push(self.signals.values().map(|series| series.total).sum(), seconds);
    }
}
