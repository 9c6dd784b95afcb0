//! Real-kernel scenarios, and the laboratory that they share with `cargo xtask demo`.
//!
//! A test builds an [`Incident`](lab::incident::Incident) out of network namespaces and container-like cgroups,
//! sends real HTTP through it with [`lab::traffic`], watches it with a [`Tracer`](lab::tracer::Tracer), and leaves
//! nothing behind: every guard removes exactly what it made.

pub mod accuracy;
pub mod bench;
pub mod causes;
pub mod check;
pub mod examples;
pub mod lab;
pub mod oracle;
pub mod runtimes;
pub mod tools;
