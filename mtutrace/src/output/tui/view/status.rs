//! What is always there: the cost, what is watched, the state of the screen, the keys.
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cell::fit;
use super::theme::Theme;
use crate::output::tui::app::App;

/// Lines that it takes; on a low screen the keys are left to the help.
pub(super) fn height(area: Rect) -> u16 {
    if area.height < 16 { 2 } else { 3 }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) {
    let data = app.data();
    let room = usize::from(area.width);
    let lost = match data.lost {
        0 => Span::styled("nothing lost", theme.good()),
        n => Span::styled(format!("{n} events LOST"), theme.wrong()),
    };
    let cost = Line::from(vec![Span::raw("cost: "), lost, Span::raw(", "), Span::raw(data.cost.words())]);
    let status = &data.status;
    let mut state = state(app);
    state.extend(data.starting.map(|(attached, wanted)| match wanted {
        0 => "starting".to_owned(),
        _ => format!("attached {attached}/{wanted}"),
    }));
    let seconds = data.elapsed_ns / 1_000_000_000;
    let traced = format!(
        "{}:{:02}:{:02}, {} interfaces, {} namespaces, {} containers",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        status.interfaces,
        status.namespaces,
        status.containers
    );
    state.extend(data.starting.is_none().then_some(traced));
    let keys = match (app.typing, app.details) {
        (true, _) => "type to filter   Enter apply   Esc clear",
        (_, true) => "q quit  ? help  Esc back  Tab pane  j k scroll  h l sideways  y copy the fix",
        _ => "q quit  ? help  Enter details  Tab pane  / filter  s sort  f follow  p pause",
    };
    let lines =
        vec![cost, Line::styled(fit(&state.join(" | "), room), theme.strong()), Line::from(fit(keys, room))];
    frame.render_widget(Paragraph::new(lines), area);
}

/// What was switched on.
fn state(app: &App) -> Vec<String> {
    let mut state = Vec::new();
    if app.typing {
        state.push(format!("/{}_", app.filter));
    } else if !app.filter.is_empty() {
        state.push(format!("/{}", app.filter));
    }
    if app.is_paused() {
        state.push("PAUSED".to_owned());
    }
    if app.follow {
        state.push("following".to_owned());
    }
    state.extend(app.note.map(str::to_owned));
    state
}
