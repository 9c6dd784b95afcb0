//! Signals, sizes and flows of one container: the right half of the details.
use ratatui::text::Line;

use super::cell::{count, pad, right};
use super::sizes;
use super::theme::Theme;
use crate::output::tui::data::Data;
use crate::output::tui::figures::Subject;
use crate::topology::path;

/// Most flows that are listed.
const FLOWS: usize = 20;

/// All of it.
pub(super) fn lines(data: &Data, who: &Subject, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some(row) = data.rows.get(who) else {
        return vec![Line::from("no figures: it is only here for what runs in it")];
    };
    let bars = room.saturating_sub(18 + 7 + 8 + 1).min(60);
    let head =
        format!("{}{}{} {}", pad("Signals", 18), right("total", 7), right("/s", 8), pad("history", bars));
    let mut lines = vec![Line::styled(head, theme.strong())];
    for (signal, series) in &row.signals {
        let (total, rate) = (count(series.total), format!("{:.1}", series.rate));
        let bars = series.bars(bars);
        lines.push(Line::from(format!(
            "{}{}{} {bars}",
            pad(signal.name(), 18),
            right(&total, 7),
            right(&rate, 8)
        )));
    }
    if row.signals.is_empty() {
        lines.push(Line::from("nothing yet"));
    }
    let Some(traffic) = &row.traffic else { return lines };
    let told = data.about(who).next().map(|v| v.path.clone());
    let way = told.unwrap_or_else(|| path(&data.node, row.netns, None));
    lines.push(Line::default());
    lines.extend(sizes::lines(&traffic.sizes, &way, room, theme));
    lines.push(Line::default());
    lines.push(Line::styled("Flows with the most events", theme.strong()));
    for (flow, part) in traffic.top(FLOWS) {
        let largest = if part.largest > 0 { format!("up to {} bytes", part.largest) } else { String::new() };
        let protocol = protocol(flow.protocol);
        lines.push(Line::from(format!(
            "{} {protocol} {} > {} {largest}",
            right(&count(part.events), 6),
            flow.src,
            flow.dst
        )));
    }
    lines
}

fn protocol(number: u8) -> String {
    match number {
        1 => "ICMP".to_owned(),
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        58 => "ICMPv6".to_owned(),
        n => format!("protocol {n}"),
    }
}
