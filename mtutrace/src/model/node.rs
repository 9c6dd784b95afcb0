//! The model of the node. Pure: filled by `dump`, asked by `path` and the engine.
use std::net::IpAddr;

use super::container::Container;
use super::device::{DeviceId, Link};
use super::namespaces::Namespaces;
use super::netns::{NetnsId, NetnsKey};

/// The node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// The namespace of PID 1: the host's own.
    pub(crate) host: NetnsId,
    /// Namespaces by inode number.
    pub(crate) netns: Namespaces,
    /// Whether the kernel tells what its bridges learn (hook `br_fdb_update`): then a bridge may stand in for its ports.
    pub(crate) follows_fdb: bool,
    /// Grows with every change: what was worked out from an older generation may be wrong.
    pub(crate) generation: u64,
}

impl Node {
    /// The device with this id.
    pub(crate) fn link(&self, device: DeviceId) -> Option<&Link> {
        self.netns.get(&device.netns)?.links.get(&device.ifindex)
    }

    /// Which of the namespaces that had this number one after the other it is; generation 0 if there is none now.
    pub(crate) fn key(&self, id: NetnsId) -> NetnsKey {
        NetnsKey { id, generation: self.netns.get(&id).map_or(0, |netns| netns.generation) }
    }

    /// Whether this namespace is still there.
    pub(crate) fn is_current(&self, key: NetnsKey) -> bool {
        self.netns.get(&key.id).is_some_and(|netns| netns.generation == key.generation)
    }

    /// Whether `netns` has this address.
    pub(crate) fn has_address(&self, netns: NetnsId, ip: IpAddr) -> bool {
        self.netns.get(&netns).is_some_and(|n| n.addresses.iter().any(|a| a.ip == ip))
    }

    /// The container to name for a namespace.
    pub(crate) fn container(&self, netns: NetnsId) -> Option<&Container> {
        self.netns.get(&netns)?.containers.first()
    }
}
