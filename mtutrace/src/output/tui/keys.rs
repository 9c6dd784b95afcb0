//! Keys, and what they mean.
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    Help,
    Filter,
    Sort,
    Follow,
    Pause,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    Open,
    Back,
    Pane,
    Copy,
    Redraw,
    Suspend,
    /// While a text is typed.
    Type(char),
    Rub,
}

/// The keys, for the help.
pub(super) const HELP: [(&str, &str); 15] = [
    ("q, Ctrl-C", "quit, with the final report"),
    ("?", "this help"),
    ("j k, arrows", "down, up"),
    ("PgUp PgDn, g G", "page up or down, top, bottom"),
    ("Enter", "details of the container or verdict"),
    ("Esc", "back; clear the filter"),
    ("Tab", "switch pane"),
    ("h l, left right", "scroll a long command sideways"),
    ("/", "filter by id, name or interface"),
    ("s", "sort by severity, rate, total, name"),
    ("f", "follow: select the container of the newest verdict"),
    ("p", "pause the display; tracing continues"),
    ("y", "in the details: copy the fix (OSC 52)"),
    ("Ctrl-L", "redraw"),
    ("Ctrl-Z", "suspend"),
];

/// The meaning of a key; `typing`: a text is being typed.
pub(super) fn action(key: KeyEvent, typing: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Action::Quit),
            KeyCode::Char('l') => Some(Action::Redraw),
            KeyCode::Char('z') => Some(Action::Suspend),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Enter => Action::Open,
        KeyCode::Esc => Action::Back,
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::Char(c) if typing => Action::Type(c),
        KeyCode::Backspace => Action::Rub,
        KeyCode::Tab | KeyCode::BackTab => Action::Pane,
        KeyCode::Left => Action::Left,
        KeyCode::Right => Action::Right,
        KeyCode::Home => Action::Top,
        KeyCode::End => Action::Bottom,
        KeyCode::Char(c) => return letter(c),
        _ => return None,
    })
}

fn letter(c: char) -> Option<Action> {
    Some(match c {
        'q' => Action::Quit,
        '?' => Action::Help,
        '/' => Action::Filter,
        's' => Action::Sort,
        'f' => Action::Follow,
        'p' => Action::Pause,
        'j' => Action::Down,
        'k' => Action::Up,
        'h' => Action::Left,
        'l' => Action::Right,
        'g' => Action::Top,
        'G' => Action::Bottom,
        'y' => Action::Copy,
        _ => return None,
    })
}
