//! Whether a kernel function can be probed, and if not, why not.
use std::path::Path;

use super::symbols::Symbols;

/// The kernel registers a PMU of this name when it has kprobes (perf_event_open(2), `perf_kprobe`).
const PMU: &str = "/sys/bus/event_source/devices/kprobe";

/// Why a function cannot be probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KprobeError {
    /// The kernel was built without.
    #[error("this kernel has no kprobes (CONFIG_KPROBES)")]
    None,
    /// Inlined everywhere, not built, or in a module that is not loaded.
    #[error("this kernel has no symbol {0}: it is inlined, or not built")]
    NoSymbol(&'static str),
}

/// Whether this kernel has kprobes (CONFIG_KPROBES and CONFIG_KPROBE_EVENTS).
pub(crate) fn exist() -> bool {
    Path::new(PMU).exists()
}

/// Checks what can be told beforehand: the kernel itself answers a mere ENOENT for all of it.
///
/// # Errors
/// When the kernel has no kprobes, or the function has no symbol.
pub(crate) fn check(function: &'static str, symbols: Option<&Symbols>) -> Result<(), KprobeError> {
    if !exist() {
        return Err(KprobeError::None);
    }
    match symbols {
        Some(symbols) if symbols.range(function).is_none() => Err(KprobeError::NoSymbol(function)),
        _ => Ok(()),
    }
}
