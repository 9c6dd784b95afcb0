//! The figures under their names. deploy/ and docs/OUTPUT.md rely on them.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::labels::{self, Labels, word};
use super::shared::Shared;
use super::store::{EventCounts, Store};
use crate::kernel::hooks::State;
use crate::model::SignalKind;
use crate::telemetry::clock::Clock;
use crate::telemetry::{TraceStatus, cost};

/// All metrics in one of the two text formats.
pub(super) fn render(shared: &Arc<Shared>, openmetrics: bool) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("mtutrace");
    registry.register_collector(Box::new(PageCollector(Arc::clone(shared))));
    let mut page = String::new();
    if openmetrics {
        text::encode(&mut page, &registry)?;
    } else {
        prometheus_text::encode(&mut page, &registry)?;
    }
    Ok(page)
}

/// Writes all figures as they stand.
#[derive(Debug)]
struct PageCollector(Arc<Shared>);

impl Collector for PageCollector {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> fmt::Result {
        let store = self.0.store();
        events(&mut out, &store)?;
        verdicts(&mut out, &store)?;
        traced(&mut out, &store.status)?;
        own_records(&mut out, &store)?;
        let (cpu, memory) = cost::process().unwrap_or_default();
        counter(&mut out, "cpu_seconds", "CPU time of mtutrace, user and system", cpu.as_secs_f64())?;
        gauge(&mut out, "resident_memory_bytes", "Resident memory of mtutrace", memory)?;
        let ready = u32::from(self.0.health.not_ready(Clock::new().now_ns()).is_none());
        let help = "1 once every hook is attached, and while what is found can be written";
        gauge(&mut out, "ready", help, ready)?;
        let backlog = self.0.health.backlog();
        let help = "Lines left out because stdout was not read fast enough";
        counter(&mut out, "unwritten_lines", help, backlog.unwritten)?;
        gauge(&mut out, "output_waiting_bytes", "Bytes that stdout has not taken yet", backlog.bytes as u64)?;
        let scrapes = self.0.scrapes.load(Ordering::Relaxed);
        counter(&mut out, "scrapes", "Requests for metrics answered", scrapes)?;
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        gauges(&mut out, "build_info", "Version of mtutrace", [(version, 1_u32)])
    }
}

fn counters<V: EncodeCounterValue>(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (Labels, V)>,
) -> fmt::Result {
    let mut family = out.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in rows {
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, V, u64>(&value, None)?;
    }
    Ok(())
}

fn counter(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeCounterValue,
) -> fmt::Result {
    counters(out, name, help, [(Labels::new(), value)])
}

