//! What is on the screen: the data, and where somebody is in it. Pure: changed by items and by keys.
use super::data::Data;
use super::figures::Subject;
use super::keys::Action;
use super::tree::{Sort, tree};
use crate::filter::Filter;
use crate::model::{Fix, FixScope, Node, Verdict};
use crate::output::Item;
use crate::output::escape::escape;

/// Longest text to filter by, characters.
const FILTER: usize = 64;

/// The two panes of each view; the one that the keys act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// Verdicts; of the details, the explanation.
    First,
    /// Containers; of the details, the figures.
    #[default]
    Second,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    Quit,
    Redraw,
    Suspend,
    Copy(String),
}

/// What the last drawing found out: how far one can go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Lines of the pane that the keys act on.
    pub(super) page: usize,
    /// The furthest that the explanation and the figures can be scrolled.
    pub(super) scroll: [usize; 2],
}

/// All of it.
#[derive(Default)]
pub(super) struct App {
    live: Data,
    paused: Option<Box<Data>>,
    /// The pane that the keys act on.
    pub(super) pane: Pane,
    /// Whether the details are shown.
    pub(super) details: bool,
    /// Whether the help is shown.
    pub(super) help: bool,
    /// Whether a text is being typed.
    pub(super) typing: bool,
    /// The text to filter by.
    pub(super) filter: String,
    /// Order of the rows.
    pub(super) sort: Sort,
    /// Whether the newest verdict is selected as it comes.
    pub(super) follow: bool,
    /// The selected verdict, by its place.
    pub(super) verdict: usize,
    /// How far the explanation and the figures are scrolled.
    pub(super) scroll: [usize; 2],
    /// How far the explanation is moved to the left, columns.
    pub(super) aside: usize,
    /// From the last drawing.
    pub(super) extent: Extent,
    /// A word about what a key just did.
    pub(super) note: Option<&'static str>,
    selected: Option<Subject>,
}

impl App {
    /// Nothing yet.
    pub(super) fn new(filter: Filter) -> App {
        App { live: Data::new(filter), follow: true, ..App::default() }
    }

    /// Takes in an item; answers whether there is something new to see.
    pub(super) fn take(&mut self, item: &Item<'_>, node: &Node, now_ns: u64) -> bool {
        self.live.take(item, node, now_ns);
        if self.follow && !self.details && matches!(item, Item::Verdict(v) if v.active) {
            self.selected = self.live.newest();
        }
        self.paused.is_none() && !matches!(item, Item::Event(_))
    }

    /// What is shown: as it is, or as it was when the display was paused.
    pub(super) fn data(&self) -> &Data {
        self.paused.as_deref().unwrap_or(&self.live)
    }

    /// What is known now.
    pub(super) fn live(&mut self) -> &mut Data {
        &mut self.live
    }

    /// Whether the display is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Subject is selected, and which row that is: the first, if nobody else.
    pub(super) fn selected(&self) -> Option<(usize, Subject)> {
        let rows = tree(self.data(), self.sort, &self.filter);
        let at = self.selected.as_ref().and_then(|who| rows.iter().position(|row| row.who == *who));
        let at = at.unwrap_or(0);
        rows.into_iter().nth(at).map(|row| (at, row.who))
    }

    /// Whom the details are about.
    pub(super) fn subject(&self) -> Option<Subject> {
        self.selected.clone().or_else(|| self.selected().map(|(_, who)| who))
    }

