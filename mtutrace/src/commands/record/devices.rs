//! The devices of a file: each is described once, before its first packet.
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::{DeviceId, Event, Node, describe};
use crate::output::escape::escape;
use crate::recording::pcapng;

/// Numbers of devices in the file that is being written.
#[derive(Debug, Default)]
pub(super) struct Devices {
    known: BTreeMap<Option<DeviceId>, Seen>,
}

/// What was written of a device.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Its number.
    pub(super) number: u32,
    /// Packets.
    pub(super) packets: u64,
}

impl Devices {
    /// The number of an event's device; with the block that describes it, if none has yet. It counts the packet.
    pub(super) fn of(&mut self, event: &Event, node: &Node) -> (u32, Option<Vec<u8>>) {
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let device = event.device();
        let mut block = None;
        let seen = self.known.entry(device).or_insert_with(|| {
            let (name, description) = words(device, node);
            block = Some(pcapng::interface(&escape(&name), &escape(&description)));
            Seen { number: next, packets: 0 }
        });
        seen.packets += 1;
        (seen.number, block)
    }

    /// All of the file, which ends here.
    pub(super) fn take(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.known).into_values().collect()
    }
}

/// Name and description of a device; there is no field for an MTU.
fn words(device: Option<DeviceId>, node: &Node) -> (String, String) {
    let Some(device) = device else {
        return ("unknown".to_owned(), "the kernel side could not tell the device".to_owned());
    };
    let owner = describe::owner(device.netns, node);
    match node.link(device) {
        Some(link) => (link.name.clone(), format!("MTU {}, {owner}, netns {}", link.mtu, device.netns)),
        None => (format!("if{}", device.ifindex), format!("{owner}, netns {}", device.netns)),
    }
}

/// The names of addresses that mean one container: networks that are alike have the same ones.
pub(super) fn names(node: &Node) -> Vec<u8> {
    let mut owners: BTreeMap<IpAddr, Option<String>> = BTreeMap::new();
    for netns in node.netns.values() {
        let name = netns
            .containers
            .first()
            .map(|container| container.name.as_deref().unwrap_or(container.short_id()));
        for address in netns.addresses.iter().filter(|address| !address.ip.is_loopback()) {
            let name = name.map(|name| escape(name).into_owned());
            owners.entry(address.ip).and_modify(|known| *known = None).or_insert(name);
        }
    }
    let named = owners.iter().filter_map(|(ip, name)| Some((*ip, name.as_deref()?)));
    pcapng::names(named)
}
