//! mtutrace: which container's traffic is dying or crawling because a packet is too big, whose MTU is wrong,
//! and what one line fixes it.
//!
//! The path of an event: kernel hook → ring buffer → `kernel/decode.rs` → `diagnosis/` (attribution, evidence, incident,
//! rules) → `output/`. docs/ARCHITECTURE.md has the layers: arrows go down only, and `cargo xtask lint` checks it.

pub mod capture;
pub mod cli;
pub mod commands;
pub mod container_fs;
mod diagnosis;
mod discovery;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod identity;
pub mod kernel;
mod metrics;
mod mib;
mod model;
pub mod output;
mod recording;
mod remediation;
mod report;
mod runtimes;
mod telemetry;
#[cfg(test)]
mod testing;
mod topology;
