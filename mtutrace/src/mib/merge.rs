//! The kernel's counters find their place in the reports, beside those of the hooks.
use std::collections::BTreeMap;

use super::delta::{ByNetns, Moved};
use super::witness::Witness;
use super::{Counters, FRAG_FAILS};
use crate::aggregate::{Owner, Tally};
use crate::model::{Container, NetnsId};

/// What the kernel counted in one namespace, as reports show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelTally {
    /// What moved since the start of the run.
    pub counters: Counters,
    /// Drops that the hooks saw there, IPv4 and IPv6, as [`FRAG_FAILS`].
    pub seen: [u64; 2],
    /// Whether anything moved since the last report.
    pub changed: bool,
}

impl KernelTally {
    /// Counters of which the hooks saw less: name, what the kernel counted, what they saw.
    pub fn unseen(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        let counted = FRAG_FAILS.map(|name| self.counters.get(name));
        (0..FRAG_FAILS.len())
            .map(move |n| (FRAG_FAILS[n], counted[n]))
            .zip(self.seen)
            .map(|((name, counted), seen)| (name, counted, seen))
            .filter(|(_, counted, seen)| counted > seen)
    }
}

/// Remembers what was reported last, and what the hooks saw.
#[derive(Debug, Default)]
pub struct Merger {
    /// What the hooks saw.
    pub witness: Witness,
    told: BTreeMap<Owner, Counters>,
}

impl Merger {
    /// Adds to the tallies what the kernel counted in their namespaces, and a tally for each other namespace where it
    /// counted anything; `wanted` says whose counters somebody asked for.
    pub fn merge(
        &mut self,
        tallies: Vec<(Owner, Tally)>,
        kernel: &ByNetns,
        wanted: impl Fn(NetnsId, Option<&Container>) -> bool,
    ) -> Vec<(NetnsId, Tally)> {
        let mut all: BTreeMap<Owner, Tally> = tallies.into_iter().collect();
        self.told.retain(|owner, _| kernel.contains_key(owner));
        for (owner, moved) in kernel.iter().filter(|(owner, m)| wanted(owner.0, m.container.as_ref())) {
            let tally = all
                .entry(*owner)
                .or_insert_with(|| Tally { container: moved.container.clone(), ..Tally::default() });
            tally.kernel = self.kernel(*owner, moved);
        }
        all.into_iter().map(|((netns, _), tally)| (netns, tally)).collect()
    }

    fn kernel(&mut self, owner: Owner, moved: &Moved) -> KernelTally {
        let counters = moved.counters;
        let changed = self.told.insert(owner, counters) != Some(counters);
        KernelTally { counters, seen: self.witness.seen(owner), changed }
    }
}

#[cfg(test)]
mod tests;
