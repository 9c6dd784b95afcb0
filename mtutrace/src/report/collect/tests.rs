use super::super::incident::Change;
use super::super::{html, markdown};
use super::*;
use crate::kernel::hooks::{HOOKS, Outcome, table};
use crate::model::{AttributedEvent, Node};
use crate::output::KernelNames;
use crate::output::tui::testing;

const SECOND: u64 = 1_000_000_000;

/// The founding incident as a collector is told it, with names that `rename` makes of them.
pub(in crate::report) fn collected(rename: impl Fn(&mut Node)) -> Collector {
    let (mut node, names) = (testing::node(), KernelNames::default());
    rename(&mut node);
    let mut clock = Clock::replayed(1_700_000_000_000_000_000, SECOND);
    let machine = Machine { host: "worker-1".to_owned(), kernel: "6.18".to_owned(), ..Machine::default() };
    let mut collector = Collector::new(machine);
    let outcomes = vec![Outcome::Attached; HOOKS.len()];
    let status = TraceStatus { hooks: table(HOOKS, &outcomes), interfaces: 7, ..TraceStatus::default() };
    let mut tell = |at_ns, item: &Item<'_>| {
        clock.set(at_ns);
        collector.take(item, &Context { clock: &clock, node: &node, kernel_names: &names });
    };
    tell(SECOND, &Item::Status(&status));
    for n in 0..3 {
        let mut event = testing::event(33276, 1500, testing::drop(1450));
        event.time_ns = (2 + n) * SECOND;
        let attributed = AttributedEvent {
            event,
            owner: Some(NetnsId(3)),
            container: node.container(NetnsId(3)).cloned(),
        };
        tell(2 * SECOND, &Item::Event(&attributed));
    }
    let mut verdict = testing::blackhole(&node);
    verdict.since_ns = 2 * SECOND;
    tell(3 * SECOND, &Item::Verdict(&verdict));
    let tallies = [(NetnsId(3), testing::tally(&node, 3))];
    let totals = Totals { events: 3, connected: [NetnsId(3)].into(), ..Totals::default() };
    tell(9 * SECOND, &Item::End(&[verdict], &tallies, &status, &totals));
    collector
}

#[test]
fn the_incident_is_told_in_every_form() {
    let incident = collected(|_| {}).incident();
    assert!(incident.problem && !incident.proven);
    insta::assert_snapshot!("markdown", markdown::page(&incident));
    insta::assert_snapshot!("html", html::page(&incident));
    let json = serde_json::to_string_pretty(&incident).unwrap();
    assert_eq!(json, serde_json::to_string_pretty(&collected(|_| {}).incident()).unwrap(), "the same bytes");
}

#[test]
fn names_from_outside_are_text_in_every_form() {
    const EVIL: &str = "<script>alert(1)</script>|`x`\n# \u{202e}\"'&";
    let incident = collected(|node| {
        for netns in node.netns.values_mut() {
            netns.links.values_mut().for_each(|link| link.name = EVIL.to_owned());
            netns.containers.iter_mut().for_each(|container| container.name = Some(EVIL.to_owned()));
        }
    })
    .incident();
    let (page, ticket) = (html::page(&incident), markdown::page(&incident));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(!page.contains('\u{202e}') && !ticket.contains('\u{202e}'));
    // In code Markdown takes everything as it is.
    let outside = ticket.lines().filter(|line| !line.contains(": `"));
    assert!(outside.clone().all(|line| !line.contains("<script")), "{ticket}");
    assert_eq!(outside.filter(|line| line.starts_with("# ")).count(), 1, "{ticket}");
}

#[test]
fn nothing_seen_is_well_only_where_nothing_was_missed() {
    let told = |totals: Option<Totals>, status: &TraceStatus| {
        let (node, names) = (testing::node(), KernelNames::default());
        let clock = Clock::replayed(0, SECOND);
        let mut collector = Collector::new(Machine::default());
        let context = Context { clock: &clock, node: &node, kernel_names: &names };
        if let Some(totals) = totals {
            collector.take(&Item::End(&[], &[], status, &totals), &context);
        }
        collector.incident()
    };
    let fine = TraceStatus::default();
    let well = told(Some(Totals::default()), &fine);
    assert!(well.proven && well.headline.starts_with("No MTU problem"), "{}", well.headline);
    assert!(markdown::page(&well).starts_with("# no problem found: "), "{}", markdown::page(&well));
    let mut lost = Totals::default();
    lost.records.lost = 1;
    let open = [
        (lost, fine.clone(), "1 record was lost"),
        (Totals { unready: true, ..Totals::default() }, fine.clone(), "before all interfaces"),
        (Totals { undecodable: 2, ..Totals::default() }, fine.clone(), "2 records could not be decoded"),
        (Totals::default(), TraceStatus { cut: 1, ..fine.clone() }, "has more than is read"),
        (Totals::default(), TraceStatus { pid_namespace: Some(1), ..fine.clone() }, "pid namespace"),
    ];
    for (totals, status, why) in open {
        let incident = told(Some(totals), &status);
        assert!(!incident.proven && incident.headline.starts_with("No verdict"), "{}", incident.headline);
        assert!(incident.headline.contains(why), "{}", incident.headline);
        for page in [markdown::page(&incident), html::page(&incident)] {
            assert!(!page.contains("no problem found"), "{page}");
            assert!(page.contains("nothing found, and not all was seen"), "{page}");
        }
    }
    assert!(!told(None, &fine).proven);
}

