//! The map as one line of JSON.
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::stats::ScanStats;
use super::tree::{Entry, Tree};
use crate::diagnosis::standing::{EgressPath, Fault};
use crate::model::{Container, Device, Fix, Hop, Learnt, NetnsId, StandingMismatch, Unmodelled};
use crate::telemetry::clock::Clock;
use crate::topology::{Underlay, Unequal};

#[derive(Serialize, JsonSchema)]
pub(crate) struct MapLine<'a> {
    v: u32,
    kind: &'static str,
    #[schemars(extend("format" = "date-time"))]
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<NetnsId>,
    containers: Vec<MapRow<'a>>,
    /// Namespaces other than the host's that have a path out, but no container that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unowned: Vec<MapRow<'a>>,
    /// Of all that is shown, the host too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tunnels: Vec<TunnelRow<'a>>,
    /// What could not be followed there: packets may go another way than the paths say.
    #[serde(skip_serializing_if = "<[Unmodelled]>::is_empty")]
    unmodelled: &'a [Unmodelled],
    mismatches: usize,
    /// The mismatches by cause, the worst first: whom each concerns, and its fix.
    #[serde(skip_serializing_if = "<[StandingMismatch]>::is_empty")]
    causes: &'a [StandingMismatch],
    /// The inode of the pid namespace whose processes are all that is seen; absent if it is the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid_namespace: Option<u64>,
    namespaces: usize,
    unreadable_namespaces: usize,
    took_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
}

/// A container, or a namespace without one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MapRow")]
struct MapRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a Container>,
    netns: NetnsId,
    /// Under /run/netns.
    #[serde(skip_serializing_if = "Option::is_none")]
    netns_name: Option<&'a str>,
    /// Where the namespace is mounted, if nothing else holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    netns_path: Option<&'a str>,
    /// A process in it, if no container is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// What that process runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    paths: Vec<PathRow<'a>>,
    /// Other ways out than the default one, by a route or rule of this namespace or of one that its packets pass; the
    /// narrowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_paths: Vec<PathRow<'a>>,
    /// Devices that face each other with different MTUs: the ends of veths, bridges and their ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unequal: Vec<UnequalRow>,
    /// Rules of policy routing that the paths do not follow.
    #[serde(skip_serializing_if = "is_none")]
    rules_not_followed: usize,
    /// Routes that were too many to read, or more.
    #[serde(skip_serializing_if = "is_none")]
    routes_not_read: usize,
    /// Path MTUs that the kernel of the container has learnt by ICMP, the smallest first; 256 at most.
    #[serde(skip_serializing_if = "<[Learnt]>::is_empty")]
    learnt: &'a [Learnt],
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<MismatchRow<'a>>,
    /// What else is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_mismatches: Vec<MismatchRow<'a>>,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Path")]
struct PathRow<'a> {
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    family: &'static str,
    /// Networks that it leads to, the first 16; absent for the default path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    destinations: Vec<String>,
    /// How many more.
    #[serde(skip_serializing_if = "is_none")]
    more_destinations: usize,
    hops: &'a [Hop],
    mtu: u32,
    /// The narrowest of several next hops.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    multipath: bool,
    /// The MSS that the container's own route says to announce.
    #[serde(skip_serializing_if = "Option::is_none")]
    advmss: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Unequal")]
struct UnequalRow {
    wide: Device,
    narrow: Device,
}

impl UnequalRow {
    fn new(pair: &Unequal) -> UnequalRow {
        UnequalRow { wide: pair.wide.device(), narrow: pair.narrow.device() }
    }
}

#[derive(Serialize, JsonSchema)]
struct MismatchRow<'a> {
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    family: &'static str,
    /// Networks for which it matters, the first 16; absent if it is on the default path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    destinations: Vec<String>,
    culprit: Device,
    bottleneck: Device,
    fix: &'a [Fix],
}

