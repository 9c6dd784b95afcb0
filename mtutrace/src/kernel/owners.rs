//! The tables by which a bridge's classifier tells by which port a packet came in.
use std::collections::{BTreeMap, BTreeSet};

use aya::Ebpf;
use aya::maps::{HashMap as Table, MapData};
use mtutrace_common::config::{Owner, OwnerKey, device_key};

use crate::model::{DeviceId, NetnsId};

/// What was written to them.
#[derive(Debug, Default)]
pub(super) struct Owners {
    bridges: BTreeSet<DeviceId>,
    ports: BTreeMap<OwnerKey, u32>,
}

/// An [`OwnerKey`] as aya wants keys.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Key(OwnerKey);

/// An [`Owner`] as aya wants values.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Value(Owner);

// SAFETY: integers only, without padding (`OwnerKey` derives bytemuck's Pod).
unsafe impl aya::Pod for Key {}
// SAFETY: the same.
unsafe impl aya::Pod for Value {}

impl Owners {
    /// Sets who is behind which port, and which bridges stand in for them. Returns the namespaces with entries that are new: what
    /// their bridges have learnt before is to be told by [`Owners::seen_at`].
    pub(super) fn set(
        &mut self,
        ebpf: &mut Ebpf,
        bridges: BTreeSet<DeviceId>,
        ports: BTreeMap<OwnerKey, u32>,
    ) -> BTreeSet<NetnsId> {
        let mut fresh = BTreeSet::new();
        // Who is behind a port comes before the bridge that stands in for it.
        if let Some(mut table) = owners(ebpf) {
            for key in self.ports.keys().filter(|key| !ports.contains_key(key)) {
                let _ = table.remove(&Key(*key));
            }
            for (key, port) in ports.iter().filter(|(key, port)| self.ports.get(key) != Some(port)) {
                told(table.insert(Key(*key), Value(Owner { port: *port, at: *port, moved_ns: 0 }), 0));
                fresh.extend(u32::try_from(key.netns).map(NetnsId));
            }
        }
        let number = |bridge: &DeviceId| device_key(bridge.netns.0, bridge.ifindex);
        if let Some(mut table) = chokepoints(ebpf) {
            for bridge in self.bridges.difference(&bridges) {
                let _ = table.remove(&number(bridge));
            }
            for bridge in bridges.difference(&self.bridges) {
                told(table.insert(number(bridge), 1, 0));
            }
        }
        (self.bridges, self.ports) = (bridges, ports);
        fresh
    }

    /// What the bridges of a namespace had learnt: an address that is known behind one port, and was seen behind another.
    pub(super) fn seen_at(&self, ebpf: &mut Ebpf, netns: NetnsId, learnt: &[([u8; 6], u32)], now_ns: u64) {
        let Some(mut table) = owners(ebpf) else { return };
        for (mac, at) in learnt {
            let key = OwnerKey::new(netns.0, *mac);
            if let Some(port) = self.ports.get(&key).filter(|port| *port != at) {
                told(table.insert(Key(key), Value(Owner { port: *port, at: *at, moved_ns: now_ns }), 0));
            }
        }
    }
}

fn told(result: Result<(), aya::maps::MapError>) {
    if let Err(e) = result {
        tracing::warn!("who is behind a bridge's port could not be set, its packets count as nobody's: {e}");
    }
}

fn owners(ebpf: &mut Ebpf) -> Option<Table<&mut MapData, Key, Value>> {
    ebpf.map_mut("OWNERS").and_then(|map| Table::try_from(map).ok())
}

fn chokepoints(ebpf: &mut Ebpf) -> Option<Table<&mut MapData, u64, u32>> {
    ebpf.map_mut("CHOKEPOINTS").and_then(|map| Table::try_from(map).ok())
}