    /// A key was pressed.
    pub(super) fn act(&mut self, action: Action) -> Effect {
        self.note = None;
        if self.typing && self.edit(action) {
            return Effect::Nothing;
        }
        if self.help && !matches!(action, Action::Quit | Action::Redraw | Action::Suspend) {
            self.help = false;
            return Effect::Nothing;
        }
        match action {
            Action::Quit => return Effect::Quit,
            Action::Redraw => return Effect::Redraw,
            Action::Suspend => return Effect::Suspend,
            Action::Copy => return self.copy(),
            Action::Help => self.help = true,
            Action::Filter => self.typing = !self.details,
            Action::Sort => self.sort = self.sort.next(),
            Action::Follow => {
                self.follow = !self.follow;
                if self.follow {
                    self.selected = self.live.newest().or(self.selected.take());
                }
            }
            Action::Pause => {
                self.paused = if self.paused.is_some() { None } else { Some(Box::new(self.live.clone())) }
            }
            Action::Pane => self.pane = if self.pane == Pane::First { Pane::Second } else { Pane::First },
            Action::Open => self.open(),
            Action::Back if self.details => (self.details, self.pane) = (false, Pane::Second),
            Action::Back => self.filter.clear(),
            Action::Left => self.aside = self.aside.saturating_sub(8),
            Action::Right => self.aside = (self.aside + 8).min(4096),
            Action::Up => self.go(|at, _| at.saturating_sub(1)),
            Action::Down => self.go(|at, _| at.saturating_add(1)),
            Action::PageUp => self.go(|at, page| at.saturating_sub(page)),
            Action::PageDown => self.go(|at, page| at.saturating_add(page)),
            Action::Top => self.go(|_, _| 0),
            Action::Bottom => self.go(|_, _| usize::MAX),
            Action::Type(_) | Action::Rub => {}
        }
        Effect::Nothing
    }

    /// A key while the filter is typed; false if it means what it always means.
    fn edit(&mut self, action: Action) -> bool {
        match action {
            Action::Type(c) if self.filter.chars().count() < FILTER && !c.is_control() => self.filter.push(c),
            Action::Rub => drop(self.filter.pop()),
            Action::Open => self.typing = false,
            Action::Back => {
                self.typing = false;
                self.filter.clear();
            }
            Action::Quit | Action::Redraw | Action::Suspend | Action::Up | Action::Down => return false,
            _ => {}
        }
        true
    }

    fn open(&mut self) {
        if self.details {
            return;
        }
        let who = match self.pane {
            Pane::First => {
                let data = self.data();
                data.verdicts.get(self.verdict).map(|timed| Subject::of(&timed.verdict, &data.node))
            }
            Pane::Second => self.selected().map(|(_, who)| who),
        };
        if who.is_some() {
            self.selected = who;
            (self.details, self.pane, self.scroll, self.aside) = (true, Pane::First, [0, 0], 0);
        }
    }

    /// Moves the selection, or scrolls.
    fn go(&mut self, to: impl Fn(usize, usize) -> usize) {
        let page = self.extent.page.max(1);
        match (self.details, self.pane) {
            (true, pane) => {
                let pane = usize::from(pane == Pane::Second);
                self.scroll[pane] = to(self.scroll[pane], page).min(self.extent.scroll[pane]);
            }
            (false, Pane::First) => {
                self.verdict = to(self.verdict, page).min(self.data().verdicts.len().saturating_sub(1));
            }
            (false, Pane::Second) => {
                let Some((at, _)) = self.selected() else { return };
                let rows = tree(self.data(), self.sort, &self.filter);
                let at = to(at, page).min(rows.len().saturating_sub(1));
                self.selected = rows.into_iter().nth(at).map(|row| row.who);
                self.follow = false;
            }
        }
    }

    fn copy(&mut self) -> Effect {
        let subject = self.subject().filter(|_| self.details);
        let fix = subject.as_ref().and_then(|who| self.data().about(who).find_map(best));
        let Some(fix) = fix else { return Effect::Nothing };
        // What is pasted into a shell is what was read, not what a name smuggled into it.
        let command = escape(&fix.command).into_owned();
        self.note = Some("fix copied to the clipboard");
        Effect::Copy(command)
    }
}

/// What can be pasted as it is, else the first.
fn best(verdict: &Verdict) -> Option<&Fix> {
    Fix::best(&verdict.fix, FixScope::Now).or(verdict.fix.first())
}

#[cfg(test)]
mod tests;
