//! The verdicts, in words.
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cell::{clean, fit, wrap};
use super::pane::pane;
use super::theme::{Theme, sign};
use crate::model::{Ended, Fix, FixScope, Severity, StandingMismatch, Verdict};
use crate::output::Totals;
use crate::output::text::{closing, describe};
use crate::output::tui::app::{App, Pane};
use crate::output::tui::data::Data;
use crate::output::unseen::unseen;

/// Standing mismatches that are told.
const STANDING: usize = 4;

/// Draws the pane, the selected verdict in sight.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) {
    let verdicts = &app.data().verdicts;
    let active = verdicts.iter().filter(|timed| timed.verdict.active).count();
    let title = format!("Verdicts: {active} active, {} ended", verdicts.len() - active);
    let active = app.pane == Pane::First;
    let block = pane(title, active, theme);
    let inner = block.inner(area);
    let lines = lines(app, theme, inner.width);
    let room = usize::from(inner.height);
    let selected = lines.iter().position(|(n, _)| *n == app.verdict).filter(|_| active).unwrap_or(0);
    let first = selected.min(lines.len().saturating_sub(room));
    let lines: Vec<Line<'_>> = lines.into_iter().skip(first).take(room).map(|(_, line)| line).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// All lines, each with the number of its verdict.
pub(super) fn lines(app: &App, theme: Theme, width: u16) -> Vec<(usize, Line<'static>)> {
    let data = app.data();
    let standing = data.unsaid().take(STANDING).flat_map(|m| standing_lines(m, theme, usize::from(width)));
    let standing: Vec<_> = standing.map(|line| (data.verdicts.len(), line)).collect();
    if data.verdicts.is_empty() && standing.is_empty() && data.starting.is_some() {
        return vec![(0, Line::from("Starting: not all interfaces are traced yet."))];
    }
    if data.verdicts.is_empty() && standing.is_empty() {
        return nothing_lines(data, theme, usize::from(width)).into_iter().map(|line| (0, line)).collect();
    }
    let mut lines = Vec::new();
    for (n, timed) in data.verdicts.iter().enumerate() {
        let chosen = app.pane == Pane::First && app.verdict == n;
        let style = if chosen { theme.selected() } else { Style::new() };
        let own = verdict_lines(&timed.verdict, theme, usize::from(width));
        lines.extend(own.into_iter().map(|line| (n, line.patch_style(style))));
    }
    lines.extend(standing);
    lines
}

/// Nothing was found: good news only where all was seen.
fn nothing_lines(data: &Data, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let why = closing::open(&unseen(&data.status, &Totals::so_far(data.lost)));
    let (sign, style, nothing) = match why {
        None => ("ok ", theme.good(), "No MTU problem"),
        Some(_) => ("-- ", theme.severity(Severity::Warning), "No verdict"),
    };
    let head = format!("{nothing} so far on {} interfaces.", data.status.interfaces);
    let head = Line::from(vec![Span::styled(sign, style), Span::raw(head)]);
    let why = why.into_iter().flat_map(|why| wrap(&why, width.saturating_sub(3)));
    [head].into_iter().chain(why.map(|part| Line::from(format!("   {part}")))).collect()
}

/// A mismatch that stands while nothing stalls of it, and what to do.
fn standing_lines(m: &StandingMismatch, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let head = format!("{} {}", sign(Some(m.severity)), m.severity.word());
    let text = format!("{head} standing mismatch: {}", m.summary);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (n, part) in wrap(&text, width.saturating_sub(3)).into_iter().enumerate() {
        lines.push(match part.strip_prefix(&head) {
            Some(rest) if n == 0 => Line::from(vec![
                Span::styled(head.clone(), theme.severity(m.severity)),
                Span::raw(rest.to_owned()),
            ]),
            _ => Line::from(format!("   {part}")),
        });
    }
    lines.extend(fix_lines(&m.fix, theme, width));
    lines
}

/// What to do at once and for good.
fn fix_lines(fixes: &[Fix], theme: Theme, width: usize) -> Vec<Line<'static>> {
    let best = |(scope, label): (FixScope, &'static str)| {
        let fix = Fix::best(fixes, scope)?;
        let command = fit(&clean(&fix.command), width.saturating_sub(label.len()));
        Some(Line::from(vec![Span::styled(label, theme.good()), Span::styled(command, theme.strong())]))
    };
    [(FixScope::Now, "   now      "), (FixScope::Permanent, "   for good ")]
        .into_iter()
        .filter_map(best)
        .collect()
}

/// One verdict: what is wrong and, as long as there is something to do, what to do at once and for good.
pub(super) fn verdict_lines(v: &Verdict, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let (sign, word, style) = theme.of(v);
    let head = format!("{sign} {word}");
    let text = format!("{head} {}: {}", v.kind.title(), describe(v));
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (n, part) in wrap(&text, width.saturating_sub(3)).into_iter().enumerate() {
        lines.push(match part.strip_prefix(&head) {
            Some(rest) if n == 0 => {
                Line::from(vec![Span::styled(head.clone(), style), Span::raw(rest.to_owned())])
            }
            _ => Line::from(format!("   {part}")),
        });
    }
    if v.ended != Some(Ended::Fixed) {
        lines.extend(fix_lines(&v.fix, theme, width));
    }
    lines
}
