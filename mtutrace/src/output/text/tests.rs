//! What people read.
use test_case::test_case;

use super::*;
use crate::kernel::counters::Records;
use crate::mib::parse::snmp;
use crate::model::{
    Device, Ended, Fix, FixScope, FixType, Hop, LinkKind, Node, SnmpCounters, VerdictId, VerdictKind,
};
use crate::output::{KernelNames, Losses};
use crate::telemetry::clock::Clock;
use crate::telemetry::cost::Cost;

fn verdict(interface: &str) -> Verdict {
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
        bottleneck: Some(crate::model::Bottleneck::Device(device("eth0", 2, 1450))),
        path: vec![
            hop("eth0", 3, 1500, LinkKind::Veth),
            hop(interface, 2, 1500, LinkKind::Bridge),
            hop("eth0", 2, 1450, LinkKind::Veth),
        ],
        summary: "it is stalled".to_owned(),
        evidence: vec!["first".to_owned(), "second".to_owned()],
        fix: vec![Fix {
            r#where: "there".to_owned(),
            what: "do it".to_owned(),
            command: "run this".to_owned(),
            r#type: FixType::Shell,
            scope: FixScope::Permanent,
        }],
    }
}

fn text(colour: bool, item: &Item<'_>) -> String {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    Text::new(&mut out, colour, Only::default()).show(item, &context).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_verdict_has_everything_in_order() {
    let expected = "
CRITICAL PMTU black hole: it is stalled
  container  aaaaaaaaaaaa in bbbbbbbbbbbb
  path       eth0 1500 > docker0 1500 (wrong) > eth0 1450 (limit)
  evidence   first
             second
  fix        run this
               there: do it
";
    assert_eq!(text(false, &Item::Verdict(&verdict("docker0"))), expected);
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
    let solved = Verdict { active: false, ended: Some(Ended::Fixed), ..verdict("docker0") };
    let said = text(false, &Item::Verdict(&solved));
    assert_eq!(said, "\nSOLVED PMTU black hole: the MTUs fit now. It was: it is stalled\n");
    let gone = Verdict { ended: Some(Ended::Gone), ..solved };
    let said = text(false, &Item::Verdict(&gone));
    assert!(said.contains("GONE") && said.contains("the next one") && said.contains("run this"), "{said}");
}

#[test]
fn only_what_somebody_asked_for() {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut output = Text::new(&mut out, false, Only::new(vec![Kind::Verdict]));
    let (items, status, totals) = ([verdict("docker0")], TraceStatus::default(), Totals::default());
    output.show(&Item::End(&[], &[], &status, &totals), &context).unwrap();
    output.show(&Item::End(&items, &[], &status, &totals), &context).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.starts_with("\nCRITICAL PMTU black hole") && !said.contains("Cost:"), "{said}");
}

#[test]
fn a_run_that_was_never_ready_is_no_proof() {
    let (status, totals) = (TraceStatus::default(), Totals { unready: true, ..Totals::default() });
    let said = text(false, &Item::End(&[], &[], &status, &totals));
    assert!(said.starts_with("No verdict in 0.0 s") && said.contains("BEFORE all interfaces"), "{said}");
}

#[test]
fn the_end_repeats_only_what_to_do() {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &Node::default(), kernel_names: &KernelNames::default() };
    let mut output = Text::new(&mut out, false, Only::default());
    let v = verdict("docker0");
    output.show(&Item::Verdict(&v), &context).unwrap();
    let items = [v];
    output.show(&Item::End(&items, &[], &TraceStatus::default(), &Totals::default()), &context).unwrap();
    let said = String::from_utf8(out).unwrap();
    let count = |part: &str| said.matches(part).count();
    assert_eq!((count("CRITICAL"), count("evidence"), count("run this")), (2, 1, 2), "{said}");
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
        "  build  kernel counters: IpFragFails 3",
        "    kernel counted 3 IpFragFails, hooks saw 0",
        "  build  drop 5",
        "    kernel counters: IpFragFails 5",
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
    let mut output = Text::new(&mut out, false, Only::default());
    for n in 0..2 * SHOWN.get() {
        let one = Verdict { id: VerdictId::of(n), ..verdict("docker0") };
        output.show(&Item::Verdict(&one), &context).unwrap();
    }
    assert_eq!(output.shown.len(), SHOWN.get());
}
