//! Verdicts and what became of each.
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::incident::{Change, Story};
use crate::model::{Ended, NetnsId, Node, Verdict, VerdictId, describe};
use crate::telemetry::clock::Clock;

/// Most verdicts, and most changes of one.
const VERDICTS: usize = 500;
const CHANGES: usize = 50;

#[derive(Debug)]
struct Known {
    verdict: Verdict,
    changes: Vec<(u64, String)>,
    owners: BTreeMap<NetnsId, String>,
}

/// Verdicts in the order in which they were given.
#[derive(Debug, Default)]
pub(super) struct Stories {
    all: Vec<Known>,
    /// Verdicts that found no room.
    pub(super) left_out: u64,
}

impl Stories {
    /// Takes in what was told of a verdict.
    pub(super) fn add(&mut self, verdict: &Verdict, now_ns: u64, node: &Node) {
        let owner = |netns: NetnsId| (netns, describe::owner(netns, node));
        // At the end a namespace may be gone: what was known of it stays.
        let there = verdict.path.iter().map(|hop| hop.netns).filter(|netns| node.netns.contains_key(netns));
        let owners = there.map(owner);
        if let Some(known) = self.all.iter_mut().find(|known| known.verdict.id == verdict.id) {
            let change = change(&known.verdict, verdict);
            if let Some(what) = change.filter(|_| known.changes.len() < CHANGES) {
                known.changes.push((now_ns, what));
            }
            known.verdict = verdict.clone();
            known.owners.extend(owners);
            return;
        }
        if self.all.len() >= VERDICTS {
            self.left_out += 1;
            return;
        }
        let mut changes = verdict.replaces.map(|before| self.before(before)).unwrap_or_default();
        let what = format!("{} {}", verdict.severity.word(), verdict.kind.title());
        changes.push((verdict.since_ns.max(now_ns), what));
        self.all.push(Known { verdict: verdict.clone(), changes, owners: owners.collect() });
    }

    /// The history of the one that gave way.
    fn before(&self, id: VerdictId) -> Vec<(u64, String)> {
        self.all
            .iter()
            .find(|known| known.verdict.id == id)
            .map(|known| known.changes.clone())
            .unwrap_or_default()
    }

    /// All but those that gave way, the worst first.
    pub(super) fn told(&self, clock: &Clock, start_ns: u64) -> Vec<Story> {
        let mut told: Vec<&Known> =
            self.all.iter().filter(|known| known.verdict.ended != Some(Ended::Replaced)).collect();
        told.sort_by_key(|known| (!known.verdict.active, Reverse(known.verdict.severity)));
        let story = |known: &Known| Story {
            verdict: known.verdict.clone(),
            since: clock.rfc3339(known.verdict.since_ns),
            owners: known.owners.clone(),
            history: known
                .changes
                .iter()
                .map(|(ns, what)| Change {
                    time: clock.rfc3339(*ns),
                    at_ms: ns.saturating_sub(start_ns) / 1_000_000,
                    what: what.clone(),
                })
                .collect(),
        };
        told.into_iter().map(story).collect()
    }
}

/// What has changed that a person wants to know.
fn change(before: &Verdict, now: &Verdict) -> Option<String> {
    match now.ended {
        Some(ended) if before.ended != Some(ended) => Some(
            match ended {
                Ended::Fixed => "solved: the MTU fits now",
                Ended::Gone => "gone: its container has ended",
                Ended::Quiet => "quiet: nothing more was seen",
                Ended::Replaced => "gave way to another verdict",
            }
            .to_owned(),
        ),
        Some(_) => None,
        None if before.severity != now.severity || before.kind != now.kind => {
            Some(format!("{} {}", now.severity.word(), now.kind.title()))
        }
        None => None,
    }
}