#[test]
fn time_and_flows_are_bounded() {
    let mut timeline = Timeline::default();
    timeline.begin(0);
    for second in 0..100_000u64 {
        timeline.add(second * SECOND, SignalKind::Drop);
    }
    let told = timeline.told(100_000 * SECOND);
    let steps = &told.series[&SignalKind::Drop];
    assert!(steps.len() <= 121 && steps.iter().sum::<u64>() == 100_000, "{}", steps.len());
    let mut flows = Flows::default();
    for port in 0..10_000u16 {
        let event = testing::event(port, 1500, EventKind::Retransmit);
        flows.add(&AttributedEvent { event, owner: None, container: None });
    }
    let (rows, more) = flows.told();
    assert_eq!(u64::try_from(rows.len()).unwrap() + more, 10_000);
}

#[test]
fn many_verdicts_are_told_in_full_up_to_a_number_and_counted_beyond() {
    let mut incident = collected(|_| {}).incident();
    let one = incident.verdicts[0].clone();
    incident.verdicts = vec![one; 300];
    let (page, ticket) = (html::page(&incident), markdown::page(&incident));
    assert!(page.len() < 400_000, "{} bytes", page.len());
    for text in [&page, &ticket] {
        assert!(text.contains("250 more verdicts"), "{text}");
        assert_eq!(text.matches("PMTU black hole (active)").count(), 300);
    }
    assert_eq!((page.matches("<h3>History</h3>").count(), ticket.matches("### History").count()), (50, 50));
    assert!(!html::page(&collected(|_| {}).incident()).contains("more verdicts"));
}

#[test]
fn histories_are_numbered_as_the_timeline_is() {
    let mut incident = collected(|_| {}).incident();
    let change =
        |at_ms| Change { time: "2026-01-01T00:00:00.000000000Z".to_owned(), at_ms, what: "x".to_owned() };
    let mut one = incident.verdicts[0].clone();
    one.history = vec![change(100), change(200)];
    incident.verdicts = vec![one; 8];
    let page = html::page(&incident);
    let starts: Vec<&str> = page
        .split("<h3>History</h3><ol start=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    assert_eq!(starts, ["3", "5", "7", "9", "11", "13", "15"], "the first begins with 1");
    // Marks 11 and 12 are those of the sixth, the last that are drawn.
    assert!(page.contains(">12</text>") && !page.contains(">13</text>"), "{page}");
    assert!(page.contains("(the first 12 of 16)"), "{page}");
}

#[test]
fn lengths_without_room_are_counted() {
    let mut collector = collected(|_| {});
    let before = collector.sizes.len();
    (10_000..20_000).for_each(|length| collector.size(length));
    collector.size(10_000);
    let incident = collector.incident();
    let left_out = 10_000 - (SIZES - before);
    assert_eq!((incident.sizes.len(), incident.sizes_left_out), (SIZES, u64::try_from(left_out).unwrap()));
    assert_eq!(incident.sizes[&10_000], 2);
    let page = html::page(&incident);
    assert!(page.contains(&format!("{left_out} events about packets of further lengths")), "{page}");
}

#[test]
fn the_chain_says_whose_each_device_is() {
    let incident = collected(|_| {}).incident();
    let page = html::page(&incident);
    let chain = page.split_once("<svg class=\"chain\"").unwrap().1.split_once("</svg>").unwrap().0;
    let hops = &incident.verdicts[0].verdict.path;
    let owners: std::collections::BTreeSet<String> =
        hops.iter().map(|hop| describe::owner(hop.netns, &testing::node())).collect();
    assert!(owners.len() >= 2, "{owners:?}");
    for owner in owners {
        assert!(chain.contains(&format!(">{owner}</text>")), "{owner}: {chain}");
        assert!(markdown::page(&incident).contains(&format!("[{owner}] ")), "{owner}");
    }
}
