//! Whether a kernel function can be probed, and if not, why not.
use std::path::Path;

use super::symbols::Symbols;

/// The kernel registers a PMU of this name when it has kprobes (perf_event_open(2), `perf_kprobe`).
const PMU: &str = "/sys/bus/event_source/devices/kprobe";

/// Whether this kernel has kprobes (CONFIG_KPROBES and CONFIG_KPROBE_EVENTS).
pub fn exist() -> bool {
    Path::new(PMU).exists()
}

/// Checks what can be told beforehand: the kernel itself answers a mere ENOENT for all of it.
///
/// # Errors
/// When the kernel has no kprobes, or one of the functions has no symbol: it was inlined everywhere, is not built,
/// or is in a module that is not loaded.
pub fn check(functions: &[&str], symbols: Option<&Symbols>) -> Result<(), String> {
    if !exist() {
        return Err("this kernel has no kprobes (CONFIG_KPROBES)".to_owned());
    }
    let absent = functions.iter().find(|name| symbols.is_some_and(|symbols| symbols.range(name).is_none()));
    match absent {
        Some(name) => Err(format!("this kernel has no symbol {name}: it is inlined, or not built")),
        None => Ok(()),
    }
}
