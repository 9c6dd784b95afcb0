//! A path as a chain of devices, each with its MTU, the wrong one and the limit marked.
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cell::{fit, width};
use super::theme::Theme;
use crate::model::Hop;

/// The widest name of a device that is written out.
const NAME: usize = 24;

/// What is to be said of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    None,
    /// Its number is wrong.
    Wrong,
    /// It sets the limit.
    Limit,
}

/// The chain in as many rows of boxes as the width demands.
pub(super) fn chain(hops: &[(Hop, Mark)], room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut row = BoxRow::default();
    for (n, (hop, mark)) in hops.iter().enumerate() {
        let link = DeviceBox::new(hop, *mark);
        if n > 0 && row.width + link.inner + 3 > room {
            lines.extend(std::mem::take(&mut row).lines());
        }
        row.add(&link, n > 0, n + 1 < hops.len(), theme);
    }
    lines.extend(row.lines());
    lines
}

/// One device.
struct DeviceBox {
    name: String,
    mtu: String,
    mark: Mark,
    inner: usize,
}

impl DeviceBox {
    fn new(hop: &Hop, mark: Mark) -> DeviceBox {
        let (name, mtu) = (fit(&hop.interface, NAME), hop.mtu.to_string());
        let inner = width(&name).max(width(&mtu)).max(width(word(mark)));
        DeviceBox { name, mtu, mark, inner }
    }
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "",
        Mark::Wrong => "WRONG",
        Mark::Limit => "LIMIT",
    }
}

/// Boxes side by side: four lines of text.
#[derive(Default)]
struct BoxRow {
    spans: [Vec<Span<'static>>; 4],
    width: usize,
}

impl BoxRow {
    fn add(&mut self, link: &DeviceBox, before: bool, after: bool, theme: Theme) {
        let style = match link.mark {
            Mark::None => Style::new(),
            Mark::Wrong => theme.wrong(),
            Mark::Limit => theme.strong(),
        };
        if self.width > 0 {
            ["  ", "  ", "──", "  "]
                .iter()
                .zip(&mut self.spans)
                .for_each(|(gap, line)| line.push(Span::raw(*gap)));
            self.width += 2;
        }
        let edge = "─".repeat(link.inner);
        let foot = format!("{}{}", word(link.mark), "─".repeat(link.inner - width(word(link.mark))));
        let (left, right) = (if before { "┤" } else { "│" }, if after { "├" } else { "│" });
        let box_lines = [
            format!("┌{edge}┐"),
            format!("│{}│", middle(&link.name, link.inner)),
            format!("{left}{}{right}", middle(&link.mtu, link.inner)),
            format!("└{foot}┘"),
        ];
        box_lines
            .into_iter()
            .zip(&mut self.spans)
            .for_each(|(text, line)| line.push(Span::styled(text, style)));
        self.width += link.inner + 2;
    }

    fn lines(self) -> impl Iterator<Item = Line<'static>> {
        self.spans.into_iter().filter(|spans| !spans.is_empty()).map(Line::from)
    }
}

fn middle(text: &str, room: usize) -> String {
    let free = room.saturating_sub(width(text));
    format!("{}{text}{}", " ".repeat(free / 2), " ".repeat(free - free / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LinkKind, NetnsId};

    fn hop(interface: &str, mtu: u32) -> Hop {
        Hop { interface: interface.to_owned(), netns: NetnsId(1), mtu, kind: LinkKind::Veth, ifindex: 1 }
    }

    fn drawn(room: usize) -> String {
        let hops = [
            (hop("eth0", 1500), Mark::None),
            (hop("docker0", 1500), Mark::Wrong),
            (hop("eth0\x1b[2J", 1450), Mark::Limit),
        ];
        let lines = chain(&hops, room, Theme { colour: false });
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn boxes_in_a_row() {
        insta::assert_snapshot!(drawn(80), @r"
    ┌────┐  ┌───────┐  ┌─────────────┐
    │eth0│  │docker0│  │eth0\u{1b}[2J│
    │1500├──┤ 1500  ├──┤    1450     │
    └────┘  └WRONG──┘  └LIMIT────────┘
    ");
    }

    #[test]
    fn rows_of_boxes_where_there_is_no_room() {
        insta::assert_snapshot!(drawn(20), @r"
    ┌────┐  ┌───────┐
    │eth0│  │docker0│
    │1500├──┤ 1500  ├
    └────┘  └WRONG──┘
    ┌─────────────┐
    │eth0\u{1b}[2J│
    ┤    1450     │
    └LIMIT────────┘
    ");
    }

    #[test]
    fn no_path_is_no_picture() {
        assert!(chain(&[], 80, Theme { colour: true }).is_empty());
    }
}
