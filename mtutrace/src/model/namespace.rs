//! One network namespace, as the kernel tells it.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::container::Container;
use super::device::{Address, Learnt, Link, Route};
use super::remotes::Remotes;
use super::rule::Rule;
use super::tunnel::TunnelEnd;
use super::unmodelled::TcFilter;

/// One network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Netns {
    /// Name under /run/netns, if it has one.
    pub(crate) name: Option<String>,
    /// Where it is mounted, if nothing else holds it: `nsenter --net=PATH` is the way in.
    pub(crate) mount: Option<String>,
    /// A process in it, if there is one: `/proc/<pid>/ns/net` is the way in.
    pub(crate) pid: Option<u32>,
    /// What that process runs (`/proc/PID/comm`), if no container is known.
    pub(crate) command: Option<String>,
    /// Devices by index.
    pub(crate) links: BTreeMap<u32, Link>,
    /// Addresses.
    pub(crate) addresses: Vec<Address>,
    /// Unicast routes of the main table and of those that rules lead to, both families.
    pub(crate) routes: Vec<Route>,
    /// Routes that were too many to keep, or more.
    pub(crate) routes_cut: usize,
    /// What else was too many to keep, by its name in the plural, and how many or more.
    pub(crate) cut: BTreeMap<Cow<'static, str>, usize>,
    /// Rules of policy routing in their order; none of a family that has but those which the kernel makes itself.
    pub(crate) rules: Vec<Rule>,
    /// The other ends of its VXLANs by their index, as their forwarding databases say.
    pub(crate) remotes: BTreeMap<u32, Remotes>,
    /// What the other ends of its tunnels know them by, by index.
    pub(crate) ends: BTreeMap<u32, TunnelEnd>,
    /// The routing tables of its VRFs, by index.
    pub(crate) vrfs: BTreeMap<u32, u32>,
    /// The drivers of its devices of kind [`super::LinkKind::Other`], by index.
    pub(crate) drivers: BTreeMap<u32, String>,
    /// Its devices with an XDP program.
    pub(crate) xdp: BTreeSet<u32>,
    /// TC filters that may send packets elsewhere; empty unless asked for.
    pub(crate) tc: Vec<TcFilter>,
    /// Path MTUs that its kernel has learnt, the smallest first; empty unless asked for.
    pub(crate) learnt: Vec<Learnt>,
    /// Containers whose processes live in it: one, or all those of a pod, the one to name first. Empty for the host.
    #[serde(with = "super::whole::list")]
    pub(crate) containers: Vec<Container>,
    /// The node's generation that it appeared in: its inode number is used again as soon as it is gone.
    pub(crate) generation: u64,
}

impl Netns {
    /// Whether it has more than was kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.routes_cut > 0 || !self.cut.is_empty()
    }

    /// Whether a device of it is a tunnel's end.
    pub(crate) fn has_tunnels(&self) -> bool {
        self.links.values().any(|link| link.tunnel.is_some())
    }

    /// Notes that so many more of something were not kept.
    pub(crate) fn note_cut(&mut self, what: &'static str, count: usize) {
        if count > 0 {
            *self.cut.entry(Cow::Borrowed(what)).or_default() += count;
        }
    }
}
