//! The frame around a pane.
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Block;

use super::theme::Theme;

/// A frame with a title; strong if the keys act on what is in it.
pub(super) fn pane(title: String, active: bool, theme: Theme) -> Block<'static> {
    let style = if active { theme.strong() } else { Style::new() };
    let mark = if active { "*" } else { " " };
    Block::bordered().title(Line::styled(format!("{mark}{title} "), style))
}
