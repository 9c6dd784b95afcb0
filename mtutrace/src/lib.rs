//! mtutrace: which container's traffic is dying or crawling because a packet is too big, whose MTU is wrong,
//! and what one line fixes it.
//!
//! The way of an event: kernel hook → ring buffer → [`decode`] → enrich ([`topology`], [`identity`], [`charge`]) →
//! [`aggregate`] → [`verdict`] → [`output`]. See docs/ARCHITECTURE.md.

pub mod aggregate;
pub mod bench;
pub mod cases;
pub mod charge;
pub mod cli;
pub mod clock;
pub mod cost;
pub mod decode;
pub mod doctor;
pub mod exit;
pub mod expression;
pub mod fix;
pub mod flow;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod holes;
pub mod identity;
pub mod kernel;
pub mod map;
pub mod metrics;
pub mod mib;
pub mod model;
mod names;
pub mod output;
pub mod promise;
pub mod remedy;
pub mod run;
pub mod schema;
pub mod sights;
pub mod silent;
mod survey;
pub mod topology;
pub mod trouble;
pub mod tunnels;
pub mod verdict;
