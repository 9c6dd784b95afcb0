//! Readings become what moved since the start of the run, by namespace. Pure: time is passed in.
use crate::model::SnmpCounters;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::device::{self, ByIndex, FirstReading};
use crate::model::{Container, NetnsId, NetnsKey, whole};

/// What a namespace that is gone had counted is shown for so long.
const GONE: Duration = Duration::from_secs(600);
/// One that was not seen for so long does not come back: its number is another one's from then on.
const BACK: Duration = Duration::from_secs(60);
/// Most such namespaces: those that are gone for longest are forgotten.
const MOST_GONE: usize = 1024;

/// What the kernel counted in one namespace since the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Delta {
    /// The counters.
    pub(crate) counters: SnmpCounters,
    /// Those of its devices where any moved.
    pub(crate) devices: ByIndex,
    /// The container of the namespace when it was read last.
    #[serde(with = "whole::option")]
    pub(crate) container: Option<Container>,
    read: Duration,
}

/// One reading of a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// Its counters.
    pub(crate) counters: SnmpCounters,
    /// Its devices.
    pub(crate) devices: device::DeviceReadings,
}

/// What is remembered of a namespace.
#[derive(Debug)]
struct Last {
    counters: SnmpCounters,
    devices: ByIndex,
    read: Duration,
}

/// What the kernel counted, by namespace; only those where it counted something.
pub(crate) type DeltasByNetns = BTreeMap<NetnsKey, Delta>;

/// Remembers the last reading of each namespace.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    /// Namespaces that were there before the run and have not been read yet.
    old: BTreeSet<NetnsId>,
    last: BTreeMap<NetnsId, Last>,
    moved: DeltasByNetns,
}

impl Deltas {
    /// `old`: the namespaces that are there before the run. What they have counted until they are first read is none
    /// of it; a namespace that appears later has counted nothing before.
    pub(crate) fn new(old: BTreeSet<NetnsId>) -> Deltas {
        Deltas { old, ..Deltas::default() }
    }

    /// What moved so far.
    pub(crate) fn moved(&self) -> &DeltasByNetns {
        &self.moved
    }

    /// Takes in a reading; true if something moved, or if what moved has found its container. `now` is the time since
    /// any fixed moment.
    pub(crate) fn read(
        &mut self,
        owner: NetnsKey,
        reading: &Reading,
        container: Option<&Container>,
        now: Duration,
    ) -> bool {
        let counters = reading.counters;
        let before = self.last.remove(&owner.id);
        let (step, first, mut last) = match before.map(|last| (counters.since(&last.counters), last)) {
            Some((Some(step), last)) => (step, FirstReading::Born, last.devices),
            // Backwards: an inode number that was used again, by a namespace that began at 0.
            Some((None, _)) => (counters, FirstReading::Born, ByIndex::new()),
            None if self.old.remove(&owner.id) => {
                (SnmpCounters::default(), FirstReading::Before, ByIndex::new())
            }
            None => (counters, FirstReading::Born, ByIndex::new()),
        };
        let mut moved = self.moved.remove(&owner).unwrap_or_default();
        let mut changed =
            device::read(&mut last, &mut moved.devices, &reading.devices, first) || !step.is_zero();
        self.last.insert(owner.id, Last { counters, devices: last, read: now });
        moved.counters.add(&step);
        if !moved.counters.is_zero() || !moved.devices.is_empty() {
            // A container's network is there before its first process.
            changed |= container.is_some() && moved.container.as_ref() != container;
            moved.container = container.cloned().or(moved.container);
            moved.read = now;
            self.moved.insert(owner, moved);
        }
        changed
    }

    /// Forgets the readings of namespaces that are gone, and what they had counted if that is long ago.
    pub(crate) fn forget(&mut self, now: Duration, is_there: impl Fn(NetnsId) -> bool) {
        self.last.retain(|id, last| is_there(*id) || now.saturating_sub(last.read) < BACK);
        self.moved.retain(|_, moved| now.saturating_sub(moved.read) < GONE);
        let gone = self.moved.iter().filter(|(owner, _)| !is_there(owner.id));
        let mut gone: Vec<(Duration, NetnsKey)> = gone.map(|(owner, moved)| (moved.read, *owner)).collect();
        if let Some(excess) = gone.len().checked_sub(MOST_GONE) {
            gone.sort_unstable();
            gone.iter().take(excess).for_each(|(_, owner)| drop(self.moved.remove(owner)));
        }
    }
}

#[cfg(test)]
mod tests;
