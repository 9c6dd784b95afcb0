//! What became of packets that were too big and led to no verdict, in figures.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// Packets that no verdict is about, by what was seen of them afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Outcomes {
    /// TCP segments too big whose senders were told, and sent none of that size again.
    pub(crate) adapted: u64,
    /// Datagrams too big whose senders were told.
    pub(crate) told: u64,
    /// Fragments of so many datagrams passed; whether all of each arrived is not seen.
    pub(crate) fragmented: u64,
    /// Events of packets too big in namespaces that are none of this node's, as far as could be looked: in a container without the
    /// host's processes the hooks see more than the model.
    pub(crate) elsewhere: u64,
    /// Connections whose request was acknowledged and to which nothing came for five seconds and more. A slow server looks the same as
    /// a path that swallows the answer.
    pub(crate) unanswered: u64,
    /// Whatever else was evidence of a packet too big, by its cause or signal.
    pub(crate) unexplained: BTreeMap<&'static str, u64>,
}

impl Outcomes {
    /// Adds those of somebody else.
    pub(crate) fn add(&mut self, other: &Outcomes) {
        self.adapted += other.adapted;
        self.told += other.told;
        self.fragmented += other.fragmented;
        self.elsewhere += other.elsewhere;
        self.unanswered += other.unanswered;
        for (cause, count) in &other.unexplained {
            *self.unexplained.entry(cause).or_default() += count;
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Outcomes::default()
    }
}
