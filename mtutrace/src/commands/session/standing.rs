//! MTUs that do not fit as the node stands: told at the start, when they are others, and at the end.
use crate::diagnosis::standing::standing;
use crate::filter::{self, Filter};
use crate::model::{Node, StandingMismatch};
use crate::output::stderr;

/// Of those that stand at the start, the ones that are told on stderr.
const TOLD: usize = 5;

/// What stands, as it was looked at last.
#[derive(Debug, Default)]
pub(crate) struct StandingWatch {
    known: Option<Vec<StandingMismatch>>,
    generation: u64,
}

impl StandingWatch {
    /// What was found last.
    pub(crate) fn known(&self) -> Option<&[StandingMismatch]> {
        self.known.as_deref()
    }

    /// Whether the node has changed since the last look.
    pub(crate) fn is_old(&self, node: &Node) -> bool {
        self.known.is_none() || self.generation != node.generation
    }

    /// What stands now: what was found last, unless the node has changed since.
    pub(super) fn now(&self, node: &Node, filter: &Filter) -> Vec<StandingMismatch> {
        match &self.known {
            Some(known) if self.generation == node.generation => known.clone(),
            _ => asked_for(node, filter),
        }
    }

    /// What stands now, if the node has changed since the last look, and it is another answer.
    pub(super) fn changed(&mut self, node: &Node, filter: &Filter) -> Option<Vec<StandingMismatch>> {
        if !self.is_old(node) {
            return None;
        }
        let found = asked_for(node, filter);
        self.generation = node.generation;
        if self.known.as_ref() == Some(&found) {
            return None;
        }
        self.known = Some(found.clone());
        Some(found)
    }
}

/// What stands and was asked for, the worst first.
fn asked_for(node: &Node, filter: &Filter) -> Vec<StandingMismatch> {
    standing(node).into_iter().filter_map(|m| filter::standing(filter, m, node)).collect()
}

/// Says on stderr what stands at the start: whatever the output is, a person may be there.
pub(crate) fn say(found: &[StandingMismatch]) {
    for m in found.iter().take(TOLD) {
        let fix = m.fix.first().map(|fix| format!("; fix, {}: {}", fix.r#where, fix.command));
        stderr::note(&format!("standing mismatch: {}{}", m.summary, fix.unwrap_or_default()));
    }
    if let Some(more) = found.len().checked_sub(TOLD).filter(|more| *more > 0) {
        stderr::note(&format!("and {more} more standing mismatches: `mtutrace map`"));
    }
}
