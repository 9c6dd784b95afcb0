//! The kernel's counters find their place in the reports, beside those of the hooks.
use std::collections::{BTreeMap, BTreeSet};

use super::delta::ByNetns;
use super::device::DeviceCounters;
use super::witness::Witness;
use super::{Counters, FRAG_FAILS};
use crate::aggregate::{Owner, Tally};
use crate::model::{Container, DeviceId, NetnsId};

/// Counters of devices, each in its namespace.
type ByDevice = BTreeMap<DeviceId, DeviceCounters>;

/// What the kernel counted in one namespace, as reports show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelTally {
    /// What moved since the start of the run.
    pub counters: Counters,
    /// Drops that the hooks saw there, IPv4 and IPv6, as [`FRAG_FAILS`].
    pub seen: [u64; 2],
    /// What moved on devices: on those of the tally, in whichever namespace they are, and on those that no hook could
    /// tell of.
    pub devices: ByDevice,
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
    told: BTreeMap<Owner, (Counters, ByDevice, Option<String>)>,
}

impl Merger {
    /// Adds to the tallies what the kernel counted in their namespaces and on their devices, and a tally for each other
    /// namespace where it counted anything; `wanted` says whose counters somebody asked for. Devices that no hook
    /// told of drop packets for reasons of their own: `silent` says of which ones somebody wants to know.
    pub fn merge(
        &mut self,
        tallies: Vec<(Owner, Tally)>,
        kernel: &ByNetns,
        wanted: impl Fn(NetnsId, Option<&Container>) -> bool,
        silent: impl Fn(DeviceId, Option<&Container>) -> bool,
    ) -> Vec<(NetnsId, Tally)> {
        let mut all: BTreeMap<Owner, Tally> = tallies.into_iter().collect();
        let told_of: BTreeSet<DeviceId> =
            all.values().flat_map(|tally| tally.interfaces.keys().copied()).collect();
        for (owner, tally) in &mut all {
            let moved = |device: &DeviceId| Some((*device, on_device(kernel, *owner, *device)?));
            tally.kernel.devices = tally.interfaces.keys().filter_map(moved).collect();
        }
        for (owner, moved) in kernel {
            let container = moved.container.as_ref();
            let empty = || Tally { container: container.cloned(), ..Tally::default() };
            if !moved.counters.is_zero() && wanted(owner.0, container) {
                let tally = &mut all.entry(*owner).or_insert_with(empty).kernel;
                (tally.counters, tally.seen) = (moved.counters, self.witness.seen(*owner));
            }
            for (ifindex, counters) in &moved.devices {
                let device = DeviceId { netns: owner.0, ifindex: *ifindex };
                if !told_of.contains(&device) && silent(device, container) {
                    all.entry(*owner).or_insert_with(empty).kernel.devices.insert(device, *counters);
                }
            }
        }
        self.told.retain(|owner, _| all.contains_key(owner));
        for (owner, tally) in &mut all {
            tally.kernel.changed = self.changed(*owner, tally);
        }
        all.into_iter().map(|((netns, _), tally)| (netns, tally)).collect()
    }

    fn changed(&mut self, owner: Owner, tally: &Tally) -> bool {
        let (now, container) = (&tally.kernel, tally.container.as_ref().map(|c| c.id.clone()));
        let nothing = now.counters.is_zero() && now.devices.is_empty();
        let container = container.filter(|_| !nothing);
        let now = (now.counters, now.devices.clone(), container);
        self.told.insert(owner, now.clone()).map_or(!nothing, |told| told != now)
    }
}

/// What moved on a device of `owner`'s tally. In a namespace that is not its own: the last one with that number.
fn on_device(kernel: &ByNetns, owner: Owner, device: DeviceId) -> Option<DeviceCounters> {
    let moved = match device.netns == owner.0 {
        true => kernel.get(&owner),
        false => {
            kernel.range((device.netns, 0)..=(device.netns, u64::MAX)).next_back().map(|(_, moved)| moved)
        }
    };
    moved?.devices.get(&device.ifindex).copied()
}

#[cfg(test)]
mod tests;
