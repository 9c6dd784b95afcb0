//! What a run could not see, and whether that it found nothing proves anything. One place for all who say so.
use super::Totals;
use super::plural::{listed, plural};
use crate::kernel::hooks;
use crate::telemetry::TraceStatus;

/// Whether all that could have done harm was seen, and ended well: only then is "nothing found" good news.
pub(crate) fn is_proven(status: &TraceStatus, totals: &Totals) -> bool {
    let open = !totals.outcomes.unexplained.is_empty() || totals.outcomes.unanswered > 0;
    !open && unseen(status, totals).is_empty()
}

/// What was not seen, a sentence each.
pub(crate) fn unseen(status: &TraceStatus, totals: &Totals) -> Vec<String> {
    let mut unseen = losses(totals);
    if let Some(missed) = totals.missed.filter(|missed| *missed > 0) {
        unseen.push(format!(
            "The kernel left out {}.",
            count(missed, "run of mtutrace's programs", "runs of mtutrace's programs")
        ));
    }
    unseen.extend(totals.unmatched.as_ref().map(|why| format!("{why}.")));
    for (count, one, many) in [
        (status.refused, "interface took no classifier", "interfaces took no classifier"),
        (
            status.unreadable,
            "network namespace could not be entered",
            "network namespaces could not be entered",
        ),
        (status.cut, "network namespace has more than is read", "network namespaces have more than is read"),
    ] {
        if count > 0 {
            unseen.push(format!("{}.", plural(count, one, many)));
        }
    }
    if status.pid_namespace.is_some() {
        unseen.push("Only the processes of mtutrace's own pid namespace were seen.".to_owned());
    }
    let blind: Vec<String> = hooks::blind(&status.hooks).iter().map(|hook| hook.hook.to_string()).collect();
    if !blind.is_empty() {
        let hooks = plural(blind.len(), "hook was", "hooks were");
        let all = listed(&blind, blind.len(), 0);
        unseen.push(format!("{hooks} not available on this kernel, and nothing stands in: {all}."));
    }
    unseen
}

/// What of it was lost on the way, or was not there yet: the next run may see it.
pub(crate) fn losses(totals: &Totals) -> Vec<String> {
    let mut losses = Vec::new();
    if totals.records.lost > 0 {
        let lost = count(totals.records.lost, "record was", "records were");
        losses.push(format!("{lost} lost: they came faster than mtutrace could read them."));
    }
    if totals.undecodable > 0 {
        losses
            .push(format!("{} not be decoded.", count(totals.undecodable, "record could", "records could")));
    }
    if totals.unready {
        losses.push("It ended before all interfaces were traced.".to_owned());
    }
    losses
}

fn count(count: u64, one: &str, many: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hooks::{HOOKS, Outcome, table};
    use crate::model::Outcomes;

    #[test]
    fn whatever_was_not_seen_leaves_it_open() {
        let (status, totals) = (TraceStatus::default(), Totals::default());
        assert!(is_proven(&status, &totals));
        let mut lost = Totals::default();
        lost.records.lost = 1;
        let outcomes = Outcomes { unanswered: 1, ..Outcomes::default() };
        let all = [
            lost,
            Totals { undecodable: 1, ..Totals::default() },
            Totals { missed: Some(1), ..Totals::default() },
            Totals { unready: true, ..Totals::default() },
            Totals { unmatched: Some("no container x".to_owned()), ..Totals::default() },
            Totals { outcomes, ..Totals::default() },
        ];
        for open in &all {
            assert!(!is_proven(&status, open), "{open:?}");
        }
        assert!(is_proven(&status, &Totals { missed: Some(0), ..Totals::default() }));
        let without = |prefix: &str| {
            let outcome = |hook: &hooks::Hook| match hook.name().starts_with(prefix) {
                true => Outcome::Missing("no".to_owned()),
                false => Outcome::Attached,
            };
            let hooks = table(HOOKS, &HOOKS.iter().map(outcome).collect::<Vec<_>>());
            TraceStatus { hooks, ..TraceStatus::default() }
        };
        let statuses = [
            TraceStatus { refused: 1, ..TraceStatus::default() },
            TraceStatus { unreadable: 1, ..TraceStatus::default() },
            TraceStatus { cut: 1, ..TraceStatus::default() },
            TraceStatus { pid_namespace: Some(1), ..TraceStatus::default() },
            without("raw_tp:kfree_skb"),
            without("tc:"),
        ];
        for open in &statuses {
            assert!(!is_proven(open, &totals), "{open:?}");
            assert_eq!(unseen(open, &totals).len(), 1, "{open:?}");
        }
        // Others stand in for all kprobes by which packets are seen.
        assert!(is_proven(&without("kprobe:"), &totals), "{:?}", unseen(&without("kprobe:"), &totals));
        assert!(is_proven(&without("no such hook"), &totals));
    }
}
