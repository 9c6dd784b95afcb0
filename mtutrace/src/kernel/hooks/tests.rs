use mtutrace_common::{HookId, Place};

use super::*;
use crate::model::SignalKind;

fn status_of(statuses: &[Status], hook: &str) -> Status {
    statuses.iter().find(|s| s.hook == hook).unwrap().clone()
}

/// All attached, but those that another one makes needless, and those whose name has one of these in it.
fn outcome_without(missing: &[&str]) -> Vec<Outcome> {
    let mut done: Vec<&str> = Vec::new();
    HOOKS
        .iter()
        .map(|hook| {
            if missing.iter().any(|name| hook.name().contains(name)) {
                Outcome::Missing("no".to_owned())
            } else if !hook.role.is_empty() && done.contains(&hook.role) {
                Outcome::Standby
            } else {
                done.push(hook.role);
                Outcome::Attached
            }
        })
        .collect()
}

#[test]
fn with_everything_no_hook_stands_in_for_another() {
    let statuses = table(HOOKS, &outcome_without(&[]));
    assert!(statuses.iter().all(|s| matches!(s.state, State::Attached | State::Standby)), "{statuses:#?}");
    let standby = status_of(&statuses, "raw_tp:icmp_send");
    assert_eq!(
        (standby.state, standby.why.as_deref()),
        (State::Standby, Some("not needed: kprobe:__icmp_send covers it"))
    );
    assert_eq!(serde_json::to_value(standby.state).unwrap(), "spare");
}

#[test]
fn without_kprobes_the_fallbacks_say_for_what_they_stand_in() {
    let statuses = table(HOOKS, &outcome_without(&["kprobe:"]));
    let icmp = status_of(&statuses, "raw_tp:icmp_send");
    assert_eq!(icmp.state, State::Fallback);
    assert_eq!(icmp.why.as_deref(), Some("sees icmp_sent in place of kprobe:__icmp_send"));
    // The role of the IPv4 one is filled; that of the IPv6 one falls to TC.
    let tc = status_of(&statuses, "tc:ingress");
    assert_eq!(
        (tc.state, tc.why.as_deref()),
        (State::Fallback, Some("sees fragmented in place of kprobe:ip6_fragment"))
    );
    assert_eq!(status_of(&statuses, "raw_tp:sock_send_length").state, State::Fallback);
    assert_eq!(status_of(&statuses, "raw_tp:kfree_skb").state, State::Attached);
    assert_eq!(status_of(&statuses, "raw_tp:tcp_retransmit_skb").state, State::Attached);
}

#[test]
fn every_record_names_a_hook_and_every_drop_a_cause() {
    for id in HookId::ALL {
        let of = |hook: &&Hook| hook.programs.iter().any(|(named, _)| *named == id);
        assert_eq!(HOOKS.iter().filter(of).count(), 1, "{id:?}");
    }
    for hook in HOOKS {
        assert_ne!(hook.name(), "unknown", "a hook without a program");
        assert_eq!(hook.causes.is_empty(), !hook.signals.contains(&SignalKind::Drop), "{}", hook.name());
        let kind = |id: HookId| std::mem::discriminant(&id.place());
        let kinds: Vec<_> = hook.programs.iter().map(|(id, _)| kind(*id)).collect();
        assert!(kinds.iter().all(|kind| *kind == kinds[0]), "{}", hook.name());
        if !matches!(hook.place(), Some(Place::Ingress | Place::Egress)) {
            let ids: std::collections::BTreeSet<HookId> = hook.programs.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids.len(), hook.programs.len(), "{}: two programs at one place", hook.name());
        }
    }
}

#[test]
fn a_hook_works_if_it_is_attached_even_for_another() {
    let statuses = table(HOOKS, &outcome_without(&["kprobe:", "retransmit"]));
    let found = [HookId::KfreeSkb, HookId::IcmpSendTracepoint, HookId::IcmpSend, HookId::TcpRetransmit]
        .map(|id| works(&statuses, id));
    assert_eq!(found, [true, true, false, false]);
    let all = table(HOOKS, &outcome_without(&[]));
    assert!(!works(&all, HookId::IcmpSendTracepoint));
}
