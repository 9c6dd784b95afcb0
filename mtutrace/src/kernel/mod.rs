//! The kernel's side of user space: what the running kernel is like, which hooks it takes, loading and attaching
//! them, and the ring that events come out of.

pub mod attach;
pub mod btf;
pub mod capability;
pub mod company;
pub mod counters;
pub mod decode;
pub mod hooks;
pub mod kprobes;
pub mod load;
pub mod offsets;
pub mod ring;
pub mod symbols;
