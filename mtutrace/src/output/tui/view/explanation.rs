//! What is wrong with one container, and what to do: the left half of the details.
use ratatui::text::{Line, Span};

use super::cell::{clean, wrap};
use super::chain::{Mark, chain};
use super::theme::Theme;
use super::verdicts::verdict_lines;
use crate::model::{Bottleneck, Device, Ended, Fix, FixScope, Hop, NetnsId, Verdict};
use crate::output::text::label;
use crate::output::tui::data::Data;
use crate::output::tui::figures::Subject;
use crate::topology::mismatch;
use crate::topology::path;

/// All of it, verdict by verdict.
pub(super) fn lines(data: &Data, who: &Subject, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for verdict in data.about(who) {
        lines.extend(about(verdict, room, theme));
        lines.push(Line::default());
    }
    if lines.is_empty() {
        lines.push(Line::from(vec![
            Span::styled("ok ", theme.good()),
            Span::raw("No problem seen here. Egress path:"),
        ]));
        let netns = data.rows.get(who).map(|row| row.netns);
        lines.extend(chain(&netns.map(|netns| way_out(data, netns)).unwrap_or_default(), room, theme));
    }
    lines.extend(names(data, who, room, theme));
    lines
}

fn about(v: &Verdict, room: usize, theme: Theme) -> Vec<Line<'static>> {
    // The fixes come below, in full.
    let bare = Verdict { fix: Vec::new(), ..v.clone() };
    let mut lines = verdict_lines(&bare, theme, room);
    let here = |hop: &Hop, device: Option<&Device>| device == Some(&hop.device());
    let marked = v.path.iter().map(|hop| {
        let mark = match hop {
            hop if here(hop, v.culprit.as_ref()) => Mark::Wrong,
            hop if here(hop, v.bottleneck.as_ref().and_then(Bottleneck::device)) => Mark::Limit,
            _ => Mark::None,
        };
        (hop.clone(), mark)
    });
    if !v.path.is_empty() {
        lines.push(Line::styled("Path, container first", theme.strong()));
        lines.extend(chain(&marked.collect::<Vec<_>>(), room, theme));
    }
    if v.ended != Some(Ended::Fixed) {
        lines.extend(fixes(&v.fix, room, theme));
    }
    lines.push(Line::styled("Evidence", theme.strong()));
    for sentence in &v.evidence {
        for (n, part) in wrap(sentence, room.saturating_sub(2)).into_iter().enumerate() {
            lines.push(Line::from(format!("{}{part}", if n == 0 { "- " } else { "  " })));
        }
    }
    lines
}

/// Commands on lines of their own from the first column, never broken: to be copied. What works at once and what lasts first.
fn fixes(fixes: &[Fix], room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut order: Vec<&Fix> = fixes.iter().collect();
    order.sort_by_key(|fix| (fix.rank, fix.scope == FixScope::Permanent));
    for fix in order {
        let (head, style) = match (fix.rank, fix.scope) {
            (..=1, FixScope::Now) => ("Now", theme.good()),
            (..=1, FixScope::Permanent) => ("For good", theme.good()),
            _ => ("Or", theme.strong()),
        };
        let place = wrap(&format!("{head}: {}: {}", fix.r#where, fix.what), room);
        lines.extend(place.into_iter().map(Line::from));
        lines.push(Line::styled(clean(&fix.command), style));
        if let Some(undo) = &fix.undo {
            lines.push(Line::from("undo:"));
            lines.push(Line::from(clean(undo)));
        }
    }
    lines
}

/// The default way out, with what would be wrong if a big packet came.
fn way_out(data: &Data, netns: NetnsId) -> Vec<(Hop, Mark)> {
    let wrong = mismatch(&data.node, netns, None);
    let mark = |hop: &Hop| match &wrong {
        Some(m) if m.culprit.id() == hop.id() => Mark::Wrong,
        Some(m) if m.bottleneck.id() == hop.id() => Mark::Limit,
        _ => Mark::None,
    };
    path(&data.node, netns, None).into_iter().map(|hop| (hop.clone(), mark(&hop))).collect()
}

/// Names of the container and those that it runs in, in full.
fn names(data: &Data, who: &Subject, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let row = data.rows.get(who);
    let mut said = Vec::new();
    let container = row.and_then(|row| row.container.as_ref());
    for (n, c) in container.iter().flat_map(|c| std::iter::once(*c).chain(&c.parents)).enumerate() {
        said.push(format!("{}{}", if n == 0 { "container " } else { "in " }, label(c)));
    }
    said.extend(row.map(|row| format!("network namespace {}", row.netns)));
    let mut lines = vec![Line::styled("Who", theme.strong())];
    lines.extend(said.iter().flat_map(|text| wrap(text, room)).map(Line::from));
    lines
}
