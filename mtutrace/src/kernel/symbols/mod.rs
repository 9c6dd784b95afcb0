//! The kernel's functions by address, from `/proc/kallsyms` (kernel/kallsyms.c, `s_show`).

mod sites;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use sites::drop_sites;
#[cfg(test)]
use table::SymbolError;
pub(crate) use table::Symbols;

/// Where the kernel lists its symbols.
pub(crate) const KALLSYMS: &str = "/proc/kallsyms";
