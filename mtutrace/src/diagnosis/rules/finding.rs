//! What a rule found.
use crate::model::{Severity, VerdictKind};

/// What a rule says of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: VerdictKind,
    /// How bad it is.
    pub severity: Severity,
    /// What happens to the traffic, to stand between "container X: " and a full stop; of an external incident, all that is to be said.
    pub effect: String,
    /// The sentences that prove it.
    pub evidence: Vec<String>,
}
