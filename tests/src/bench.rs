//! What `cargo xtask bench` measures: labs, load, tools, and what they cost. `xtask` shows it.

mod cpus;
pub mod crowd;
pub mod events;
pub mod instructions;
pub mod live;
mod load;
pub mod machine;
mod microbench;
mod path;
pub mod report;
pub mod runs;
pub mod spread;
mod tool;
mod usage;
