//! The line on stderr once everything is attached. Data alone goes to stdout.
use crate::kernel::hooks::{State, Status};
use crate::output::plural::plural;
use crate::output::stderr;
use crate::telemetry::TraceStatus;

/// Prints it.
pub(super) fn print(status: &TraceStatus) {
    stderr::note(&line(status));
}

/// What is traced, what cannot be, and where to read more.
fn line(status: &TraceStatus) -> String {
    let mut line = format!(
        "tracing {} in {}, {} (Ctrl-C ends)",
        plural(status.interfaces, "interface", "interfaces"),
        plural(status.namespaces, "namespace", "namespaces"),
        plural(status.containers, "container", "containers")
    );
    if status.unreadable > 0 {
        line += &format!(
            "; not traced: {} that cannot be entered",
            plural(status.unreadable, "namespace", "namespaces")
        );
    }
    if status.refused > 0 {
        let interfaces = plural(status.refused, "interface", "interfaces");
        line += &format!("; not traced: {interfaces} that took no classifier");
    }
    // What sees no signal of its own loses none.
    let lost = |hook: &&Status| hook.state == State::Missing && !hook.signals.is_empty();
    let missing: Vec<&str> = status.hooks.iter().filter(lost).map(|hook| &*hook.hook).collect();
    if missing.is_empty() {
        return line;
    }
    let optional = missing.iter().all(|hook| hook.starts_with("kprobe:"));
    let (one, many) =
        if optional { ("optional kprobe hook", "optional kprobe hooks") } else { ("hook", "hooks") };
    let fallbacks = status.hooks.iter().any(|hook| hook.state == State::Fallback);
    let fallbacks = if fallbacks { "fallbacks active, " } else { "" };
    line += &format!(
        "; {} unavailable on this kernel; {fallbacks}see `mtutrace doctor`",
        plural(missing.len(), one, many)
    );
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hooks::{HOOKS, Outcome, table};

    fn status(outcome: impl Fn(&str) -> Outcome) -> TraceStatus {
        let outcomes: Vec<Outcome> = HOOKS.iter().map(|hook| outcome(hook.name())).collect();
        let hooks = table(HOOKS, &outcomes);
        TraceStatus { hooks, interfaces: 14, namespaces: 5, containers: 1, ..TraceStatus::default() }
    }

    #[test]
    fn all_hooks_attached() {
        let status = TraceStatus { unreadable: 2, refused: 1, ..status(|_| Outcome::Attached) };
        let said = "tracing 14 interfaces in 5 namespaces, 1 container (Ctrl-C ends); not traced: 2 namespaces that cannot \
                    be entered; not traced: 1 interface that took no classifier";
        assert_eq!(line(&status), said);
    }

    #[test]
    fn kprobes_are_optional_and_others_are_not() {
        let without = |prefix: &'static str| {
            status(move |hook| match hook.starts_with(prefix) {
                true => Outcome::Missing("no".to_owned()),
                false => Outcome::Attached,
            })
        };
        let said = line(&without("kprobe:"));
        assert!(
            said.contains(" optional kprobe hooks unavailable on this kernel; fallbacks active, see `"),
            "{said}"
        );
        let said = line(&without("raw_tp:"));
        assert!(said.contains(" hooks unavailable on this kernel; "), "{said}");
        assert!(!said.contains("optional"), "{said}");
    }
}
