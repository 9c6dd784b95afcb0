//! What a report says, as plain data.
use std::collections::BTreeMap;

use serde::Serialize;

use crate::kernel::counters::Records;
use crate::kernel::hooks;
use crate::model::{Container, NetnsId, Severity, SignalKind, StandingMismatch, Verdict};

/// A report. Times are RFC 3339 with nanoseconds, UTC.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Incident {
    /// Version of this form.
    pub(crate) v: u32,
    /// `incident_report`.
    pub(crate) kind: &'static str,
    /// Where it happened.
    pub(crate) machine: Machine,
    /// When it begins.
    pub(crate) start: String,
    /// When it ends.
    pub(crate) end: String,
    /// How long it is, milliseconds.
    pub(crate) duration_ms: u64,
    /// It in one sentence.
    pub(crate) headline: String,
    /// How bad the worst of it is; absent if nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<Severity>,
    /// Whether there was a verdict worse than info, or an MTU that does not fit.
    pub(crate) problem: bool,
    /// Whether nothing was found and nothing was missed: only then all is well.
    pub(crate) proven: bool,
    /// Why that nothing was found proves nothing, or would, in sentences.
    pub(crate) doubts: Vec<String>,
    /// What of that was lost on the way, or was not there yet.
    #[serde(skip)]
    pub(crate) losses: Vec<String>,
    /// Verdicts, the worst first; those that gave way to another are a part of its history.
    pub(crate) verdicts: Vec<Story>,
    /// MTUs that do not fit as the node stood at the end.
    pub(crate) standing: Vec<StandingMismatch>,
    /// Events by time.
    pub(crate) timeline: Timeline,
    /// Lengths of packets, L3 bytes, and how many events there were about packets of each.
    pub(crate) sizes: BTreeMap<u32, u64>,
    /// Events about packets of further lengths, which are not among them.
    pub(crate) sizes_left_out: u64,
    /// MTUs that stand in the way of the worst verdict, or that packets met.
    pub(crate) limits: Vec<u32>,
    /// Flows, those with the most events first.
    pub(crate) flows: Vec<FlowRow>,
    /// Flows that are not among them.
    pub(crate) flows_left_out: u64,
    /// Counters by container, those with the most events first.
    pub(crate) containers: Vec<ContainerRow>,
    /// Containers that are not among them.
    pub(crate) containers_left_out: u64,
    /// The devices of each container on its way out as they were last seen: whether an MTU is right now is read here.
    pub(crate) paths: Vec<ContainerPath>,
    /// What led to no verdict, in sentences.
    pub(crate) notes: Vec<String>,
    /// What could not be seen, in sentences.
    pub(crate) unseen: Vec<String>,
    /// Each hook's outcome.
    pub(crate) hooks: Vec<hooks::Status>,
    /// Events reported.
    pub(crate) events: u64,
    /// Records of the kernel side, by what became of them.
    pub(crate) records: Records,
}

/// Where it happened.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Machine {
    /// Its name.
    pub(crate) host: String,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The mtutrace that saw it.
    pub(crate) mtutrace: String,
    /// Whether addresses and names are others than they were.
    pub(crate) anonymized: bool,
}

/// A verdict and what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Story {
    /// As it was told last.
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// When it was first given.
    pub(crate) since: String,
    /// Whose each namespace of the path is, for people; what comes from outside is in it.
    pub(crate) owners: BTreeMap<NetnsId, String>,
    /// What changed, in order.
    pub(crate) history: Vec<Change>,
}

/// A change of a verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Change {
    /// When.
    pub(crate) time: String,
    /// Milliseconds after the beginning of the report.
    pub(crate) at_ms: u64,
    /// What.
    pub(crate) what: String,
}

/// Events by time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Timeline {
    /// Milliseconds of each of its parts.
    pub(crate) step_ms: u64,
    /// Events in each part, by signal.
    pub(crate) series: BTreeMap<SignalKind, Vec<u64>>,
}

/// A flow.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlowRow {
    /// IP protocol.
    pub(crate) protocol: String,
    /// Source, with its port.
    pub(crate) src: String,
    /// Destination, with its port.
    pub(crate) dst: String,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// Events by signal.
    pub(crate) counters: BTreeMap<SignalKind, u64>,
    /// Its largest packet, L3 bytes.
    pub(crate) largest: u32,
    /// The smallest limit that it met, L3 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
}

/// The devices on a container's way out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ContainerPath {
    /// The container's name, else its pod, else its id.
    pub(crate) who: String,
    /// Whether a TCP connection of its own was seen to be answered: where all is well, nothing else says that it was there.
    pub(crate) connected: bool,
    /// Names and MTUs, its own first.
    pub(crate) devices: Vec<(String, u32)>,
}

/// Counters of a container, or of the host.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ContainerRow {
    /// Who, for people.
    pub(crate) name: String,
    /// The container; absent for the host and for bare namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// Events by signal.
    pub(crate) counters: BTreeMap<SignalKind, u64>,
}

/// Verdicts that a page tells in full, the worst; the others get a line each.
pub(crate) const FULL: usize = 50;

impl Story {
    /// It in one line.
    pub(crate) fn line(&self) -> String {
        let v = &self.verdict;
        let state = if v.ended.is_some() { "over" } else { "active" };
        format!("{}: {} ({state}): {}", v.severity.word(), v.kind.title(), v.summary)
    }

    /// Whose a namespace of its path is, for people.
    pub(crate) fn owner(&self, netns: NetnsId) -> String {
        self.owners.get(&netns).cloned().unwrap_or_else(|| format!("netns {netns}"))
    }
}

impl Incident {
    /// Mismatches that no verdict is about.
    pub(crate) fn untold(&self) -> Vec<&StandingMismatch> {
        let told = |mismatch: &&StandingMismatch| {
            let about = |story: &Story| story.verdict.culprit.as_ref().is_some_and(|c| mismatch.is_about(c));
            self.verdicts.iter().any(about)
        };
        self.standing.iter().filter(|mismatch| !told(mismatch)).collect()
    }

    /// Packets of a container, by [`known_by`], that died of their size.
    pub(crate) fn drops_of(&self, who: &str) -> u64 {
        let rows =
            self.containers.iter().filter(|row| row.container.as_ref().is_some_and(|c| known_by(c) == who));
        let dead = [SignalKind::Drop, SignalKind::FragFailed];
        rows.flat_map(|row| dead.iter().filter_map(|signal| row.counters.get(signal))).sum()
    }

    /// Events with this signal.
    pub(crate) fn count(&self, signal: SignalKind) -> u64 {
        self.timeline.series.get(&signal).map_or(0, |steps| steps.iter().sum())
    }
}

/// What a container is known by in another run: its name, else its pod, else its id. Ids are new after a restart.
pub(crate) fn known_by(container: &Container) -> String {
    let pod = container.pod.as_ref().and_then(|pod| pod.namespace.as_deref().zip(pod.name.as_deref()));
    let pod = pod.map(|(namespace, name)| format!("{namespace}/{name}"));
    container.name.clone().or(pod).unwrap_or_else(|| container.id.clone())
}
