//! What the model of the node could not follow.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::netns::NetnsId;

/// Why packets may go another way than the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnmodelledKind {
    /// A rule of policy routing that wants a mark or something else that ordinary packets do not have.
    Rule,
    /// Routes that were too many to read or to judge.
    Routes,
    /// Devices, addresses or rules that were too many to read.
    Table,
    /// Ports of a switch whose tables the kernel does not tell by rtnetlink: Open vSwitch.
    Switch,
    /// A filter of TC, eBPF or one that redirects.
    Tc,
    /// An XDP program.
    Xdp,
    /// Other ends of a tunnel that were too many to look at.
    Tunnel,
    /// An address that another namespace beside this one sends from.
    Address,
    /// A namespace that could not be entered or read.
    Namespace,
}

/// One thing that was not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Unmodelled {
    /// Where it is.
    pub(crate) netns: NetnsId,
    /// Its kind.
    #[serde(rename = "reason")]
    pub(crate) kind: UnmodelledKind,
    /// A sentence's worth of it. Names in it come from outside: escape it.
    pub(crate) what: String,
}

/// A TC filter that may send packets elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TcFilter {
    /// The device that it is on.
    pub(crate) ifindex: u32,
    /// An eBPF program by its name; the device that it redirects to otherwise.
    pub(crate) does: TcAction,
}

/// What such a filter does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum TcAction {
    /// Runs an eBPF program of this name.
    Program(String),
    /// Redirects to the device of this index (`act_mirred`).
    Redirect(u32),
}
