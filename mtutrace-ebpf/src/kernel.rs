//! Kernel structs, by the names that the kernel gives their fields. Offsets come from the running kernel's BTF at load time.

#[macro_use]
mod loaded;
mod device;
mod flow;
mod fragmentation;
mod route;
mod site;
mod skb;
pub mod socket;

pub use device::{NetDevice, netns, nexthop_dev, port_device};
pub use flow::{flowi4_ends, flowi6_ends};
pub(crate) use loaded::reason;
pub use loaded::{REASONS, seed};
pub use route::Dst;
pub use site::{cause, drop_site};
pub use skb::SkBuff;
