//! The containers as a tree, with their figures.
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cell::{count, pad, right, width};
use super::pane::pane;
use super::theme::{Theme, sign};
use crate::model::SignalKind;
use crate::output::tui::app::{App, Pane};
use crate::output::tui::data::Data;
use crate::output::tui::series::INTERVALS;
use crate::output::tui::tree::{Branch, tree};

/// Widths of the columns with numbers, and the fewest bars that say anything.
const NUMBER: usize = 7;
const FEWEST_BARS: usize = 10;

/// What fits.
struct Columns {
    name: usize,
    bars: usize,
    signals: Vec<SignalKind>,
}

impl Columns {
    fn new(data: &Data, room: usize) -> Columns {
        let name = (room * 2 / 5).clamp(12, 48);
        let mut left = room.saturating_sub(3 + name + 2 * NUMBER + 1);
        let mut signals = Vec::new();
        let seen = |signal: &&SignalKind| data.rows.values().any(|row| row.signals.contains_key(signal));
        for signal in SignalKind::ALL.iter().filter(seen) {
            if left >= column(*signal) + FEWEST_BARS {
                left -= column(*signal);
                signals.push(*signal);
            }
        }
        Columns { name, bars: left.min(INTERVALS), signals }
    }

    fn head(&self) -> String {
        let mut head = format!("   {}{}{} ", pad("", self.name), right("total", NUMBER), right("/s", NUMBER));
        head.push_str(&pad("history", self.bars));
        self.signals.iter().for_each(|signal| head.push_str(&right(signal.short(), column(*signal))));
        head
    }

    fn row(&self, branch: &Branch<'_>, theme: Theme) -> Line<'static> {
        let style = branch.trouble.map_or(ratatui::style::Style::new(), |severity| theme.severity(severity));
        let gone = branch.row.is_some_and(|row| !row.alive);
        let name = format!("{}{}{}", branch.prefix, branch.label, if gone { " (gone)" } else { "" });
        let mut spans = vec![
            Span::styled(format!("{} ", sign(branch.trouble)), style),
            Span::styled(pad(&name, self.name), style),
        ];
        if let Some(row) = branch.row {
            let rate = if row.all.rate > 0.0 { format!("{:.1}", row.all.rate) } else { "-".to_owned() };
            spans.push(Span::raw(format!(
                "{}{} ",
                right(&count(row.all.total), NUMBER),
                right(&rate, NUMBER)
            )));
            spans.push(Span::raw(row.all.bars(self.bars)));
            for signal in &self.signals {
                let total = row.signals.get(signal).map_or("-".to_owned(), |series| count(series.total));
                spans.push(Span::raw(right(&total, column(*signal))));
            }
        }
        Line::from(spans)
    }
}

/// Draws the pane, the selected row in sight.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) {
    let data = app.data();
    let rows = tree(data, app.sort, &app.filter);
    let title = format!("Containers by {}", app.sort.name());
    let block = pane(title, app.pane == Pane::Second, theme);
    let inner = block.inner(area);
    let columns = Columns::new(data, usize::from(inner.width));
    let selected = app.selected().map_or(0, |(at, _)| at);
    let room = usize::from(inner.height).saturating_sub(1);
    let first = selected.saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    let mut lines = vec![Line::styled(columns.head(), theme.strong())];
    for (n, branch) in rows.iter().enumerate().skip(first).take(room) {
        let line = columns.row(branch, theme);
        lines.push(if n == selected { line.patch_style(theme.selected()) } else { line });
    }
    if rows.is_empty() {
        lines.push(Line::from("   nothing here: Esc drops the filter"));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn column(signal: SignalKind) -> usize {
    width(signal.short()).max(5) + 1
}
