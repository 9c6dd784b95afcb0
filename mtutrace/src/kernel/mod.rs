//! The kernel's side of user space: what the running kernel is like, which hooks it takes, loading and attaching
//! them, and the ring that events come out of.

pub(crate) mod attach;
pub mod btf;
pub mod capability;
pub mod counters;
pub mod decode;
mod error;
pub mod hooks;
pub(crate) mod instances;
pub(crate) mod kprobes;
pub mod load;
pub mod offsets;
mod place;
pub mod ring;
pub mod symbols;
