//! The laboratory: namespaces, cgroups, the founding incident, traffic, and the tracer under test.

pub(crate) mod addresses;
pub mod alone;
pub mod bridged;
pub mod busy;
pub mod cgroup;
pub mod container;
pub mod crowd;
pub mod datagrams;
pub mod incident;
pub mod leaks;
pub mod mib;
pub mod name;
pub mod netns;
pub mod nft;
pub mod offload;
pub mod place;
pub mod process;
pub mod prometheus;
pub mod routed;
pub mod stalled;
pub mod tmux;
pub mod tracer;
pub mod traffic;
pub mod vxlan;
pub mod wait;
pub mod wire;
