//! The node: namespaces, devices, routes, and how they hang together.
//!
//! `live` keeps a [`crate::model::Node`] up to date: it goes into each namespace (`enter`), reads it (`dump`), finds out which device
//! hangs on which (`peers`) and hears of changes (`watch`). The rest is pure and works on any `Node`, also on a
//! recorded one: `lookup` (one namespace's routing), `path` (hop by hop across namespaces), `exits` (the distinct ways out),
//! `underlay` (what carries a tunnel), `unequal` (devices that face each other), `reach` (who has an
//! address, who is nested in whom), `adopt` (containers in containers) and `hooks` (which devices to trace).
pub(crate) mod adopt;
pub(crate) mod ctnetlink;
pub(crate) mod dump;
pub(crate) mod exits;
mod far_end;
pub(crate) mod hooks;
mod kept;
pub(crate) mod live;
pub(crate) mod lookup;
pub(crate) mod mismatch;
mod netlink;
pub(crate) mod netns_exec;
mod odd_port;
pub(crate) mod path;
pub(crate) mod peers;
pub(crate) mod reach;
pub(crate) mod sockets;
pub(crate) mod underlay;
pub(crate) mod unequal;
mod unmodelled;
pub(crate) mod watch;

pub(crate) use exits::Exits;
pub(crate) use hooks::{sees_egress, smallest_limit};
pub(crate) use live::{FoundNetns, Topology};
pub(crate) use mismatch::{mismatch, wrong_tunnel};
pub(crate) use odd_port::odd_port;
pub(crate) use path::{bottleneck, path};
pub(crate) use reach::{inside, is_inside, only_holder, prepare, resolve};
pub(crate) use underlay::{Underlay, underlay};
pub(crate) use unequal::{Unequal, unequal};
pub(crate) use unmodelled::unmodelled;
