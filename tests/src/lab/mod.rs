//! The laboratory: namespaces, cgroups, the founding incident, traffic, and the tracer under test.

mod addresses;
pub mod cgroup;
pub mod container;
pub mod incident;
pub mod leaks;
pub mod netns;
pub mod nft;
pub mod place;
pub mod process;
pub mod tracer;
pub mod traffic;
pub mod wait;
