//! Domain types, free of I/O.

pub mod container;
pub mod device;
pub mod event;
pub mod rule;
pub mod setup;
pub mod tunnel;
pub mod verdict;

pub use container::{Container, Pod, Runtime};
pub use device::{Address, DeviceId, Learnt, Link, LinkKind, NetnsId, Route};
pub use event::{Event, EventKind, Flow, SignalKind};
pub use rule::{Action, Rule};
pub use setup::{Ci, Compose, Network, Setup};
pub use tunnel::Tunnel;
pub use verdict::{Device, Ended, Fix, Hop, Severity, Verdict, VerdictKind};