#[derive(Serialize, JsonSchema)]
struct TunnelRow<'a> {
    #[serde(flatten)]
    tunnel: &'a Hop,
    /// Bytes that it puts around a packet.
    overhead: u32,
    underlay: Device,
    /// The path MTU that limits the underlay, if the kernel has learnt one towards another end of the tunnel.
    #[serde(skip_serializing_if = "Option::is_none")]
    learnt: Option<Learnt>,
    /// The largest packet for which the underlay has room, bytes at L3.
    fits: u32,
    /// Whether its MTU should be that number.
    wrong: bool,
    #[serde(skip_serializing_if = "<[Fix]>::is_empty")]
    fix: &'a [Fix],
}

impl<'a> TunnelRow<'a> {
    fn new(entry: &'a Entry<'a>, below: &'a Underlay) -> TunnelRow<'a> {
        let Underlay { tunnel, device, overhead, fits, wrong, learnt, .. } = below;
        let fix = if *wrong { entry.network.tunnel_fixes.as_slice() } else { &[] };
        TunnelRow {
            tunnel,
            overhead: *overhead,
            underlay: device.device(),
            learnt: *learnt,
            fits: *fits,
            wrong: *wrong,
            fix,
        }
    }
}

impl<'a> MapRow<'a> {
    fn new(entry: &'a Entry<'a>, container: Option<&'a Container>) -> MapRow<'a> {
        let mut mismatches = entry.network.faults.iter().map(MismatchRow::new);
        let mismatch = mismatches.next();
        MapRow {
            container,
            netns: entry.netns,
            netns_name: entry.known.name.as_deref(),
            netns_path: entry.known.mount.as_deref(),
            pid: entry.known.pid.filter(|_| container.is_none()),
            command: entry.known.command.as_deref().filter(|_| container.is_none()),
            paths: entry.network.paths.iter().map(PathRow::new).collect(),
            other_paths: entry.network.others.iter().map(PathRow::new).collect(),
            unequal: entry.network.unequal.iter().map(UnequalRow::new).collect(),
            rules_not_followed: entry.rules,
            routes_not_read: entry.routes_cut,
            learnt: entry.learnt,
            mismatch,
            other_mismatches: mismatches.collect(),
        }
    }
}

impl<'a> PathRow<'a> {
    fn new(path: &'a EgressPath) -> PathRow<'a> {
        let EgressPath { family, mtu, several, advmss, more, .. } = *path;
        let destinations = path.destinations();
        PathRow {
            family,
            destinations,
            more_destinations: more,
            hops: &path.hops,
            mtu,
            multipath: several,
            advmss,
        }
    }
}

impl<'a> MismatchRow<'a> {
    fn new(fault: &'a Fault) -> MismatchRow<'a> {
        MismatchRow {
            family: fault.path.family,
            destinations: fault.path.destinations(),
            culprit: fault.mismatch.culprit.device(),
            bottleneck: fault.mismatch.bottleneck.device(),
            fix: &fault.fixes,
        }
    }
}

/// Writes the line.
pub(super) fn write(out: &mut impl Write, tree: &Tree<'_>, stats: &ScanStats) -> io::Result<()> {
    let clock = Clock::new();
    let owned =
        tree.chosen().flat_map(|entry| entry.containers.iter().map(move |c| MapRow::new(entry, Some(*c))));
    let others = tree.chosen().filter(|entry| entry.containers.is_empty() && entry.netns != tree.host);
    let tunnels =
        tree.chosen().flat_map(|e| e.network.tunnels.iter().map(move |below| TunnelRow::new(e, below)));
    let line = MapLine {
        v: 1,
        kind: "map",
        time: clock.rfc3339(clock.now_ns()),
        host: (tree.host != NetnsId::default()).then_some(tree.host),
        containers: owned.collect(),
        unowned: others.map(|entry| MapRow::new(entry, None)).collect(),
        tunnels: tunnels.collect(),
        unmodelled: &tree.unmodelled,
        mismatches: tree.mismatches(),
        causes: &tree.problems,
        pid_namespace: stats.pid_namespace,
        namespaces: stats.namespaces,
        unreadable_namespaces: stats.unreadable,
        took_ms: u64::try_from(stats.took.as_millis()).unwrap_or(u64::MAX),
        memory_bytes: stats.memory,
    };
    crate::output::json::line::write(out, &line)?;
    writeln!(out)
}

#[cfg(test)]
mod tests;
