//! BTF, the kernel's description of its own types: where a field lies, what an enum's value is, how many
//! arguments a tracepoint has. Written after Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
//!
//! It reads only what it is asked for. The input is taken as hostile: each offset is checked, walks are
//! bounded. A module's (split) BTF continues the ids and strings of the kernel's, and is read with it.

mod error;
mod field;
mod kind;
mod query;
#[cfg(test)]
pub(super) mod tests;
mod types;

pub use error::BtfError;
pub use types::Btf;

/// Where it shows that of the module `bridge`, from 5.11 on (`CONFIG_DEBUG_INFO_BTF_MODULES`).
pub const BRIDGE: &str = "/sys/kernel/btf/bridge";
/// Where the kernel shows its BTF (`CONFIG_DEBUG_INFO_BTF`).
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";
