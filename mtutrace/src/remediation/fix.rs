//! The three kinds of remedies, and their order.
use crate::model::harmless::is_dangerous;
use crate::model::{Fix, FixScope, FixType};

/// A command that works at once and does not last, and the one that takes it back.
pub(super) fn now(place: &str, what: &str, command: String, undo: String) -> Fix {
    let undo = Some(undo.replace(is_dangerous, "?"));
    Fix { undo, ..fix(place, what, command, FixType::Shell, FixScope::Now) }
}

/// A command that works at once, with nothing to take back.
pub(super) fn once(place: &str, what: &str, command: String) -> Fix {
    fix(place, what, command, FixType::Shell, FixScope::Now)
}

/// A command that lasts.
pub(super) fn permanent(place: &str, what: &str, command: String) -> Fix {
    fix(place, what, command, FixType::Shell, FixScope::Permanent)
}

/// A setting that lasts.
pub(super) fn config(place: &str, what: &str, setting: String) -> Fix {
    fix(place, what, setting, FixType::Config, FixScope::Permanent)
}

fn fix(place: &str, what: &str, command: String, r#type: FixType, scope: FixScope) -> Fix {
    // Shell words are quoted by `quote`; a setting is not to hold what acts on whoever shows or pastes it either.
    let command = command.replace(is_dangerous, "?");
    Fix { r#where: place.to_owned(), what: what.to_owned(), command, r#type, scope, rank: 0, undo: None }
}

/// Numbers them as they stand, each scope by itself.
pub(super) fn ranked(mut fixes: Vec<Fix>) -> Vec<Fix> {
    let (mut at_once, mut lasting) = (0, 0);
    for fix in &mut fixes {
        let rank = match fix.scope {
            FixScope::Now => &mut at_once,
            FixScope::Permanent => &mut lasting,
        };
        *rank += 1;
        fix.rank = *rank;
    }
    fixes
}
