//! Screens for tests: the founding incident as the engine would tell it.
use std::collections::BTreeMap;

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::app::App;
use super::keys::Action;
use super::view::{Theme, draw};
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::explanation::{Identity, verdict};
use crate::diagnosis::rules::judge;
use crate::filter::Filter;
use crate::model::{
    AttributedEvent, Event, EventKind, Fix, FixScope, FixType, Flow, NetnsId, Node, Port, SignalKind, Tally,
    Verdict, VerdictId,
};
use crate::output::Item;
use crate::telemetry::TraceStatus;
use crate::telemetry::cost::{Cost, ProgramCost};
use crate::testing::node::incident;
use crate::topology::mismatch;

pub(super) const SECOND: u64 = 1_000_000_000;

pub(crate) fn event(port: u16, length: u32, kind: EventKind) -> Event {
    Event {
        time_ns: SECOND,
        netns: NetnsId(2),
        ifindex: 2,
        hook: HookId::KfreeSkb,
        port: Port::Known,
        flow: Flow {
            protocol: 6,
            src: "192.0.2.10:80".parse().unwrap(),
            dst: ([10, 42, 0, 108], port).into(),
        },
        length,
        gso_segments: None,
        seq: 7,
        ip_id: 0,
        kind,
    }
}

/// A drop of a router.
pub(crate) fn drop(mtu: u32) -> EventKind {
    let cause = DropCause::Forward;
    let (mtu, egress, device_mtu) = (Some(mtu), Some(2), None);
    EventKind::Drop { cause, reason: 0, location: 0, mtu, egress, device_mtu, icmp_too_big: false }
}

/// The incident's node, with containers that know where they run.
pub(crate) fn node() -> Node {
    let mut node = incident().0;
    let pod = node.netns[&NetnsId(2)].containers[0].clone();
    let inner = node.netns.get_mut(&NetnsId(3)).unwrap();
    inner.pid = Some(30);
    inner.containers[0].parents.push(pod);
    node
}

/// The verdict about it.
pub(crate) fn blackhole(node: &Node) -> Verdict {
    let mut trouble = Evidence::new(NetnsId(3), mismatch(node, NetnsId(3), None).unwrap(), SECOND);
    trouble.belongs_to(node.container(NetnsId(3)));
    for n in 0..4 {
        trouble.add(&Event { time_ns: SECOND + n * SECOND / 5, ..event(33276, 1500, drop(1450)) });
    }
    let identity = Identity { id: VerdictId::of(3), since_ns: SECOND, replaces: None };
    let finding = judge(&trouble, 9 * SECOND).unwrap();
    // How remedies are worded is tested where they are made.
    let fix = |command: &str, scope| Fix {
        r#where: "in container pod, which runs the inner Docker".to_owned(),
        what: "restart it with the MTU of its host, and recreate its containers".to_owned(),
        command: command.to_owned(),
        r#type: FixType::Shell,
        scope,
        rank: 1,
        undo: (scope == FixScope::Now).then(|| "nft delete table inet mtu_relief".to_owned()),
    };
    let long = "nft 'add table inet mtu_relief; add chain inet mtu_relief forward { type filter hook forward priority 0; }'";
    Verdict {
        fix: vec![fix("dockerd --mtu=1450", FixScope::Permanent), fix(long, FixScope::Now)],
        ..verdict(&trouble, finding, identity, true, node)
    }
}

/// A run in which nothing has happened for a minute.
pub(super) fn quiet(node: &Node) -> App {
    let mut app = App::new(Filter::default());
    let status = TraceStatus { interfaces: 7, namespaces: 3, containers: 2, ..TraceStatus::default() };
    let program = ProgramCost {
        program: "mtut_in".to_owned(),
        runs: 20_000,
        ns_per_run: 84.0,
        ..ProgramCost::default()
    };
    app.live().cost =
        Cost { programs: vec![program], cpu_percent: 0.4, memory_bytes: 21_000_000, ..Cost::default() };
    app.take(&Item::Status(&status), node, 0);
    app.take(&Item::Report(&[]), node, 60 * SECOND);
    app
}

/// The same, with events of the incident and its verdict.
pub(super) fn stalled(node: &Node) -> App {
    let mut app = quiet(node);
    let verdict = blackhole(node);
    for second in 1..=8u64 {
        let now = (60 + second) * SECOND;
        for n in 0..second {
            let length = if n % 3 == 0 { 1480 } else { 1500 };
            let event = event(33276 + u16::try_from(n % 2).unwrap(), length, drop(1450));
            let container = node.container(NetnsId(3)).cloned();
            let charged = AttributedEvent { event, owner: Some(NetnsId(3)), container };
            app.take(&Item::Event(&charged), node, now);
        }
        app.take(&Item::Report(&[(NetnsId(3), tally(node, second * (second + 1) / 2))]), node, now);
    }
    app.take(&Item::Verdict(&verdict), node, 68 * SECOND);
    app
}

/// Counters of the inner container.
pub(crate) fn tally(node: &Node, drops: u64) -> Tally {
    let counters = BTreeMap::from([(SignalKind::Drop, drops), (SignalKind::IcmpSent, drops / 2)]);
    Tally { container: node.container(NetnsId(3)).cloned(), counters, changed: true, ..Tally::default() }
}

/// Draws, as the driver does.
pub(super) fn buffer(app: &mut App, width: u16, height: u16, colour: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut extent = None;
    terminal.draw(|frame| extent = Some(draw(frame, app, Theme { colour }))).unwrap();
    app.extent = extent.unwrap();
    terminal.backend().buffer().clone()
}

/// What can be read, without the blanks at the ends of lines.
pub(super) fn screen(app: &mut App, width: u16, height: u16) -> String {
    let buffer = buffer(app, width, height, true);
    let mut lines = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap().max(1);
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

pub(super) fn act(app: &mut App, actions: &[Action]) {
    for action in actions {
        app.act(*action);
        buffer(app, 80, 24, true);
    }
}
