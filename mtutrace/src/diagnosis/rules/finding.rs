//! What a rule found.
use crate::model::{Facts, Severity, VerdictKind};

/// What a rule says of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What is wrong.
    pub(crate) kind: VerdictKind,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What happens to the traffic, to stand between "container X: " and a full stop; of an external incident, all that is to be said.
    pub(crate) effect: String,
    /// The sentences that prove it.
    pub(crate) evidence: Vec<String>,
    /// The same as numbers.
    pub(crate) facts: Facts,
}
