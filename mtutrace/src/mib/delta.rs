//! Readings become what moved since the start of the run, by namespace. Pure: time is passed in.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Counters;
use crate::aggregate::Owner;
use crate::model::{Container, NetnsId};

/// A namespace that was not read for so long is gone, and forgotten.
const GONE: Duration = Duration::from_secs(600);

/// What the kernel counted in one namespace since the start of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moved {
    /// The counters; never all 0.
    pub counters: Counters,
    /// The container of the namespace when it was read last.
    pub container: Option<Container>,
    read: Duration,
}

/// What the kernel counted, by namespace; only those where it counted something.
pub type ByNetns = BTreeMap<Owner, Moved>;

/// Remembers the last reading of each namespace.
#[derive(Debug, Default)]
pub struct Deltas {
    /// Namespaces that were there before the run and have not been read yet.
    old: BTreeSet<NetnsId>,
    last: BTreeMap<NetnsId, (Counters, Duration)>,
    moved: ByNetns,
}

impl Deltas {
    /// `old`: the namespaces that are there before the run. What they have counted until they are first read is none
    /// of it; a namespace that appears later has counted nothing before.
    pub fn new(old: BTreeSet<NetnsId>) -> Deltas {
        Deltas { old, ..Deltas::default() }
    }

    /// What moved so far.
    pub fn moved(&self) -> &ByNetns {
        &self.moved
    }

    /// Takes in a reading; true if something moved. `now` is the time since any fixed moment.
    pub fn read(
        &mut self,
        owner: Owner,
        counters: Counters,
        container: Option<&Container>,
        now: Duration,
    ) -> bool {
        let before = self.last.insert(owner.0, (counters, now));
        let step = match before {
            // Backwards: an inode number that was used again, by a namespace that began at 0.
            Some((before, _)) => counters.since(&before).unwrap_or(counters),
            None if self.old.remove(&owner.0) => Counters::default(),
            None => counters,
        };
        let still = step.is_zero();
        if !still {
            self.moved.entry(owner).or_default().counters.add(&step);
        }
        if let Some(moved) = self.moved.get_mut(&owner) {
            moved.container = container.cloned().or(moved.container.take());
            moved.read = now;
        }
        !still
    }

    /// Forgets what is long gone.
    pub fn forget(&mut self, now: Duration) {
        let stays = |read: Duration| now.saturating_sub(read) < GONE;
        self.last.retain(|_, (_, read)| stays(*read));
        self.moved.retain(|_, moved| stays(moved.read));
    }
}

#[cfg(test)]
mod tests;
