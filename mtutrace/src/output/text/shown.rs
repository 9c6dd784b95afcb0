//! What was said already.
use crate::model::{Severity, VerdictKind};

/// What was shown of a verdict.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// What was wrong.
    pub(super) kind: VerdictKind,
    /// How bad it was.
    pub(super) severity: Severity,
    /// In a sentence.
    pub(super) summary: String,
    /// With evidence and remedies.
    pub(super) whole: bool,
    /// The first sentence of its evidence.
    pub(super) figures: Option<String>,
    /// Lines that had been written by then.
    pub(super) at_line: u64,
}
