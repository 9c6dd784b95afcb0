//! What crosses the boundary between kernel and user space, and only that.
//!
//! Every type is `#[repr(C)]`, made of integers with explicit padding, its size asserted at compile time,
//! so that any bytes of the right length are a valid value on both sides.
#![no_std]

pub mod config;
pub mod event;
pub mod header;
mod list;
pub mod offsets;

pub use event::{HookId, Place, Signal};
pub use header::{ABI_VERSION, EventHeader, Packet};
