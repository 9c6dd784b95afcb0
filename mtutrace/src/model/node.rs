//! The model of the node. Pure: filled by `dump`, asked by `path` and the engine.
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::container::Container;
use super::device::{Address, DeviceId, Learnt, Link, Route};
use super::namespaces::Namespaces;
use super::netns::{NetnsId, NetnsKey};
use super::rule::Rule;

/// One network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Netns {
    /// Name under /run/netns, if it has one.
    pub(crate) name: Option<String>,
    /// A process in it, if there is one: `/proc/<pid>/ns/net` is the way in.
    pub(crate) pid: Option<u32>,
    /// Devices by index.
    pub(crate) links: BTreeMap<u32, Link>,
    /// Addresses.
    pub(crate) addresses: Vec<Address>,
    /// Unicast routes of the main table and of those that rules lead to, both families.
    pub(crate) routes: Vec<Route>,
    /// Routes of other tables than main that were too many to keep.
    pub(crate) routes_cut: usize,
    /// Rules of policy routing in their order; none of a family that has but those which the kernel makes itself.
    pub(crate) rules: Vec<Rule>,
    /// Path MTUs that its kernel has learnt, the smallest first; empty unless asked for.
    pub(crate) learnt: Vec<Learnt>,
    /// Containers whose processes live in it: one, or all those of a pod, the one to name first. Empty for the host.
    pub(crate) containers: Vec<Container>,
    /// The node's generation that it appeared in: its inode number is used again as soon as it is gone.
    pub(crate) generation: u64,
}

/// The node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// The namespace of PID 1: the host's own.
    pub(crate) host: NetnsId,
    /// Namespaces by inode number.
    pub(crate) netns: Namespaces,
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
