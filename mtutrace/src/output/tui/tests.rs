//! Whole screens, as they are read.
use ratatui::style::Color;

use super::app::{App, Effect};
use super::keys::Action;
use super::testing::{SECOND, act, blackhole, buffer, node, quiet, screen, stalled};
use crate::model::{Ended, FixScope};
use crate::output::{Item, Losses};
use crate::telemetry::TraceStatus;

#[test]
fn the_incident_at_80x24() {
    insta::assert_snapshot!(screen(&mut stalled(&node()), 80, 24));
}

#[test]
fn the_incident_at_160x50() {
    insta::assert_snapshot!(screen(&mut stalled(&node()), 160, 50));
}

#[test]
fn the_incident_at_60x15() {
    insta::assert_snapshot!(screen(&mut stalled(&node()), 60, 15));
}

#[test]
fn nothing_wrong() {
    insta::assert_snapshot!(screen(&mut quiet(&node()), 80, 24));
}

#[test]
fn nothing_wrong_where_not_all_is_seen() {
    let (mut app, node) = (quiet(&node()), node());
    let status = TraceStatus { pid_namespace: Some(7), ..app.data().status.clone() };
    app.take(&Item::Status(&status), &node, 0);
    let said = screen(&mut app, 80, 24);
    assert!(
        said.contains("No verdict so far on 7 interfaces.") && said.contains("Not all was seen"),
        "{said}"
    );
    assert!(!said.contains("No MTU problem"), "{said}");
}

#[test]
fn details_at_80x24() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::Open]);
    insta::assert_snapshot!("explanation", screen(&mut app, 80, 24));
    act(&mut app, &[Action::Bottom]);
    insta::assert_snapshot!("explanation_bottom", screen(&mut app, 80, 24));
    act(&mut app, &[Action::Pane]);
    insta::assert_snapshot!("figures", screen(&mut app, 80, 24));
}

#[test]
fn details_at_160x50() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::Open]);
    insta::assert_snapshot!(screen(&mut app, 160, 50));
}

#[test]
fn the_way_out_of_a_container_without_a_verdict() {
    let mut app = quiet(&node());
    act(&mut app, &[Action::Down, Action::Open]);
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("No problem seen") && said.contains("docker0") && said.contains("LIMIT"), "{said}");
}

#[test]
fn help() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::Help]);
    insta::assert_snapshot!(screen(&mut app, 80, 24));
    act(&mut app, &[Action::Sort]);
    assert!(!screen(&mut app, 80, 24).contains("this help"), "any key ends it");
}

#[test]
fn a_filter_keeps_what_is_around_what_it_finds() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::Filter]);
    "VETH8".chars().for_each(|c| act(&mut app, &[Action::Type(c)]));
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("/VETH8_") && said.contains("pod") && !said.contains("└─ build"), "{said}");
    act(&mut app, &[Action::Rub, Action::Rub, Action::Rub, Action::Rub, Action::Rub]);
    "build".chars().for_each(|c| act(&mut app, &[Action::Type(c)]));
    act(&mut app, &[Action::Open]);
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("| /build") || said.contains("/build |"), "{said}");
    assert!(said.contains("pod") && said.contains("└─ build") && !said.contains("the host"), "{said}");
    act(&mut app, &[Action::Back]);
    assert!(screen(&mut app, 80, 24).contains("the host"));
}

#[test]
fn without_colour_it_says_the_same() {
    let mut app = stalled(&node());
    for actions in [&[][..], &[Action::Open], &[Action::Pane]] {
        act(&mut app, actions);
        let (with, without) = (buffer(&mut app, 160, 50, true), buffer(&mut app, 160, 50, false));
        let symbols = |buffer: &ratatui::buffer::Buffer| -> String {
            buffer.content().iter().map(|cell| cell.symbol().to_owned()).collect()
        };
        assert_eq!(symbols(&with), symbols(&without));
        assert!(without.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
        assert!(with.content().iter().any(|c| c.fg == Color::Red));
        let palette = |colour| !matches!(colour, Color::Rgb(..) | Color::Indexed(_));
        assert!(with.content().iter().all(|c| palette(c.fg) && palette(c.bg)), "light backgrounds too");
    }
}

#[test]
fn what_is_over_says_so_and_leaves_the_tree_quiet() {
    let node = node();
    let mut app = stalled(&node);
    let mut over = blackhole(&node);
    (over.active, over.ended) = (false, Some(Ended::Fixed));
    app.take(&Item::Verdict(&over), &node, 70 * SECOND);
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("0 active, 1 ended") && said.contains("ok SOLVED PMTU black hole"), "{said}");
    assert!(!said.contains("CRITICAL") && !said.contains("!!"), "{said}");
}

#[test]
fn a_paused_display_stands_still() {
    let node = node();
    let mut app = quiet(&node);
    act(&mut app, &[Action::Pause]);
    assert!(!app.take(&Item::Verdict(&blackhole(&node)), &node, 61 * SECOND), "nothing to draw");
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("PAUSED") && !said.contains("CRITICAL"), "{said}");
    act(&mut app, &[Action::Pause]);
    assert!(screen(&mut app, 80, 24).contains("CRITICAL"));
}

