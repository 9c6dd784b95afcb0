//! What the devices of a namespace did not carry (`struct rtnl_link_stats64`), and what of it moved since the start of
//! the run. Pure.
use crate::model::DeviceCounters;
use std::collections::BTreeMap;

/// Counters of devices, by their index in one namespace. A name would not do: it may change, and pass to another device.
pub(crate) type ByIndex = BTreeMap<u32, DeviceCounters>;

/// All devices of a namespace. One without counters was not found by its name: just renamed, or just gone.
pub(crate) type DeviceReadings = BTreeMap<u32, Option<DeviceCounters>>;

/// What a device has counted before it is first read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstReading {
    /// None of the run: it was there before.
    Before,
    /// All of the run: it appeared later.
    Born,
}

/// Takes in a reading: brings `last` up to date and adds to `moved` what was added since, without those that are gone.
/// True if `moved` has changed.
pub(super) fn read(
    last: &mut ByIndex,
    moved: &mut ByIndex,
    reading: &DeviceReadings,
    first: FirstReading,
) -> bool {
    let devices = moved.len();
    last.retain(|index, _| reading.contains_key(index));
    moved.retain(|index, _| reading.contains_key(index));
    let mut changed = moved.len() != devices;
    for (index, now) in reading.iter().filter_map(|(index, counters)| Some((*index, (*counters)?))) {
        let step = match last.insert(index, now) {
            // Backwards: another device with its index, or a driver that began anew.
            Some(before) => now.since(&before).unwrap_or(now),
            None if first == FirstReading::Before => continue,
            None => now,
        };
        if !step.is_zero() {
            moved.entry(index).or_default().add(&step);
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests;
