//! The keys.
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::cell::{fit, pad};
use super::theme::Theme;
use crate::output::tui::keys::HELP;

/// Width of the column of keys.
const KEYS: usize = 17;

/// Draws it over what is there.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let widest = HELP.iter().map(|(_, what)| what.len()).max().unwrap_or(0);
    let width = u16::try_from(KEYS + widest + 2).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(HELP.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let area = area.centered(Constraint::Length(width), Constraint::Length(height));
    let room = usize::from(width).saturating_sub(KEYS + 2);
    let line = |(keys, what): &(&str, &str)| {
        Line::from(vec![Span::styled(pad(keys, KEYS), theme.strong()), Span::raw(fit(what, room))])
    };
    let lines: Vec<Line<'_>> = HELP.iter().map(line).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys ")), area);
}
