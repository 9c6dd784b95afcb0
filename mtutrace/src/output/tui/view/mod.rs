//! The screen: pure functions of the state.
mod cell;
mod chain;
mod containers;
mod details;
mod explanation;
mod figures;
mod help;
mod pane;
mod sizes;
mod status;
mod theme;
mod verdicts;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::app::{App, Extent};
pub(crate) use theme::Theme;

/// The smallest screen that anything can be read on.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws everything; answers how far one can scroll.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App, theme: Theme) -> Extent {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!(
            "{}x{}: too small, {}x{} is enough (q quits)",
            area.width, area.height, SMALLEST.0, SMALLEST.1
        );
        let lines: Vec<Line<'_>> =
            cell::wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines), area);
        return Extent::default();
    }
    let [body, foot] =
        Layout::vertical([Constraint::Min(4), Constraint::Length(status::height(area))]).areas(area);
    let extent =
        if app.details { details::draw(frame, body, app, theme) } else { overview(frame, body, app, theme) };
    status::draw(frame, foot, app, theme);
    if app.help {
        help::draw(frame, area, theme);
    }
    extent
}

fn overview(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) -> Extent {
    let wanted = verdicts::lines(app, theme, area.width.saturating_sub(2)).len().saturating_add(2);
    // As much as they need, but the containers keep half of the screen.
    let height = u16::try_from(wanted).unwrap_or(u16::MAX).clamp(3, (area.height / 2).max(3));
    let [top, bottom] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
    verdicts::draw(frame, top, app, theme);
    containers::draw(frame, bottom, app, theme);
    let pane = if app.pane == super::app::Pane::First { top } else { bottom };
    Extent { page: usize::from(pane.height.saturating_sub(3)), ..Extent::default() }
}
