//! JSON Lines: one object a line, each with `"v":1` and its `"kind"`.
mod event;
pub(crate) mod line;
mod names;

mod standing;

pub(crate) use names::protocol;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::delta::Deltas;
use super::only::{Kind, Only};
use super::{Context, Item, Output, Totals, TraceStatus};
use crate::kernel::hooks::Status as HookStatus;
use crate::model::{
    Container, DeviceCounters, DeviceId, NetnsId, Outcomes, SignalKind, StandingMismatch, Tally, Verdict,
};
use crate::telemetry::cost::Cost;
pub(crate) use event::EventLine;
use standing::Standing;

/// Version of the lines' layout.
const VERSION: u32 = 1;

/// What each namespace's counters have grown by, and since when, milliseconds.
type Step = (HashMap<NetnsId, BTreeMap<SignalKind, u64>>, Option<u64>);

/// Writes JSON Lines.
pub(crate) struct Json<W> {
    out: W,
    only: Only,
    deltas: Deltas,
    /// To be told in the next `status`.
    standing: Option<Vec<StandingMismatch>>,
}

impl<W: Write> Json<W> {
    /// To this writer, of these kinds.
    pub(crate) fn new(out: W, only: Only) -> Json<W> {
        Json { out, only, deltas: Deltas::default(), standing: None }
    }

