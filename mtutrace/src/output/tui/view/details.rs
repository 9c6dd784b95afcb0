//! One container: its story and its figures, side by side where there is room, else one at a time.
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::cell::fit;
use super::pane::pane;
use super::theme::Theme;
use super::{explanation, figures};
use crate::output::text::label;
use crate::output::tui::app::{App, Extent, Pane};
use crate::output::tui::data::Data;
use crate::output::tui::figures::Subject;

/// From this width on both are shown.
const BOTH: u16 = 110;

/// Draws them.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) -> Extent {
    let Some(who) = app.subject() else { return Extent::default() };
    let data = app.data();
    let mut extent = Extent { page: usize::from(area.height.saturating_sub(3)), scroll: [0, 0] };
    let both = area.width >= BOTH;
    let areas: [Rect; 2] = if both {
        Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(area)
    } else {
        [area, area]
    };
    for (n, half) in [Pane::First, Pane::Second].into_iter().enumerate() {
        if !both && app.pane != half {
            continue;
        }
        let room = usize::from(areas[n].width).saturating_sub(2);
        let (title, lines) = match half {
            Pane::First => (name(data, &who), explanation::lines(data, &who, room, theme)),
            Pane::Second => ("figures".to_owned(), figures::lines(data, &who, room, theme)),
        };
        let title = if both { title } else { format!("{} of 2: {title}", n + 1) };
        let aside = if half == Pane::First { app.aside } else { 0 };
        let block = pane(fit(&title, room.saturating_sub(4)), app.pane == half, theme);
        extent.scroll[n] = lines.len().saturating_sub(usize::from(block.inner(areas[n]).height));
        let down = app.scroll[n].min(extent.scroll[n]);
        let lines: Vec<Line<'_>> = lines.into_iter().skip(down).collect();
        let aside = u16::try_from(aside).unwrap_or(u16::MAX);
        frame.render_widget(Paragraph::new(lines).scroll((0, aside)).block(block), areas[n]);
    }
    extent
}

fn name(data: &Data, who: &Subject) -> String {
    let row = data.rows.get(who);
    let container = row.and_then(|row| row.container.as_ref());
    match (container, who) {
        (Some(container), _) => format!("container {}", label(container)),
        (None, Subject::Container(id)) => format!("container {id}"),
        (None, Subject::Netns(netns)) => crate::model::describe::owner(*netns, &data.node),
        (None, Subject::Host) => "the host".to_owned(),
    }
}
