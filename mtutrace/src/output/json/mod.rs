//! JSON Lines: one object a line, each with `"v":1` and its `"kind"`.
pub(crate) mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;

use mtutrace_common::config::DropCause;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::only::{Kind, Only};
use super::{Context, Item, Output, Totals, TraceStatus};
use crate::kernel::hooks::Status as HookStatus;
use crate::model::{
    AttributedEvent, Container, DeviceCounters, DeviceId, Event, EventKind, LinkKind, NetnsId, Node,
    Outcomes, SignalKind, Tally, Verdict, drop_causes,
};
use crate::telemetry::cost::Cost;

/// Version of the lines' layout.
const VERSION: u32 = 1;

/// Writes JSON Lines.
pub(crate) struct Json<W> {
    out: W,
    only: Only,
}

impl<W: Write> Json<W> {
    /// To this writer, of these kinds.
    pub(crate) fn new(out: W, only: Only) -> Json<W> {
        Json { out, only }
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

    fn report(&mut self, netns: NetnsId, tally: &Tally, context: &Context<'_>) -> io::Result<()> {
        let devices: BTreeSet<&DeviceId> =
            tally.interfaces.keys().chain(tally.kernel.devices.keys()).collect();
        let interfaces = devices.into_iter().map(|device| InterfaceCounters::new(*device, tally, context));
        let body = ReportLine {
            container: tally.container.as_ref(),
            netns: (netns.0 != 0).then_some(netns),
            counters: names(&tally.counters),
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
            Item::Status(status) => self.line(Kind::Status, now, context, StatusLine::new(status, None)),
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
            Item::Report(tallies) => tallies
                .iter()
                .filter(|(_, tally)| tally.changed || tally.kernel.changed)
                .try_for_each(|(netns, tally)| self.report(*netns, tally, context)),
            Item::Verdict(verdict) => self.verdict(verdict, now, context),
            Item::End(verdicts, tallies, status, totals) => {
                tallies.iter().try_for_each(|(netns, tally)| self.report(*netns, tally, context))?;
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
pub(crate) struct EventLine<'a> {
    signal: SignalKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = drop_causes()))]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netns: Option<NetnsId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ifindex: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    egress_interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a Container>,
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    family: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gso_segments: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    hook: &'static str,
}

impl<'a> EventLine<'a> {
    fn new(charged: &'a AttributedEvent, context: &'a Context<'_>) -> EventLine<'a> {
        let event = &charged.event;
        let flow = &event.flow;
        let mut line = EventLine {
            signal: event.kind.signal(),
            cause: event.kind.drop_cause(),
            netns: (event.netns.0 != 0).then_some(event.netns),
            interface: event.device().and_then(|d| context.node.link(d)).map(|l| l.name.as_str()),
            ifindex: (event.ifindex != 0).then_some(event.ifindex),
            egress_interface: event
                .egress_device()
                .and_then(|d| context.node.link(d))
                .map(|l| l.name.as_str()),
            container: charged.container.as_ref(),
            family: if flow.src.is_ipv4() { "ipv4" } else { "ipv6" },
            protocol: (flow.protocol != 0).then(|| protocol(flow.protocol)),
            src: known(flow.src.ip()),
            sport: (flow.src.port() != 0).then_some(flow.src.port()),
            dst: known(flow.dst.ip()),
            dport: (flow.dst.port() != 0).then_some(flow.dst.port()),
            length: (event.length != 0).then_some(event.length),
            gso_segments: event.gso_segments,
            mtu: event.kind.mtu().or_else(|| fragments_for(event, context.node)),
            mss: event.kind.mss(),
            reason: None,
            location: None,
            hook: event.hook.name(),
        };
        match &event.kind {
            // The message quotes a header; that of a super-packet says more than any device carries at once.
            EventKind::IcmpSeen { .. } => {
                line.length = line.length.filter(|l| *l <= largest_mtu(context.node))
            }
            EventKind::Drop { cause, reason, location, .. } => {
                if *cause == DropCause::VethPeer {
                    line.mtu = peer_mtu(event, context.node);
                }
                line.reason =
                    context.kernel_names.reasons.get(reason).filter(|_| *reason != 0).map(String::as_str);
                line.location =
                    context.kernel_names.symbols.as_ref().and_then(|s| s.lookup(*location)).map(place);
            }
            _ => {}
        }
        line
    }
}

/// Hooks without a packet know one end at most.
fn known(ip: IpAddr) -> Option<IpAddr> {
    (!ip.is_unspecified()).then_some(ip)
}

fn largest_mtu(node: &Node) -> u32 {
    let links = node.netns.values().flat_map(|n| n.links.values());
    links.filter(|l| l.kind != LinkKind::Loopback).map(|l| l.mtu).max().unwrap_or(u32::MAX)
}

/// What fragments that pass a device are made for is not known; the device takes them.
fn fragments_for(event: &Event, node: &Node) -> Option<u32> {
    let passes = matches!(event.kind, EventKind::Fragmented { mtu: None });
    Some(node.link(event.device().filter(|_| passes)?)?.mtu)
}

fn peer_mtu(event: &Event, node: &Node) -> Option<u32> {
    Some(node.link(node.link(event.device()?)?.peer?)?.mtu)
}

fn place((symbol, offset): (&str, u64)) -> String {
    format!("{symbol}+{offset:#x}")
}

fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        58 => "icmpv6".to_owned(),
        132 => "sctp".to_owned(),
        _ => number.to_string(),
    }
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
