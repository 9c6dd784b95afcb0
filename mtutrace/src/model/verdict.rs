//! The answer: what is wrong, for whom, which number, and what fixes it.
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::container::Container;
use super::device::{DeviceId, Link, LinkKind};
use super::facts::Facts;
use super::netns::NetnsId;
use super::verdict_id::VerdictId;

/// Kinds of verdict, of one cause: each is worse than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerdictKind {
    /// Its datagrams are cut into fragments on the way; all of them arrive.
    Fragmentation,
    /// The container's SYNs promise segments that its path cannot carry; nothing has died yet.
    MssExceedsPath,
    /// The container's MTU is larger than its path's; packets die, but the senders are told and adapt.
    MtuMismatch,
    /// The same, and nobody tells the sender: traffic is stalled.
    PmtuBlackhole,
    /// A tunnel's MTU and its headers are more than its underlay carries: packets are cut or die there.
    TunnelOverhead,
    /// Two devices that face each other differ, and the kernel drops between them without a word.
    SilentL2Drop,
    /// Fragments die on the way, and with them the datagrams that they belong to.
    FragmentsLost,
    /// What is too big dies beyond this node, and nobody tells the sender.
    RemoteBlackholeSuspected,
    /// Large packets arrive and are thrown away for their checksum: no MTU is wrong.
    ChecksumErrors,
}

impl VerdictKind {
    /// All of them, in the order in which people are told of them.
    pub(crate) const ALL: [VerdictKind; 9] = [
        VerdictKind::PmtuBlackhole,
        VerdictKind::MtuMismatch,
        VerdictKind::MssExceedsPath,
        VerdictKind::Fragmentation,
        VerdictKind::TunnelOverhead,
        VerdictKind::SilentL2Drop,
        VerdictKind::FragmentsLost,
        VerdictKind::RemoteBlackholeSuspected,
        VerdictKind::ChecksumErrors,
    ];

    /// What is wrong, in words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            VerdictKind::Fragmentation => "fragmentation",
            VerdictKind::FragmentsLost => "fragments lost",
            VerdictKind::RemoteBlackholeSuspected => "remote black hole suspected",
            VerdictKind::ChecksumErrors => "checksum errors, not an MTU problem",
            VerdictKind::MssExceedsPath => "MSS exceeds the path",
            VerdictKind::MtuMismatch => "MTU mismatch",
            VerdictKind::PmtuBlackhole => "PMTU black hole",
            VerdictKind::TunnelOverhead => "tunnel overhead",
            VerdictKind::SilentL2Drop => "silent drop between devices",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Nothing to do.
    Info,
    /// It works, slowly, or will stall.
    Warning,
    /// Traffic is stalled.
    Critical,
}

impl Severity {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        }
    }
}

/// A device in a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub(crate) struct Device {
    /// Name.
    pub(crate) interface: String,
    /// Namespace.
    pub(crate) netns: NetnsId,
    /// MTU, bytes at L3.
    pub(crate) mtu: u32,
}

/// What sets the limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Bottleneck {
    /// A device of this node.
    Device(Device),
    /// A router beyond this node, which announced it by ICMP.
    Router {
        /// Who says so.
        address: IpAddr,
        /// What it carries, bytes at L3.
        mtu: u32,
        /// The device of this node by which its message came: the router lies beyond it.
        #[serde(flatten)]
        beyond: Option<Beyond>,
    },
}

/// A device of this node, beyond which something lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub(crate) struct Beyond {
    /// Name.
    pub(crate) interface: String,
    /// Namespace.
    pub(crate) netns: NetnsId,
}

impl Bottleneck {
    /// Bytes at L3.
    pub(crate) fn mtu(&self) -> u32 {
        match self {
            Bottleneck::Device(Device { mtu, .. }) | Bottleneck::Router { mtu, .. } => *mtu,
        }
    }

