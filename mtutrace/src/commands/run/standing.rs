//! MTUs that do not fit as the node stands: told at the start, when they are others, and at the end.
use std::time::{Duration, Instant};

use crate::diagnosis::standing::standing;
use crate::filter::{self, Filter};
use crate::model::{Node, StandingMismatch};
use crate::output::stderr;

/// Of those that stand at the start, the ones that are told on stderr.
const TOLD: usize = 5;
/// Looking again may take one part in so many of the time.
const SHARE: u32 = 50;

/// What stands, as it was looked at last.
#[derive(Debug, Default)]
pub(super) struct StandingWatch {
    known: Option<Vec<StandingMismatch>>,
    generation: u64,
    next: Option<Instant>,
}

impl StandingWatch {
    /// What was found last.
    pub(super) fn known(&self) -> Option<&[StandingMismatch]> {
        self.known.as_deref()
    }

    /// What stands now: what was found last, unless the node has changed since.
    pub(super) fn now(&self, node: &Node, filter: &Filter) -> Vec<StandingMismatch> {
        match &self.known {
            Some(known) if self.generation == node.generation => known.clone(),
            _ => asked_for(node, filter),
        }
    }

    /// What stands now, if the node has changed since the last look, that look was long enough ago, and it is another
    /// answer.
    pub(super) fn changed(&mut self, node: &Node, filter: &Filter) -> Option<Vec<StandingMismatch>> {
        let start = Instant::now();
        let same = self.known.is_some() && self.generation == node.generation;
        if same || self.next.is_some_and(|next| start < next) {
            return None;
        }
        let found = asked_for(node, filter);
        self.generation = node.generation;
        self.next = Some(Instant::now() + start.elapsed().max(Duration::from_millis(10)) * SHARE);
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
pub(super) fn say(found: &[StandingMismatch]) {
    for m in found.iter().take(TOLD) {
        let fix = m.fix.first().map(|fix| format!("; fix, {}: {}", fix.r#where, fix.command));
        stderr::say(&format!("standing mismatch: {}{}", m.summary, fix.unwrap_or_default()));
    }
    if let Some(more) = found.len().checked_sub(TOLD).filter(|more| *more > 0) {
        stderr::say(&format!("and {more} more standing mismatches: `mtutrace map`"));
    }
}
