//! The tables that tell the classifiers what a packet could meet.
use std::collections::{BTreeMap, HashMap};

use aya::Ebpf;
use aya::maps::{Array, HashMap as Table, MapData};
use mtutrace_common::config::{LIMIT_DIFFERS, LIMIT_SLOTS, MAX_LIMITS, device_key};

use super::class::Class;
use crate::model::DeviceId;

/// What was written to them.
#[derive(Debug, Default)]
pub(super) struct Limits {
    slots: HashMap<u32, u32>,
    devices: HashMap<u64, u32>,
}

impl Limits {
    /// Sets the limit of each device that is traced, bytes at L3: the smallest MTU that a packet coming in by it could meet. Of
    /// too many devices in slots that differ, those that come first are told apart.
    pub(super) fn set(&mut self, ebpf: &mut Ebpf, devices: impl Iterator<Item = (DeviceId, Class, u32)>) {
        let wanted = Limits::of(devices);
        if let Some(mut map) = array(ebpf, "SMALLEST") {
            let smallest = wanted.slots.values().map(|limit| limit & !LIMIT_DIFFERS).min();
            let _ = map.set(0, smallest.unwrap_or(0), 0);
        }
        // First what tells devices apart, then the slots that say it is there.
        if let Some(mut map) = table(ebpf) {
            for key in self.devices.keys().filter(|key| !wanted.devices.contains_key(key)) {
                let _ = map.remove(key);
            }
            for (key, limit) in changed(&self.devices, &wanted.devices) {
                told(map.insert(key, limit, 0));
            }
        }
        let Some(mut map) = array(ebpf, "LIMITS") else { return };
        for slot in self.slots.keys().filter(|slot| !wanted.slots.contains_key(slot)) {
            let _ = map.set(*slot, 0, 0);
        }
        for (slot, limit) in changed(&self.slots, &wanted.slots) {
            told(map.set(slot, limit, 0));
        }
        *self = wanted;
    }

    fn of(devices: impl Iterator<Item = (DeviceId, Class, u32)>) -> Limits {
        let mut by_slot: BTreeMap<u32, Vec<(u64, u32)>> = BTreeMap::new();
        let mut order = Vec::new();
        for (device, class, limit) in devices {
            let (limit, slot) = (limit & !LIMIT_DIFFERS, slot(device.ifindex, class));
            let key = device_key(device.netns.0, device.ifindex);
            by_slot.entry(slot).or_default().push((key, limit));
            order.push((slot, key, limit));
        }
        let differs =
            |all: &[(u64, u32)]| all.iter().any(|(_, limit)| all.first().map(|one| one.1) != Some(*limit));
        let slots: HashMap<u32, u32> = by_slot
            .iter()
            .filter_map(|(slot, all)| {
                let least = all.iter().map(|(_, limit)| *limit).min()?;
                Some((*slot, if differs(all) { least | LIMIT_DIFFERS } else { least }))
            })
            .collect();
        let told_apart =
            order.into_iter().filter(|(slot, ..)| slots.get(slot).is_some_and(|l| l & LIMIT_DIFFERS != 0));
        let devices = told_apart.take(MAX_LIMITS as usize).map(|(_, key, limit)| (key, limit)).collect();
        Limits { slots, devices }
    }
}

/// Gives one device a limit, and its slots that of another one if there is one (`mtutrace bench`).
pub(crate) fn set_limit(ebpf: &mut Ebpf, device: DeviceId, limit: u32, others: Option<u32>) {
    if let Some(mut map) = table(ebpf) {
        let _ = map.insert(device_key(device.netns.0, device.ifindex), limit, 0);
    }
    if let Some(mut map) = array(ebpf, "LIMITS") {
        let slot_has = others.map_or(limit, |others| others | LIMIT_DIFFERS);
        for class in [Class::Host, Class::Nested] {
            let _ = map.set(slot(device.ifindex, class), slot_has, 0);
        }
    }
}

fn changed<K: Copy + Eq + std::hash::Hash>(
    before: &HashMap<K, u32>,
    now: &HashMap<K, u32>,
) -> impl Iterator<Item = (K, u32)> {
    now.iter().filter(|(key, limit)| before.get(key) != Some(limit)).map(|(key, limit)| (*key, *limit))
}

fn told(result: Result<(), aya::maps::MapError>) {
    if let Err(e) = result {
        tracing::warn!("the limit of a device could not be set: {e}");
    }
}

fn slot(ifindex: u32, class: Class) -> u32 {
    let first = if class == Class::Host { 0 } else { LIMIT_SLOTS };
    first | ifindex & (LIMIT_SLOTS - 1)
}

fn array<'a>(ebpf: &'a mut Ebpf, name: &str) -> Option<Array<&'a mut MapData, u32>> {
    ebpf.map_mut(name).and_then(|map| Array::try_from(map).ok())
}

fn table(ebpf: &mut Ebpf) -> Option<Table<&mut MapData, u64, u32>> {
    ebpf.map_mut("DEVICES").and_then(|map| Table::try_from(map).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::id;

    #[test]
    fn devices_of_one_slot_are_told_apart_where_they_differ() {
        let devices =
            [(id(1, 3), 1450), (id(2, 3), 100), (id(1, 4), 1450), (id(2, 4), 1450), (id(1, 5), u32::MAX)];
        let limits = Limits::of(devices.into_iter().map(|(device, limit)| (device, Class::Host, limit)));
        assert_eq!(limits.slots[&3], 100 | LIMIT_DIFFERS);
        assert_eq!((limits.slots[&4], limits.slots[&5]), (1450, !LIMIT_DIFFERS));
        let expected = [(device_key(1, 3), 1450), (device_key(2, 3), 100)];
        assert_eq!(limits.devices, expected.into());
    }

    #[test]
    fn what_is_nested_shares_nothing_with_the_host() {
        let limits = Limits::of([(id(1, 3), Class::Host, 1450), (id(2, 3), Class::Nested, 100)].into_iter());
        assert_eq!((limits.slots[&3], limits.slots[&(LIMIT_SLOTS + 3)]), (1450, 100));
        assert!(limits.devices.is_empty());
    }

    #[test]
    fn who_comes_first_has_room() {
        let one = (id(1, 3), 1450);
        let others = (0..MAX_LIMITS).map(|n| (id(2, 3 + n * LIMIT_SLOTS), 100));
        let all = std::iter::once(one).chain(others);
        let limits = Limits::of(all.map(|(device, limit)| (device, Class::Host, limit)));
        assert_eq!(limits.devices.len(), MAX_LIMITS as usize);
        assert_eq!(limits.devices[&device_key(1, 3)], 1450);
    }
}