fn gauges<V: EncodeGaugeValue>(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (Labels, V)>,
) -> fmt::Result {
    let mut family = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in rows {
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

fn gauge(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeGaugeValue,
) -> fmt::Result {
    gauges(out, name, help, [(Labels::new(), value)])
}

fn with(label: &'static str, value: &str, more: Labels) -> Labels {
    std::iter::once((label, value.to_owned())).chain(more).collect()
}

/// Rows of one set of labels are one row: Prometheus refuses a page that has it twice.
fn merge<V>(rows: impl Iterator<Item = (Labels, V)>, add: impl Fn(V, V) -> V) -> BTreeMap<Labels, V> {
    let mut merged = BTreeMap::new();
    for (labels, value) in rows {
        let sum = match merged.remove(&labels) {
            Some(before) => add(before, value),
            None => value,
        };
        merged.insert(labels, sum);
    }
    merged
}

fn events(out: &mut DescriptorEncoder<'_>, store: &Store) -> fmt::Result {
    let all = || {
        let other = store.containers.other().map(|counted| (labels::other(), counted));
        store.containers.iter().map(|(_, counted)| (counted.labels.clone(), counted)).chain(other)
    };
    let signals = |(labels, counted): (Labels, &EventCounts)| {
        let row = |(signal, n): (&SignalKind, &u64)| (with("signal", signal.name(), labels.clone()), *n);
        counted.signals.iter().map(row).collect::<Vec<_>>()
    };
    let help = "Events by signal and attributed container";
    counters(out, "events", help, merge(all().flat_map(signals), |a, b| a + b))?;
    let drops = |(labels, counted): (Labels, &EventCounts)| {
        let row = |(cause, n): (&&str, &u64)| (with("cause", cause, labels.clone()), *n);
        counted.drops.iter().map(row).collect::<Vec<_>>()
    };
    let help = "Packets dropped for their size, by cause and container";
    counters(out, "drops", help, merge(all().flat_map(drops), |a, b| a + b))?;
    let other = store.interfaces.other().map(|counted| ("other", counted));
    let interfaces = store.interfaces.iter().map(|(name, counted)| (name.as_str(), counted)).chain(other);
    let rows = interfaces.flat_map(|(name, counted)| {
        let labels =
            |signal: &SignalKind| with("interface", name, with("signal", signal.name(), Labels::new()));
        counted.iter().map(move |(signal, n)| (labels(signal), *n))
    });
    let help = "Events by interface name, in any namespace";
    counters(out, "interface_events", help, merge(rows, |a, b| a + b))?;
    let overflow = store.containers.overflow + store.interfaces.overflow + store.verdicts.overflow;
    let help = "Times something was counted as other, because a limit of label values was reached";
    counter(out, "label_overflow", help, overflow)
}

fn verdicts(out: &mut DescriptorEncoder<'_>, store: &Store) -> fmt::Result {
    let rows = store.verdicts.iter().map(|(_, one)| (one.labels.clone(), u32::from(one.active)));
    let help = "1 while the verdict is active, 0 once its cause is gone";
    gauges(out, "verdict_active", help, merge(rows, Ord::max))?;
    let given = store
        .given
        .iter()
        .map(|((kind, severity), n)| (with("verdict", kind, with("severity", severity, Labels::new())), *n));
    counters(out, "verdicts", "Verdicts given, by kind and severity", given)
}

fn traced(out: &mut DescriptorEncoder<'_>, status: &TraceStatus) -> fmt::Result {
    let rows = [State::Attached, State::Fallback, State::Standby, State::Missing].map(|state| {
        let count = status.hooks.iter().filter(|hook| hook.state == state).count();
        (with("state", &word(&state), Labels::new()), count)
    });
    gauges(out, "hooks", "Hooks by their state on this kernel", rows)?;
    for (name, help, value) in [
        ("interfaces", "Interfaces with classifiers attached", status.interfaces),
        ("refused_interfaces", "Interfaces that refused a classifier", status.refused),
        ("namespaces", "Network namespaces watched", status.namespaces),
        ("unreadable_namespaces", "Network namespaces that could not be entered", status.unreadable),
        (
            "cut_namespaces",
            "Network namespaces with more devices, addresses, rules or routes than are read",
            status.cut,
        ),
        ("claimed_ids", "Ids of other containers that containers give to what they run", status.claimed),
        ("containers", "Containers with a network namespace of their own", status.containers),
    ] {
        gauge(out, name, help, value)?;
    }
    Ok(())
}

fn own_records(out: &mut DescriptorEncoder<'_>, store: &Store) -> fmt::Result {
    let own = &store.own;
    let made = own.records.names();
    let records = made.iter().map(|(signal, n)| (with("signal", signal, Labels::new()), *n));
    counters(out, "records", "Records made by the BPF programs, lost ones included", records)?;
    counter(out, "lost_events", "Records that did not fit into the ring buffer", own.records.lost)?;
    let left_out = own.records.left_out_names();
    let left_out = left_out.iter().map(|(signal, n)| (with("signal", signal, Labels::new()), *n));
    counters(out, "left_out_records", "Records not sent because their source had sent enough", left_out)?;
    counter(out, "undecodable_records", "Records that could not be decoded", own.undecodable)?;
    let help = "Incidents evicted or refused because there were too many";
    counter(out, "dropped_incidents", help, own.dropped_incidents)?;
    let help = "Obstacles that events named and the model of the node did not lead to";
    counter(out, "model_disagreements", help, own.disagreements)?;
    let help = "Events of packets that bore the address of another than the container that sent them";
    counter(out, "forged_events", help, own.forged)?;
    let help = "Events attributed without an answer about NAT, which did not come in time";
    counter(out, "nat_unanswered_events", help, own.nat_unanswered)?;
    let program = |name: &str| with("program", name, Labels::new());
    let runs = own.programs.iter().map(|p| (program(&p.program), p.runs));
    counters(
        out,
        "program_measured_runs",
        "Timed runs of a BPF program: those of a tenth of a second in ten",
        runs,
    )?;
    let seconds = own.programs.iter().map(|p| (program(&p.program), p.runs as f64 * p.ns_per_run / 1e9));
    counters(out, "program_measured_seconds", "Run time of the timed runs", seconds)?;
    let missed = own.programs.iter().filter_map(|p| Some((program(&p.program), p.missed?)));
    counters(out, "program_missed_runs", "Runs of a BPF program that the kernel skipped", missed)?;
    let latency = &own.latency;
    out.encode_descriptor(
        "report_latency_seconds",
        "Time from the packet to its event",
        None,
        MetricType::Histogram,
    )?
    .encode_histogram::<NoLabelSet>(latency.sum, latency.count, &latency.classes, None)
}
