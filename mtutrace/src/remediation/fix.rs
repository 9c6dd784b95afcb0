//! The three kinds of remedies.
use crate::model::harmless::is_dangerous;
use crate::model::{Fix, FixScope, FixType};

/// A command that works at once and does not last.
pub(super) fn now(place: &str, what: &str, command: String) -> Fix {
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
    Fix { r#where: place.to_owned(), what: what.to_owned(), command, r#type, scope }
}
