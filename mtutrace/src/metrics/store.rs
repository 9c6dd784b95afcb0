//! The figures, added up from the items of a run. Pure: time comes with them.
use std::collections::{BTreeMap, BTreeSet};

use super::bounded::BoundedMap;
use super::labels::{self, Labels};
use crate::kernel::counters::Records;
use crate::model::{AttributedEvent, Node, SignalKind, Verdict, VerdictId};
use crate::output::Item;
use crate::telemetry::TraceStatus;
use crate::telemetry::cost::{Buckets, ProgramCost};

/// Containers with series of their own.
const CONTAINERS: usize = 1000;
/// Names of interfaces.
const INTERFACES: usize = 256;
/// Verdicts.
const VERDICTS: usize = 1000;
/// How often mtutrace's own figures are read.
const OWN_NS: u64 = 1_000_000_000;

/// mtutrace's own figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnMetrics {
    /// Records that the kernel side made and lost.
    pub(crate) records: Records,
    /// Records that could not be decoded.
    pub(crate) undecodable: u64,
    /// Incidents that were evicted or refused because there were too many.
    pub(crate) dropped_incidents: u64,
    /// Obstacles that events named, and that the model of the node did not lead to.
    pub(crate) disagreements: u64,
    /// Events of packets with another's source address.
    pub(crate) forged: u64,
    /// Events attributed without an answer about NAT.
    pub(crate) nat_unanswered: u64,
    /// Programs of the kernel side.
    pub(crate) programs: Vec<ProgramCost>,
    /// Times from the packet to the report.
    pub(crate) latency: Buckets,
}

/// What one container had.
#[derive(Debug, Default)]
pub(super) struct EventCounts {
    pub(super) labels: Labels,
    pub(super) signals: BTreeMap<SignalKind, u64>,
    pub(super) drops: BTreeMap<&'static str, u64>,
}

/// One verdict as it stands.
#[derive(Debug, Default)]
pub(super) struct VerdictSeries {
    pub(super) labels: Labels,
    pub(super) active: bool,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Store {
    /// By full id; nobody's under the empty one.
    pub(super) containers: BoundedMap<String, EventCounts>,
    pub(super) interfaces: BoundedMap<String, BTreeMap<SignalKind, u64>>,
    pub(super) verdicts: BoundedMap<VerdictId, VerdictSeries>,
    /// Verdicts given, by kind and severity.
    pub(super) given: BTreeMap<(String, String), u64>,
    pub(super) status: TraceStatus,
    pub(super) own: OwnMetrics,
    own_ns: Option<u64>,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            containers: BoundedMap::new(CONTAINERS),
            interfaces: BoundedMap::new(INTERFACES),
            verdicts: BoundedMap::new(VERDICTS),
            given: BTreeMap::new(),
            status: TraceStatus::default(),
            own: OwnMetrics::default(),
            own_ns: None,
        }
    }
}

impl Store {
    /// Takes in one item.
    pub(super) fn item(&mut self, item: &Item<'_>, now_ns: u64) {
        match item {
            Item::Status(status) => self.status = (*status).clone(),
            Item::Lost(status, losses) => {
                self.status = (*status).clone();
                self.own.records.lost = losses.events;
            }
            Item::Event(event) => self.event(event, now_ns),
            Item::Verdict(verdict) => self.verdict(verdict, now_ns),
            // Counters of reports are sums of events; the end of a run is nothing to scrape.
            Item::Starting { .. } | Item::Report(_) | Item::Standing(_) | Item::End(..) => {}
        }
    }

    fn event(&mut self, charged: &AttributedEvent, now_ns: u64) {
        let container = charged.container.as_ref();
        let id = container.map(|c| c.id.clone()).unwrap_or_default();
        let signal = charged.event.kind.signal();
        let counted = self.containers.entry(id, now_ns);
        // A name may come later than the first event.
        counted.labels = labels::container(container);
        *counted.signals.entry(signal).or_default() += 1;
        if let Some(cause) = charged.event.kind.drop_cause() {
            *counted.drops.entry(cause).or_default() += 1;
        }
    }

    /// Where the last event was seen.
    pub(super) fn interface(&mut self, name: &str, signal: SignalKind, now_ns: u64) {
        let counted = self.interfaces.entry(labels::value(name), now_ns);
        *counted.entry(signal).or_default() += 1;
    }

    fn verdict(&mut self, verdict: &Verdict, now_ns: u64) {
        let series = self.verdicts.entry(verdict.id, now_ns);
        let labels = labels::verdict(verdict);
        if verdict.active && series.labels != labels {
            let key = (labels::word(&verdict.kind), labels::word(&verdict.severity));
            *self.given.entry(key).or_default() += 1;
        }
        *series = VerdictSeries { labels, active: verdict.active };
    }

    /// Reads mtutrace's own figures now and then, and forgets who is gone.
    pub(super) fn tick(&mut self, now_ns: u64, node: &Node, own: impl FnOnce() -> OwnMetrics) {
        if self.own_ns.is_some_and(|last| now_ns.saturating_sub(last) < OWN_NS) {
            return;
        }
        (self.own_ns, self.own) = (Some(now_ns), own());
        let there: BTreeSet<&str> =
            node.netns.values().flat_map(|n| &n.containers).map(|c| c.id.as_str()).collect();
        self.containers.expire(now_ns, |id, _| id.is_empty() || there.contains(id.as_str()));
        self.interfaces.expire(now_ns, |_, _| false);
        self.verdicts.expire(now_ns, |_, series| series.active);
    }
}
