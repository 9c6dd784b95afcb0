//! One container, or namespace, and its figures.
use std::collections::BTreeMap;

use super::series::Series;
use super::traffic::Traffic;
use crate::model::{Container, NetnsId, Node, SignalKind, Verdict};

/// Whom a row is about. The host is the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Subject {
    /// A container, by its id.
    Container(String),
    /// A namespace without a container.
    Netns(NetnsId),
    /// The host itself.
    Host,
}

impl Subject {
    /// The owner of a namespace.
    pub(super) fn new(netns: NetnsId, container: Option<&Container>, node: &Node) -> Subject {
        match container {
            Some(container) => Subject::Container(container.id.clone()),
            None if netns == node.host => Subject::Host,
            None => Subject::Netns(netns),
        }
    }

    /// Whom a verdict is about: its container, or the namespace that its path begins in.
    pub(super) fn of(verdict: &Verdict, node: &Node) -> Subject {
        let netns = verdict.path.first().map_or(node.host, |hop| hop.netns);
        Subject::new(netns, verdict.container.as_ref(), node)
    }
}

/// The figures.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    /// The container, if it is one.
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
    pub(super) traffic: Option<Box<Traffic>>,
}

impl Figures {
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
