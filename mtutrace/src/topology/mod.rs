//! The node: namespaces, devices, routes, and how they hang together.
//!
//! `live` keeps a [`Node`] up to date: it goes into each namespace (`enter`), reads it (`dump`), finds out which device
//! hangs on which (`peers`) and hears of changes (`watch`). The rest is pure and works on any `Node`, also on a
//! recorded one: `lookup` (one namespace's routing), `path` (hop by hop across namespaces), `underlay` (what carries
//! a tunnel), `reach` (who has an
//! address, who is nested in whom), `adopt` (containers in containers) and `hooks` (which devices to trace).
pub mod adopt;
pub mod dump;
pub mod hooks;
pub mod live;
pub mod lookup;
pub mod mismatch;
mod netlink;
pub mod netns_exec;
mod odd_port;
pub mod path;
pub mod peers;
pub mod reach;
pub(crate) mod sockets;
pub mod underlay;
pub mod watch;

pub use adopt::adopt_parents;
pub use hooks::{smallest_limit, wants_hooks};
pub use live::{Changes, Seen, Topology};
pub use mismatch::{mismatch, wrong_tunnel};
pub use odd_port::odd_port;
pub use path::{bottleneck, path};
pub use reach::{inside, is_inside, only_holder, prepare, resolve};
pub use underlay::{Underlay, underlay};
