//! The kernel's counters find their place in the reports, beside those of the hooks.
use crate::model::DeviceCounters;
use crate::model::SnmpCounters;
use crate::model::counters::ByDevice;
use std::collections::{BTreeMap, BTreeSet};

use super::delta::DeltasByNetns;
use crate::mib::observed::Observed;
use crate::model::{Container, DeviceId, NetnsId, NetnsKey, Tally};

/// Remembers what was reported last, and what the hooks saw.
#[derive(Debug, Default)]
pub(crate) struct Reconciliation {
    /// What the hooks saw.
    pub(crate) observed: Observed,
    reported: BTreeMap<NetnsKey, (SnmpCounters, ByDevice, Option<String>)>,
}

impl Reconciliation {
    /// Adds to the tallies what the kernel counted in their namespaces and on their devices, and a tally for each other
    /// namespace where it counted anything; `wanted` says whose counters somebody asked for. Devices that no hook
    /// told of drop packets for reasons of their own: `silent` says of which ones somebody wants to know.
    pub(crate) fn merge(
        &mut self,
        tallies: Vec<(NetnsKey, Tally)>,
        kernel: &DeltasByNetns,
        wanted: impl Fn(NetnsId, Option<&Container>) -> bool,
        silent: impl Fn(DeviceId, Option<&Container>) -> bool,
    ) -> Vec<(NetnsId, Tally)> {
        let mut all: BTreeMap<NetnsKey, Tally> = tallies.into_iter().collect();
        let covered: BTreeSet<DeviceId> =
            all.values().flat_map(|tally| tally.interfaces.keys().copied()).collect();
        for (owner, tally) in &mut all {
            let moved = |device: &DeviceId| Some((*device, on_device(kernel, *owner, *device)?));
            tally.kernel.devices = tally.interfaces.keys().filter_map(moved).collect();
        }
        for (owner, moved) in kernel {
            let container = moved.container.as_ref();
            let empty = || Tally { container: container.cloned(), ..Tally::default() };
            if !moved.counters.is_zero() && wanted(owner.id, container) {
                let tally = &mut all.entry(*owner).or_insert_with(empty).kernel;
                (tally.counters, tally.seen) = (moved.counters, self.observed.seen(*owner));
            }
            for (ifindex, counters) in &moved.devices {
                let device = DeviceId { netns: owner.id, ifindex: *ifindex };
                if !covered.contains(&device) && silent(device, container) {
                    all.entry(*owner).or_insert_with(empty).kernel.devices.insert(device, *counters);
                }
            }
        }
        self.reported.retain(|owner, _| all.contains_key(owner));
        for (owner, tally) in &mut all {
            tally.kernel.changed = self.changed(*owner, tally);
        }
        all.into_iter().map(|(key, tally)| (key.id, tally)).collect()
    }

    fn changed(&mut self, owner: NetnsKey, tally: &Tally) -> bool {
        let (now, container) = (&tally.kernel, tally.container.as_ref().map(|c| c.id.clone()));
        let nothing = now.counters.is_zero() && now.devices.is_empty();
        let container = container.filter(|_| !nothing);
        let now = (now.counters, now.devices.clone(), container);
        self.reported.insert(owner, now.clone()).map_or(!nothing, |told| told != now)
    }
}

/// What moved on a device of `owner`'s tally. In a namespace that is not its own: the last one with that number.
fn on_device(kernel: &DeltasByNetns, owner: NetnsKey, device: DeviceId) -> Option<DeviceCounters> {
    let moved = match device.netns == owner.id {
        true => kernel.get(&owner),
        false => {
            let generation = |generation| NetnsKey { id: device.netns, generation };
            kernel.range(generation(0)..=generation(u64::MAX)).next_back().map(|(_, moved)| moved)
        }
    };
    moved?.devices.get(&device.ifindex).copied()
}

#[cfg(test)]
mod tests;
