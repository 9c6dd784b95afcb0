//! What is said on stderr when everything is attached.
use std::collections::BTreeMap;

use crate::kernel::hooks::State;
use crate::output::escape::escape;
use crate::telemetry::TraceStatus;

/// Progress goes to stderr: data alone to stdout.
pub(super) fn print(status: &TraceStatus) {
    eprintln!(
        "mtutrace: watching {} devices in {} network namespaces, {} containers; Ctrl-C ends with a report",
        status.interfaces, status.namespaces, status.containers
    );
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for hook in status.hooks.iter().filter(|hook| hook.state == State::Missing) {
        missing.entry(hook.why.as_deref().unwrap_or_default()).or_default().push(hook.hook);
    }
    for (why, hooks) in &missing {
        eprintln!("mtutrace: without {}: {}", hooks.join(", "), escape(why));
    }
    if !missing.is_empty() {
        eprintln!("mtutrace: what stands in for them, and what is lost: mtutrace doctor");
    }
    if status.unreadable > 0 {
        eprintln!("mtutrace: {} network namespaces cannot be entered, and are not traced", status.unreadable);
    }
}
