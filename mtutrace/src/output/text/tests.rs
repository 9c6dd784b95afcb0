//! What people read.
use test_case::test_case;

use super::*;
use crate::kernel::counters::Records;
use crate::mib::parse::snmp;
use crate::model::{
    Bottleneck, Device, Ended, Facts, Fix, FixScope, FixType, Hop, KernelTally, LinkKind, NetnsId, Node,
    SignalKind, SnmpCounters, Tally, VerdictId, VerdictKind,
};
use crate::output::only::{Kind, Only};
use crate::output::{KernelNames, Losses, Totals, TraceStatus};
use crate::telemetry::clock::Clock;
use crate::telemetry::cost::Cost;

fn fix(command: &str, scope: FixScope) -> Fix {
    Fix {
        r#where: "there".to_owned(),
        what: "do it".to_owned(),
        command: command.to_owned(),
        r#type: FixType::Shell,
        scope,
        rank: 1,
        undo: (scope == FixScope::Now).then(|| "take it back".to_owned()),
    }
}

pub(super) fn verdict(interface: &str) -> Verdict {
    let device =
        |interface: &str, netns, mtu| Device { interface: interface.to_owned(), netns: NetnsId(netns), mtu };
    let hop = |interface: &str, netns, mtu, kind| Hop {
        interface: interface.to_owned(),
        netns: NetnsId(netns),
        mtu,
        kind,
        ifindex: 1,
    };
    let mut container = Container::new("a".repeat(64));
    container.parents.push(Container::new("b".repeat(64)));
    Verdict {
        id: VerdictId::of(interface),
        since_ns: 0,
        replaces: None,
        kind: VerdictKind::PmtuBlackhole,
        severity: Severity::Critical,
        active: true,
        ended: None,
        container: Some(container),
        culprit: Some(device(interface, 2, 1500)),
        bottleneck: Some(Bottleneck::Device(device("eth0", 2, 1450))),
        path: vec![
            hop("eth0", 3, 1500, LinkKind::Veth),
            hop(interface, 2, 1500, LinkKind::Bridge),
            hop("eth0", 2, 1450, LinkKind::Veth),
        ],
        summary: "it is stalled".to_owned(),
        evidence: vec!["first".to_owned(), "second".to_owned()],
        facts: Facts::new(),
        fix: vec![fix("run this", FixScope::Permanent), fix("run now", FixScope::Now)],
    }
}

fn look(colour: bool) -> Look {
    Look { colour, host: "node-1".to_owned(), ..Look::default() }
}

fn text(colour: bool, item: &Item<'_>) -> String {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    Text::new(&mut out, look(colour)).show(item, &context).unwrap();
    String::from_utf8(out).unwrap()
}

