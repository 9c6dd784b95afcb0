//! One cause of too-big packets at a time: so many packets, so many counts of the kernel, so many events.

mod expect;
mod moved;
mod numbers;
mod record;
mod sight;
mod watch;

pub use expect::{Count, Expected};
pub use moved::{Moving, await_count};
pub use numbers::{packets, small_mtu};
pub(crate) use record::line;
pub use record::record;
pub use watch::Watch;