    fn line<T: Serialize>(
        &mut self,
        of: Kind,
        time_ns: u64,
        context: &Context<'_>,
        body: T,
    ) -> io::Result<()> {
        if !self.only.has(of) {
            return Ok(());
        }
        let kind = of.name();
        let line = Line { v: VERSION, kind, time: context.clock.rfc3339(time_ns), body };
        line::write(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn verdict(&mut self, verdict: &Verdict, now_ns: u64, context: &Context<'_>) -> io::Result<()> {
        let since = context.clock.rfc3339(verdict.since_ns);
        self.line(Kind::Verdict, now_ns, context, VerdictLine { since, verdict })
    }

    fn report(
        &mut self,
        netns: NetnsId,
        tally: &Tally,
        step: &Step,
        context: &Context<'_>,
    ) -> io::Result<()> {
        let devices: BTreeSet<&DeviceId> =
            tally.interfaces.keys().chain(tally.kernel.devices.keys()).collect();
        let interfaces = devices.into_iter().map(|device| InterfaceCounters::new(*device, tally, context));
        let body = ReportLine {
            container: tally.container.as_ref(),
            netns: (netns.0 != 0).then_some(netns),
            counters: names(&tally.counters),
            delta: step.0.get(&netns).map(names).unwrap_or_default(),
            interval_ms: step.1,
            causes: tally.causes.clone(),
            interfaces: interfaces.collect(),
            kernel: tally.kernel.counters.moved(),
        };
        self.line(Kind::Report, context.clock.now_ns(), context, body)
    }
}

impl<W: Write> Output for Json<W> {
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        let now = context.clock.now_ns();
        match item {
            Item::Starting { .. } => Ok(()),
            Item::Standing(mismatches) => {
                self.standing = Some(mismatches.to_vec());
                Ok(())
            }
            Item::Status(status) => {
                let told = self.standing.take();
                let standing = Standing::new(told.as_deref(), status);
                self.line(
                    Kind::Status,
                    now,
                    context,
                    StatusLine { standing, ..StatusLine::new(status, None) },
                )
            }
            Item::Lost(status, losses) => {
                let line = StatusLine {
                    lost: Some(losses.events),
                    unwritten_lines: losses.lines,
                    rate_limited_lines: losses.limited,
                    ..StatusLine::new(status, None)
                };
                self.line(Kind::Status, now, context, line)
            }
            Item::Event(event) => {
                self.line(Kind::Event, event.event.time_ns, context, EventLine::new(event, context))
            }
            Item::Report(tallies) => {
                let step = self.deltas.take(tallies, now);
                let moved = tallies.iter().filter(|(_, tally)| tally.changed || tally.kernel.changed);
                moved.into_iter().try_for_each(|(netns, tally)| self.report(*netns, tally, &step, context))
            }
            Item::Verdict(verdict) => self.verdict(verdict, now, context),
            Item::End(verdicts, tallies, status, totals) => {
                let step = self.deltas.take(tallies, now);
                tallies.iter().try_for_each(|(netns, tally)| self.report(*netns, tally, &step, context))?;
                verdicts.iter().try_for_each(|v| self.verdict(v, now, context))?;
                self.line(Kind::Status, now, context, StatusLine::new(status, Some(totals)))
            }
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Line<T> {
    v: u32,
    kind: &'static str,
    #[schemars(extend("format" = "date-time"))]
    time: String,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct VerdictLine<'a> {
    /// When it was first given.
    #[schemars(extend("format" = "date-time"))]
    since: String,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct StatusLine<'a> {
    hooks: &'a [HookStatus],
    interfaces: usize,
    namespaces: usize,
    containers: usize,
    #[serde(skip_serializing_if = "is_zero")]
    unreadable_namespaces: usize,
    #[serde(skip_serializing_if = "is_zero")]
    refused_interfaces: usize,
    /// Ids of other containers that containers give to what they run: not believed.
    #[serde(skip_serializing_if = "is_zero")]
    claimed_ids: usize,
    /// Namespaces that have more devices, addresses, rules or routes than are read.
    #[serde(skip_serializing_if = "is_zero")]
    cut_namespaces: usize,
    #[serde(flatten)]
    standing: Standing<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
    /// Lines that were left out because stdout was not read.
    #[serde(skip_serializing_if = "no_lines")]
    unwritten_lines: u64,
    /// Lines that were left out because of `--rate-limit`.
    #[serde(skip_serializing_if = "no_lines")]
    rate_limited_lines: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<BTreeMap<&'static str, u64>>,
    /// Of those, by signal, what was not sent because its source had sent enough; the device's other sources had room.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<BTreeMap<&'static str, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecodable: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcomes: Option<&'a Outcomes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disagreements: Option<u64>,
    /// Events of packets that bore the address of another than the container that sent them: nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    forged: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a Cost>,
}

impl<'a> StatusLine<'a> {
    fn new(status: &'a TraceStatus, totals: Option<&'a Totals>) -> StatusLine<'a> {
        StatusLine {
            hooks: &status.hooks,
            interfaces: status.interfaces,
            namespaces: status.namespaces,
            containers: status.containers,
            unreadable_namespaces: status.unreadable,
            refused_interfaces: status.refused,
            claimed_ids: status.claimed,
            cut_namespaces: status.cut,
            standing: Standing::new(totals.map(|t| t.standing.as_slice()), status),
            events: totals.map(|t| t.events),
            lost: totals.map(|t| t.records.lost),
            unwritten_lines: totals.map_or(0, |t| t.unwritten),
            rate_limited_lines: totals.map_or(0, |t| t.limited),
            missed: totals.and_then(|t| t.missed),
            records: totals.map(|t| t.records.names()),
            left_out: totals.map(|t| t.records.left_out_names()),
            decoded: totals.map(|t| t.decoded),
            undecodable: totals.map(|t| t.undecodable),
            outcomes: totals.map(|t| &t.outcomes),
            disagreements: totals.map(|t| t.disagreements),
            forged: totals.map(|t| t.forged),
            duration_ms: totals.map(|t| t.duration_ms),
            cost: totals.map(|t| &t.cost),
        }
    }
}

// serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

// The same.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn no_lines(n: &u64) -> bool {
    *n == 0
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ReportLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a Container>,
    /// Absent for what could not be attributed to anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    netns: Option<NetnsId>,
    #[schemars(schema_with = "by_signal")]
    counters: BTreeMap<&'static str, u64>,
    /// What they have grown by since the last report.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "by_signal")]
    delta: BTreeMap<&'static str, u64>,
    /// How long ago that was; absent in the first report.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
    /// Of drops, how many by cause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    causes: BTreeMap<&'static str, u64>,
    interfaces: Vec<InterfaceCounters<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    kernel: BTreeMap<&'static str, u64>,
}

#[derive(Serialize, JsonSchema)]
struct InterfaceCounters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    netns: NetnsId,
    ifindex: u32,
    #[schemars(schema_with = "by_signal")]
    counters: BTreeMap<&'static str, u64>,
    /// Of the device, whoever's packets they were.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    kernel: BTreeMap<&'static str, u64>,
}

impl<'a> InterfaceCounters<'a> {
    fn new(device: DeviceId, tally: &Tally, context: &'a Context<'_>) -> Self {
        InterfaceCounters {
            interface: context.node.link(device).map(|l| l.name.as_str()),
            netns: device.netns,
            ifindex: device.ifindex,
            counters: tally.interfaces.get(&device).map(names).unwrap_or_default(),
            kernel: tally.kernel.devices.get(&device).map(DeviceCounters::moved).unwrap_or_default(),
        }
    }
}

/// Signals and how many there were.
fn by_signal(generator: &mut SchemaGenerator) -> Schema {
    let signal = generator.subschema_for::<SignalKind>();
    let count = json_schema!({ "type": "integer", "minimum": 1 });
    json_schema!({ "type": "object", "propertyNames": signal, "additionalProperties": count })
}

fn names(counters: &BTreeMap<SignalKind, u64>) -> BTreeMap<&'static str, u64> {
    counters.iter().map(|(signal, n)| (signal.name(), *n)).collect()
}

#[cfg(test)]
mod tests;
