//! mtutrace: which container's traffic is dying or crawling because a packet is too big, whose MTU is wrong,
//! and what one line fixes it.
//!
//! The path of an event: kernel hook → ring buffer → [`kernel::decode`] → [`diagnosis`] (attribution, evidence, incident,
//! rules) → [`output`]. docs/ARCHITECTURE.md has the layers: arrows go down only, and `cargo xtask lint` checks it.

pub mod cli;
pub mod commands;
pub mod diagnosis;
pub mod discovery;
pub mod filter;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
pub mod kernel;
pub mod metrics;
pub mod mib;
pub mod model;
pub mod output;
pub mod remediation;
pub mod runtimes;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod topology;
