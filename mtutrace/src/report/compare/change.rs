//! What became of a verdict, as plain data.
use serde::Serialize;

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Proven to be right.
    Fixed,
    /// It is wrong after, too.
    Remains,
    /// It was not wrong before.
    New,
    /// Not seen after, which proves nothing.
    Unproven,
}

impl Fate {
    /// As a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Fate::Fixed => "FIXED",
            Fate::Remains => "STILL THERE",
            Fate::New => "NEW",
            Fate::Unproven => "NOT PROVEN",
        }
    }
}

/// What became of a verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct VerdictChange {
    /// What became of it.
    pub(crate) state: Fate,
    /// The verdict, in a sentence.
    pub(crate) what: String,
    /// How that is known.
    pub(crate) why: String,
    /// The wrong MTU before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtu_before: Option<u32>,
    /// The same device's after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtu_after: Option<u32>,
}
