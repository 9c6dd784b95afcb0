//! The three kinds of remedies.
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
    Fix { r#where: place.to_owned(), what: what.to_owned(), command, r#type, scope }
}
