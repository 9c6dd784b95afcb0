//! The kernel's functions by address, from `/proc/kallsyms` (kernel/kallsyms.c, `s_show`).

mod sites;
mod table;
#[cfg(test)]
mod tests;

pub use sites::drop_sites;
pub use table::{SymbolError, Symbols};

/// Where the kernel lists its symbols.
pub const KALLSYMS: &str = "/proc/kallsyms";