/// The local time of day, as `date` of this machine has it, is put out of the way.
fn timeless(text: &str) -> String {
    let now = Clock::new();
    let zone = now.local(now.now_ns()).split_once(' ').map(|(_, zone)| zone.to_owned()).unwrap();
    let words = text.split(' ').map(|word| {
        let is_time = word.len() == 8 && word.matches(':').count() == 2;
        if is_time {
            "TIME"
        } else if word == zone {
            "ZONE"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_verdict_has_everything_in_order() {
    let expected = "
CRITICAL TIME ZONE node-1 PMTU black hole: it is stalled
  container  aaaaaaaaaaaa in bbbbbbbbbbbb
  path       eth0 1500 > docker0 1500 (wrong) > eth0 1450 (limit)
  evidence   first
             second
  now        run now
               there: do it
               undo: take it back
  for good   run this
               there: do it
";
    assert_eq!(timeless(&text(false, &Item::Verdict(&verdict("docker0")))), expected);
}

#[test]
fn other_remedies_are_for_who_asks() {
    let mut v = verdict("docker0");
    v.fix.push(fix("or this", FixScope::Permanent));
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let said = |all_fixes| {
        let mut out = Vec::new();
        let mut output = Text::new(&mut out, Look { all_fixes, ..look(false) });
        output.show(&Item::Verdict(&v), &context).unwrap();
        let (status, totals) = (TraceStatus::default(), Totals::default());
        output.show(&Item::End(std::slice::from_ref(&v), &[], &status, &totals), &context).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (few, all) = (said(false), said(true));
    assert!(!few.contains("or this") && few.contains("Other remedies: --all-fixes"), "{few}");
    assert!(all.contains("  or         or this\n") && !all.contains("--all-fixes"), "{all}");
}

#[test]
fn what_changes_says_what_it_was() {
    let foreseen =
        Verdict { kind: VerdictKind::MssExceedsPath, severity: Severity::Warning, ..verdict("docker0") };
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut out = Vec::new();
    let mut output = Text::new(&mut out, look(false));
    for v in [&foreseen, &verdict("docker0")] {
        output.show(&Item::Verdict(v), &context).unwrap();
    }
    let said = timeless(&String::from_utf8(out).unwrap());
    assert!(said.contains("WARNING TIME ZONE node-1 MSS exceeds the path: it is stalled\n"), "{said}");
    let change = "CRITICAL TIME ZONE node-1 PMTU black hole (was WARNING MSS exceeds the path, since ";
    assert!(said.contains(change), "{said}");
    assert_eq!(said.matches("evidence").count(), 1, "what is foreseen is brief: {said}");
}

#[test]
fn colours_only_where_asked_for_and_never_from_names() {
    let hostile = verdict("\x1b[2Jdocker0\n\u{202e}");
    assert!(text(true, &Item::Verdict(&hostile)).contains("\x1b[1;31mCRITICAL"));
    let plain = text(false, &Item::Verdict(&hostile));
    assert!(!plain.contains('\x1b') && !plain.contains('\u{202e}'), "{plain:?}");
    assert!(plain.contains("\\u{1b}[2Jdocker0\\u{a}\\u{202e}"));
}

#[test]
fn what_is_solved_is_short_and_what_is_gone_says_what_to_do() {
    let now_ns = Clock::new().now_ns();
    let solved = Verdict { active: false, ended: Some(Ended::Fixed), since_ns: now_ns, ..verdict("docker0") };
    let said = timeless(&text(false, &Item::Verdict(&solved)));
    let expected = "\nSOLVED TIME ZONE node-1 PMTU black hole after 0 s: the MTUs fit now, for new connections. It was: it is stalled\n";
    assert_eq!(said, expected);
    let gone = Verdict { ended: Some(Ended::Gone), ..solved };
    let said = text(false, &Item::Verdict(&gone));
    assert!(said.contains("GONE") && said.contains("the next one") && said.contains("run this"), "{said}");
}

#[test]
fn only_what_somebody_asked_for() {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let only = Only::new(vec![Kind::Verdict]);
    let mut output = Text::new(&mut out, Look { only, ..look(false) });
    let (items, status, totals) = ([verdict("docker0")], TraceStatus::default(), Totals::default());
    output.show(&Item::End(&[], &[], &status, &totals), &context).unwrap();
    output.show(&Item::End(&items, &[], &status, &totals), &context).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.starts_with("\nStill active (1):\nCRITICAL since") && !said.contains("Cost:"), "{said}");
}

#[test]
fn a_run_that_was_never_ready_is_no_proof() {
    let (status, totals) = (TraceStatus::default(), Totals { unready: true, ..Totals::default() });
    let said = text(false, &Item::End(&[], &[], &status, &totals));
    assert!(said.starts_with("No verdict in 0.0 s") && said.contains("BEFORE all interfaces"), "{said}");
}

/// What the end says of a verdict that was shown, `between` lines before.
fn end_after(between: usize, v: &Verdict, at_the_end: Verdict) -> String {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut output = Text::new(&mut out, look(false));
    output.show(&Item::Verdict(v), &context).unwrap();
    let lost = Losses { events: 1, ..Losses::default() };
    for _ in 0..between {
        output.show(&Item::Lost(&TraceStatus::default(), lost), &context).unwrap();
    }
    let items = [at_the_end];
    output.show(&Item::End(&items, &[], &TraceStatus::default(), &Totals::default()), &context).unwrap();
    let said = String::from_utf8(out).unwrap();
    said.split_once("\nStill active (1):\n").unwrap().1.to_owned()
}

#[test]
fn the_end_repeats_nothing_that_is_in_sight() {
    let v = verdict("docker0");
    let near = end_after(0, &v, v.clone());
    assert!(near.starts_with("CRITICAL since ") && near.contains("PMTU black hole"), "{near}");
    assert!(!near.contains("path") && !near.contains("run this") && !near.contains("evidence"), "{near}");
    let far = end_after(30, &v, v.clone());
    assert!(far.contains("run now\n") && far.contains("run this\n") && !far.contains("there"), "{far}");
    let more = Verdict { evidence: vec!["third".to_owned()], ..v.clone() };
    let said = end_after(0, &v, more);
    assert!(said.contains("  evidence   third\n") && !said.contains("run"), "{said}");
}

#[test]
fn what_is_over_stands_apart_and_what_was_replaced_nowhere() {
    let all = [
        verdict("a"),
        Verdict { active: false, ended: Some(Ended::Fixed), ..verdict("b") },
        Verdict { active: false, ended: Some(Ended::Replaced), ..verdict("c") },
    ];
    let said = text(false, &Item::End(&all, &[], &TraceStatus::default(), &Totals::default()));
    let (active, over) = said.split_once("\nResolved (1):\n").unwrap();
    assert!(active.contains("Still active (1):\nCRITICAL since "), "{active}");
    assert!(over.starts_with("SOLVED since ") && !said.contains("REPLACED"), "{over}");
}

#[test]
fn after_the_screen_it_fits_a_terminal() {
    let all: Vec<Verdict> =
        (0..300).map(|n| Verdict { id: VerdictId::of(n), ..verdict("docker0") }).collect();
    let tally = Tally { container: Some(Container::new("build")), changed: true, ..Tally::default() };
    let tallies: Vec<(NetnsId, Tally)> = (0..300).map(|n| (NetnsId(n), tally.clone())).collect();
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut output = Text::new(&mut out, Look { brief: true, ..look(false) });
    output.show(&Item::End(&all, &tallies, &TraceStatus::default(), &Totals::default()), &context).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.lines().count() <= 24, "{said}");
    assert!(said.contains("  now        run now\n") && said.contains("and 295 more"), "{said}");
}

#[test]
fn the_worst_comes_first() {
    let count = |id: &str, drops| {
        let counters = [(SignalKind::Drop, drops)].into();
        Tally { container: Some(Container::new(id)), counters, changed: true, ..Tally::default() }
    };
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut out = Vec::new();
    let mut output = Text::new(&mut out, look(false));
    let sick = Verdict { container: Some(Container::new("sick")), ..verdict("docker0") };
    output.show(&Item::Verdict(&sick), &context).unwrap();
    for step in [1, 2] {
        let tallies = [("loud", 900 + step), ("busy", 100 * step), ("sick", 5)].into_iter().zip(1..);
        let tallies: Vec<_> = tallies.map(|((id, drops), n)| (NetnsId(n), count(id, drops))).collect();
        output.show(&Item::Report(&tallies), &context).unwrap();
    }
    let said = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = said.lines().rev().take(3).collect();
    assert_eq!(lines, ["  loud  drop 902 (+1)", "  busy  drop 200 (+100)", "  sick  drop 5"]);
}

#[test]
fn nothing_wrong_is_one_line() {
    let status = TraceStatus { interfaces: 7, namespaces: 5, containers: 2, ..TraceStatus::default() };
    let totals = Totals { duration_ms: 2500, cost: Cost::default(), ..Totals::default() };
    let text = text(false, &Item::End(&[], &[], &status, &totals));
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.starts_with("No MTU problem in 2.5 s on 7 interfaces in 5 network namespaces, 2 containers"),
        "{text}"
    );
    assert!(text.contains("nothing lost"));
}

#[test]
fn no_problem_is_said_only_of_what_was_seen_to_end_well() {
    let unexplained = [("forward_df", 3)].into();
    let outcomes = crate::model::Outcomes { adapted: 2, unexplained, ..Default::default() };
    let totals = Totals { outcomes, duration_ms: 1000, ..Totals::default() };
    let text = text(false, &Item::End(&[], &[], &TraceStatus::default(), &totals));
    assert!(text.starts_with("No verdict in 1.0 s"), "{text}");
    assert!(text.contains("; 2 packets were too big; the senders were told"), "{text}");
    assert!(text.contains("\nNot explained, and not seen to end well: forward_df 3."), "{text}");
}

#[test]
fn losses_shout() {
    let records = Records { lost: 12, ..Records::default() };
    let mut totals = Totals { records, undecodable: 1, missed: Some(0), ..Totals::default() };
    let end = |totals: &_| text(false, &Item::End(&[], &[], &TraceStatus::default(), totals));
    assert!(end(&totals).contains("12 events LOST, 1 undecodable)"), "{}", end(&totals));
    totals.missed = Some(3);
    assert!(end(&totals).contains("1 undecodable, 3 program runs MISSED)"), "{}", end(&totals));
    let meanwhile =
        text(false, &Item::Lost(&TraceStatus::default(), Losses { events: 7, lines: 0, limited: 0 }));
    assert!(meanwhile.contains("7 events LOST so far"), "{meanwhile}");
    let unread =
        text(false, &Item::Lost(&TraceStatus::default(), Losses { events: 0, lines: 9, limited: 0 }));
    assert!(unread.contains("9 lines LEFT OUT so far") && !unread.contains("LOST"), "{unread}");
    totals.unwritten = 9;
    assert!(end(&totals).contains("MISSED, 9 lines LEFT OUT)"), "{}", end(&totals));
}

#[test]
fn the_end_says_what_the_kernel_counted_and_the_hooks_did_not_see() {
    let tally = |fails, seen| {
        let mut counters = SnmpCounters::default();
        snmp(&format!("Ip: FragFails\nIp: {fails}"), &mut counters).unwrap();
        let kernel = KernelTally { counters, seen: [seen, 0], ..KernelTally::default() };
        let mut tally = Tally { container: Some(Container::new("build")), kernel, ..Tally::default() };
        if seen > 0 {
            tally.counters.insert(SignalKind::Drop, seen);
        }
        tally
    };
    let tallies = [(NetnsId(2), tally(12, 10)), (NetnsId(3), tally(3, 0)), (NetnsId(4), tally(5, 5))];
    let said = text(false, &Item::End(&[], &tallies, &TraceStatus::default(), &Totals::default()));
    let lines: Vec<&str> = said.lines().skip(1).collect();
    let expected = [
        "  build  drop 10",
        "    kernel counters: IpFragFails 12",
        "    kernel counted 12 IpFragFails, hooks saw 10",
        "  build  drop 5",
        "    kernel counters: IpFragFails 5",
        "  build  kernel counters: IpFragFails 3",
        "    kernel counted 3 IpFragFails, hooks saw 0",
    ];
    assert_eq!(lines, expected);
    assert_eq!(text(false, &Item::Report(&tallies[1..2])), "", "in between it says no word of it");
}

#[test_case(Some("ci"), Some("build-0"), "web\\u{1b} 0123456789ab (pod ci/build-0)"; "by its name")]
#[test_case(Some("ci"), None, "web\\u{1b} 0123456789ab (pod u-i-d)"; "by its uid, for half a name is none")]
fn a_pod_is_printed_by_what_is_known(namespace: Option<&str>, name: Option<&str>, printed: &str) {
    let pod = Pod {
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        uid: Some("u-i-d".into()),
    };
    let id = "0123456789ab".repeat(5);
    assert_eq!(
        label(&Container { name: Some("web\u{1b}".into()), pod: Some(pod), ..Container::new(id) }),
        printed
    );
}

#[test]
fn what_was_shown_is_remembered_within_a_bound() {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut output = Text::new(&mut out, look(false));
    for n in 0..2 * SHOWN.get() {
        let one = Verdict { id: VerdictId::of(n), ..verdict("docker0") };
        output.show(&Item::Verdict(&one), &context).unwrap();
    }
    assert_eq!(output.shown.len(), SHOWN.get());
}

#[test]
fn no_problem_is_not_said_while_a_mismatch_stands_or_of_what_was_never_there() {
    let standing = crate::diagnosis::standing::standing(&crate::testing::node::incident().0);
    let end = |totals: &_| text(false, &Item::End(&[], &[], &TraceStatus::default(), totals));
    let said = end(&Totals { standing, duration_ms: 1000, ..Totals::default() });
    assert!(said.starts_with("\nWARNING standing mismatch, "), "{said}");
    assert!(said.contains("\n\nNo verdict in 1.0 s") && !said.contains("No MTU problem"), "{said}");
    let said = end(&Totals { unmatched: Some("no container typo".to_owned()), ..Totals::default() });
    assert!(said.starts_with("No verdict in "), "{said}");
}

#[test]
fn no_problem_is_said_only_where_all_was_seen() {
    let end = |status: &TraceStatus, totals: &Totals| text(false, &Item::End(&[], &[], status, totals));
    let fine = Totals::default();
    let blind = TraceStatus { pid_namespace: Some(7), cut: 1, ..TraceStatus::default() };
    let bad = Totals { undecodable: 2, ..Totals::default() };
    for (status, totals, why) in [
        (&blind, &fine, "pid namespace"),
        (&blind, &fine, "1 network namespace has more"),
        (&TraceStatus::default(), &bad, "2 records could not"),
    ] {
        let said = end(status, totals);
        assert!(said.starts_with("No verdict in "), "{said}");
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("Not all was seen: ") && last.contains(why), "{said}");
    }
}
