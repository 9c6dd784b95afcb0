//! The kernel's side of user space: what the running kernel is like, which hooks it takes, loading and attaching
//! them, and the ring that events come out of.

pub(crate) mod attach;
pub mod btf;
pub(crate) mod capability;
pub(crate) mod class;
pub(crate) mod counters;
pub(crate) mod decode;
pub(crate) mod descriptors;
mod error;
pub(crate) mod hooks;
pub(crate) mod instances;
pub(crate) mod kprobes;
pub(crate) mod limits;
pub mod load;
pub mod offsets;
pub(crate) mod owners;
mod place;
pub(crate) mod privileges;
pub(crate) mod ring;
mod seccomp;
pub(crate) mod symbols;
