//! Domain types. No I/O, and no other module is used.
pub(crate) mod attributed;
pub(crate) mod container;
pub(crate) mod counters;
pub(crate) mod describe;
pub(crate) mod device;
pub(crate) mod event;
pub(crate) mod facts;
pub(crate) mod harmless;
pub(crate) mod mismatch;
pub(crate) mod namespace;
pub(crate) mod namespaces;
pub(crate) mod nat;
pub(crate) mod netns;
pub(crate) mod node;
pub(crate) mod outcomes;
pub(crate) mod remotes;
pub(crate) mod rule;
pub(crate) mod setup;
pub(crate) mod socket;
pub(crate) mod tunnel;
pub(crate) mod unmodelled;
pub(crate) mod verdict;
pub(crate) mod verdict_id;

pub(crate) use attributed::AttributedEvent;
pub(crate) use container::{Container, Pod, Runtime};
pub(crate) use counters::{DeviceCounters, KernelTally, SnmpCounters, Tally};
pub(crate) use device::{Address, DeviceId, Learnt, Link, LinkKind, Route};
pub(crate) use event::{Event, EventKind, Flow, SignalKind, drop_causes};
pub(crate) use facts::{Fact, Facts, facts};
pub(crate) use mismatch::Mismatch;
pub(crate) use namespace::Netns;
pub(crate) use namespaces::Index;
pub(crate) use nat::NatQuery;
pub(crate) use netns::{NetnsId, NetnsKey};
pub(crate) use node::Node;
pub(crate) use outcomes::Outcomes;
pub(crate) use remotes::Remotes;
pub(crate) use rule::{Action, Rule};
pub(crate) use setup::{Ci, Compose, Network, Setup};
pub(crate) use socket::{SocketId, TcpInfo};
pub(crate) use tunnel::{Tunnel, TunnelEnd};
pub(crate) use unmodelled::{TcAction, TcFilter, Unmodelled, UnmodelledKind};
pub(crate) use verdict::{
    Beyond, Bottleneck, Device, Ended, Fix, FixScope, FixType, Hop, Severity, Verdict, VerdictKind,
};
pub(crate) use verdict_id::VerdictId;