#[test]
fn losses_shout() {
    let node = node();
    let mut app = quiet(&node);
    app.take(
        &Item::Lost(&crate::telemetry::TraceStatus::default(), Losses { events: 12, lines: 0, limited: 0 }),
        &node,
        61 * SECOND,
    );
    assert!(screen(&mut app, 80, 24).contains("12 events LOST"));
}

#[test]
fn a_copied_command_is_what_was_read() {
    let node = node();
    let mut app = quiet(&node);
    assert_eq!(app.act(Action::Copy), Effect::Nothing);
    let mut verdict = blackhole(&node);
    let relief = verdict.fix.iter_mut().find(|fix| fix.scope == FixScope::Now).unwrap();
    "nft list ruleset\nreboot".clone_into(&mut relief.command);
    app.take(&Item::Verdict(&verdict), &node, 61 * SECOND);
    act(&mut app, &[Action::Open]);
    assert_eq!(app.act(Action::Copy), Effect::Copy("nft list ruleset\\u{a}reboot".to_owned()));
}

const HOSTILE: [&str; 8] = [
    "\x1b[2J\x1b]0;owned\x07",
    "a'b\"c`d$(e)",
    "two\nlines\r\tand tabs",
    "\u{202e}desrever\u{200f}\u{2066}x",
    "容器世界容器世界容器世界容器世界容器世界",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{200d}\u{fe0f}👩‍👩‍👧‍👦🇩🇪",
    "\u{fffd}\u{9b}31m\0",
    "",
];

fn named(name: &str) -> App {
    let mut node = node();
    for netns in node.netns.values_mut() {
        netns.links.values_mut().for_each(|link| link.name = name.to_owned());
        netns.containers.iter_mut().for_each(|c| {
            c.name = Some(name.to_owned());
            c.id = format!("{}{name}", c.id);
            c.parents.iter_mut().for_each(|p| p.name = Some(name.to_owned()));
        });
    }
    stalled(&node)
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let long = "x\u{301}\u{7}".repeat(3000);
    for name in HOSTILE.into_iter().chain([long.as_str()]) {
        let mut app = named(name);
        for actions in [&[][..], &[Action::Open], &[Action::Bottom], &[Action::Pane], &[Action::Back]] {
            act(&mut app, actions);
            for (width, height) in [(40, 10), (80, 24), (160, 50)] {
                let drawn = buffer(&mut app, width, height, true);
                for cell in drawn.content() {
                    let bad = |c: char| {
                        c.is_control()
                            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
                    };
                    assert!(!cell.symbol().contains(bad), "{name:?}: {:?}", cell.symbol());
                    assert!(cell.symbol().len() <= 16, "{name:?}: {:?}", cell.symbol());
                }
                // The frame around it all is where it belongs.
                let edge = |x, y| drawn[(x, y)].symbol().to_owned();
                assert_eq!((edge(0, 0), edge(width - 1, 0)), ("┌".to_owned(), "┐".to_owned()), "{name:?}");
            }
        }
    }
}

#[test]
fn no_size_panics() {
    let node = node();
    let mut apps = [stalled(&node), named(HOSTILE[4])];
    let views: [&[Action]; 5] = [
        &[],
        &[Action::Open, Action::Bottom],
        &[Action::Pane, Action::Bottom],
        &[Action::Help],
        &[Action::Back, Action::Back, Action::Pane],
    ];
    for app in &mut apps {
        for view in views {
            act(app, view);
            // Each width and each height, beside others in no order; and all about where it becomes too small.
            let wide = (1..=200).map(|w| (w, w * 37 % 60 + 1));
            let high = (1..=60).map(|h| (h * 53 % 200 + 1, h));
            let small = (37..=42).flat_map(|w| (8..=12).map(move |h| (w, h)));
            let sizes = wide.chain(high).chain(small);
            for (width, height) in sizes {
                buffer(app, width, height, true);
            }
        }
    }
}

#[test]
fn what_stands_is_told_until_a_verdict_says_it() {
    let node = node();
    let mut app = quiet(&node);
    let found = crate::diagnosis::standing::standing(&node);
    app.take(&Item::Standing(&found), &node, 61 * SECOND);
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("!  WARNING standing mismatch: container build: packets can be too big"), "{said}");
    assert!(said.contains("for good dockerd --mtu=1450") && !said.contains("No MTU problem"), "{said}");
    let marked = |line: &str| line.contains("build") && line.contains("!  ") && !line.contains("WARNING");
    assert!(said.lines().any(marked), "in the list of containers: {said}");
    app.take(&Item::Verdict(&blackhole(&node)), &node, 62 * SECOND);
    let said = screen(&mut app, 80, 24);
    assert!(said.contains("!! CRITICAL PMTU black hole") && !said.contains("standing mismatch"), "{said}");
    app.take(&Item::Standing(&[]), &node, 63 * SECOND);
    assert!(!screen(&mut app, 80, 24).contains("standing mismatch"));
}
