//! The kernel's functions by address, from `/proc/kallsyms` (kernel/kallsyms.c, `s_show`).

mod sites;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use sites::drop_sites;
#[cfg(test)]
use table::SymbolError;
pub(crate) use table::Symbols;

/// Reads such a file, and looks up the first, the last and other addresses (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_any(data: &[u8]) {
    let Ok(symbols) = Symbols::parse(data) else { return };
    assert!(!symbols.is_empty() && drop_sites(&symbols).iter().all(|site| site.start < site.end));
    let addresses = symbols.entries.iter().map(|entry| entry.address);
    for address in addresses.chain([0, 1, u64::MAX]).flat_map(|address| [address, address.wrapping_add(4)]) {
        symbols.lookup(address);
    }
}

/// Where the kernel lists its symbols.
pub(crate) const KALLSYMS: &str = "/proc/kallsyms";