    /// The device, if it is one of this node.
    pub(crate) fn device(&self) -> Option<&Device> {
        if let Bottleneck::Device(device) = self { Some(device) } else { None }
    }
}

/// A device on the way from the container outwards.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub(crate) struct Hop {
    /// Name.
    pub(crate) interface: String,
    /// Namespace.
    pub(crate) netns: NetnsId,
    /// MTU, bytes at L3; the route's `mtu` attribute where that is smaller than the device's.
    pub(crate) mtu: u32,
    /// Kind.
    pub(crate) kind: LinkKind,
    /// Its index, to find it again in the topology.
    #[serde(skip)]
    pub(crate) ifindex: u32,
}

impl Hop {
    /// A device as it is, without regard to a route.
    pub(crate) fn new(device: DeviceId, link: &Link) -> Hop {
        Hop {
            interface: link.name.clone(),
            netns: device.netns,
            mtu: link.mtu,
            kind: link.kind,
            ifindex: device.ifindex,
        }
    }

    /// The device of this hop.
    pub(crate) fn id(&self) -> DeviceId {
        DeviceId { netns: self.netns, ifindex: self.ifindex }
    }

    /// As a device of a verdict.
    pub(crate) fn device(&self) -> Device {
        Device { interface: self.interface.clone(), netns: self.netns, mtu: self.mtu }
    }
}

/// Why a verdict is not active any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    /// The numbers fit now.
    Fixed,
    /// The container is gone; the next one on that network will have the same trouble.
    Gone,
    /// It has not been seen for a while.
    Quiet,
    /// Another verdict about the same cause has taken its place.
    Replaced,
}

/// What a remedy's command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FixType {
    /// A command that a shell takes as it is.
    Shell,
    /// A setting for a file or a service.
    Config,
}

/// How long a remedy lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FixScope {
    /// It works at once and is lost when the container, tunnel or network is recreated.
    Now,
    /// It lasts.
    Permanent,
}

/// One remedy: where to do what, and the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Fix {
    /// On which machine, in which container or file.
    pub(crate) r#where: String,
    /// What it changes.
    pub(crate) what: String,
    /// Complete command or setting.
    pub(crate) command: String,
    /// Which of the two it is.
    pub(crate) r#type: FixType,
    /// How long it lasts.
    pub(crate) scope: FixScope,
    /// Its place among those of its scope: 1 is the one to take.
    pub(crate) rank: u32,
    /// The command that takes it back, of what works at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<String>,
}

impl Fix {
    /// Of remedies, which stand in the order of their ranks, the one of a scope to take.
    pub(crate) fn best(fixes: &[Fix], scope: FixScope) -> Option<&Fix> {
        fixes.iter().find(|fix| fix.scope == scope)
    }
}

/// A cause that is established.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Verdict {
    /// Stable over the verdict's life, also when its kind or severity changes: 16 hex digits.
    pub(crate) id: VerdictId,
    /// When it was first given, CLOCK_MONOTONIC nanoseconds; outputs write it as a time of day.
    #[serde(skip)]
    pub(crate) since_ns: u64,
    /// The verdict that it grew out of, which has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<VerdictId>,
    /// What is wrong.
    #[serde(rename = "verdict")]
    pub(crate) kind: VerdictKind,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// False once the cause is gone.
    pub(crate) active: bool,
    /// Why it is not active any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
    /// The innermost container that suffers; absent when the namespace belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// The device whose number is wrong; absent where none is on this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) culprit: Option<Device>,
    /// What sets the limit; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bottleneck: Option<Bottleneck>,
    /// From the container to the bottleneck and on, container first.
    pub(crate) path: Vec<Hop>,
    /// One sentence that a person can act on.
    pub(crate) summary: String,
    /// Sentences with figures.
    pub(crate) evidence: Vec<String>,
    /// The same as numbers.
    pub(crate) facts: Facts,
    /// The first is the right one for how this container was made.
    pub(crate) fix: Vec<Fix>,
}
