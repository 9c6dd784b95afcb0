//! Domain types. No I/O, and no other module is used.
pub mod attributed;
pub mod container;
pub mod counters;
pub mod describe;
pub mod device;
pub mod event;
pub mod mismatch;
pub mod netns;
pub mod node;
pub mod rule;
pub mod setup;
pub mod socket;
pub mod tunnel;
pub mod verdict;

pub use attributed::AttributedEvent;
pub use container::{Container, Pod, Runtime};
pub use counters::{DeviceCounters, KernelTally, SnmpCounters, Tally};
pub use device::{Address, DeviceId, Learnt, Link, LinkKind, Route};
pub use event::{Event, EventKind, Flow, SignalKind, drop_causes};
pub use mismatch::Mismatch;
pub use netns::{NetnsId, NetnsKey};
pub use node::{Netns, Node};
pub use rule::{Action, Rule};
pub use setup::{Ci, Compose, Network, Setup};
pub use socket::{SocketId, TcpInfo};
pub use tunnel::Tunnel;
pub use verdict::{Device, Ended, Fix, Hop, Severity, Verdict, VerdictKind};
