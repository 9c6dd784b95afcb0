//! Which devices carry classifiers: brought in line with the node, in whatever namespace the devices are.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aya::Ebpf;

use crate::kernel::attach::{AttachError, Attacher, Links, has_tcx};
use crate::kernel::class::Class;
use crate::model::{DeviceId, Link, NetnsId, Node};
use crate::topology::hooks::hooked;
use crate::topology::{Topology, smallest_limit};

/// How often a device that refuses is tried again: it may be going away just now, or coming up.
const ATTEMPTS: u32 = 3;

/// Devices of one container for which a run waits before it is ready: the rest of them follows.
const SHARE: usize = 64;

/// What is attached where.
pub(crate) struct Classifiers {
    attacher: Arc<Mutex<Attacher>>,
    /// Whether filters that carry our programs' names may be those of a run that was killed: until all that was there at
    /// the start is attached to.
    leftovers: bool,
    links: HashMap<DeviceId, Links>,
    /// Devices that refused, and how often.
    refused: BTreeMap<DeviceId, u32>,
    /// Devices for whose links there were no descriptors: tried again whenever anything changes.
    crowded: BTreeSet<DeviceId>,
    /// Whether that was said.
    crowd_told: bool,
}

impl Classifiers {
    /// None yet; `alone`: no other run was alive before (see [`crate::kernel::instances`]).
    pub(crate) fn new(attacher: Attacher, alone: bool) -> Classifiers {
        Classifiers {
            attacher: Arc::new(Mutex::new(attacher)),
            leftovers: alone,
            links: HashMap::new(),
            refused: BTreeMap::new(),
            crowded: BTreeSet::new(),
            crowd_told: false,
        }
    }

    /// How many devices of the node should carry classifiers.
    pub(crate) fn wanted(node: &Node) -> usize {
        node.netns.keys().map(|netns| hooked(node, *netns).count()).sum()
    }

    /// Devices that carry classifiers.
    pub(crate) fn attached(&self) -> usize {
        self.links.len()
    }

    /// Devices that carry none: they refused and will not be tried again, or there are no descriptors left for them.
    pub(crate) fn refused(&self) -> usize {
        self.refused.values().filter(|tries| **tries >= ATTEMPTS).count() + self.crowded.len()
    }

    /// Whether the host's devices carry them, and of each other namespace all, or as many as one may have others wait for.
    pub(crate) fn has_enough(&self, node: &Node) -> bool {
        node.netns.keys().all(|netns| {
            let share = if *netns == node.host { usize::MAX } else { SHARE };
            let open = |device: &DeviceId| {
                !self.links.contains_key(device)
                    && !self.refused.contains_key(device)
                    && !self.crowded.contains(device)
            };
            let (open, done): (Vec<_>, Vec<_>) = hooked(node, *netns).partition(open);
            open.is_empty() || done.len() >= share
        })
    }

    /// Whether a device has refused that will be tried again.
    pub(crate) fn is_pending(&self) -> bool {
        self.refused.values().any(|tries| *tries < ATTEMPTS)
    }

    /// Brings what is attached in line with the node: limits first, so that no packet meets a program without. False
    /// when time was over first: the kernel needs 13 ms for a link.
    pub(crate) fn sync(&mut self, topology: &Topology, until: Option<Instant>) -> bool {
        let node = topology.node();
        let wanted: Vec<DeviceId> = node.netns.keys().flat_map(|netns| hooked(node, *netns)).collect();
        let class = |device: DeviceId, link: &Link| match (link.ethernet, device.netns == node.host) {
            (false, _) => Class::Bare,
            (true, true) => Class::Host,
            (true, false) => Class::Nested,
        };
        let limit = |device: &DeviceId| {
            let class = class(*device, node.link(*device)?);
            Some((*device, class, smallest_limit(node, *device)))
        };
        // The host's devices first: nobody else's can take their place in the tables.
        let of_host = wanted.iter().filter(|device| device.netns == node.host);
        let others = wanted.iter().filter(|device| device.netns != node.host);
        lock(&self.attacher).set_limits(of_host.chain(others).filter_map(limit));
        let gone: Vec<_> = self.links.keys().filter(|d| !wanted.contains(d)).copied().collect();
        for device in gone {
            if let Some(links) = self.links.remove(&device) {
                release(topology, device.netns, links);
            }
        }
        self.refused.retain(|device, _| node.link(*device).is_some());
        self.crowded.clear();
        let mut missing: BTreeMap<NetnsId, Vec<(u32, Class)>> = BTreeMap::new();
        for device in wanted {
            let tried = self.refused.get(&device).copied().unwrap_or(0);
            if let (false, true, Some(link)) =
                (self.links.contains_key(&device), tried < ATTEMPTS, node.link(device))
            {
                missing.entry(device.netns).or_default().push((device.ifindex, class(device, link)));
            }
        }
        // Nobody waits behind a namespace that has made many.
        let mut missing: Vec<_> = missing.into_iter().collect();
        missing.sort_by_key(|(netns, devices)| (*netns != node.host, devices.len()));
        let mut done = true;
        for (netns, devices) in missing {
            done = done && self.attach(topology, netns, devices, until);
        }
        // Once all of them were tried, so that the number is right.
        if done && !self.crowded.is_empty() && !std::mem::replace(&mut self.crowd_told, true) {
            let count = self.crowded.len();
            tracing::warn!(
                "{count} interfaces are not traced: too many open files; raise the limit (ulimit -n, LimitNOFILE=)"
            );
        }
        self.crowd_told &= !done || !self.crowded.is_empty();
        // A filter that appears later belongs to a run that lives.
        self.leftovers &= !done;
        done
    }

    /// False when time was over before all of them were tried.
    fn attach(
        &mut self,
        topology: &Topology,
        netns: NetnsId,
        devices: Vec<(u32, Class)>,
        until: Option<Instant>,
    ) -> bool {
        let (attacher, leftovers) = (Arc::clone(&self.attacher), self.leftovers);
        let ids: Vec<u32> = devices.iter().map(|(ifindex, _)| *ifindex).collect();
        let job = move || {
            let mut attacher = lock(&attacher);
            let mut results = Vec::with_capacity(devices.len());
            for (ifindex, class) in devices {
                if !results.is_empty() && until.is_some_and(|until| Instant::now() >= until) {
                    break;
                }
                results.push((ifindex, attacher.attach(ifindex, class, leftovers)));
            }
            results
        };
        let results = match topology.enter(netns, job) {
            Ok(results) => results,
            Err(why) => {
                tracing::debug!("classifiers in netns {netns}: {why}");
                ids.iter().for_each(|ifindex| self.refuse(DeviceId { netns, ifindex: *ifindex }));
                return true;
            }
        };
        let done = results.len() == ids.len();
        for (ifindex, result) in results {
            let device = DeviceId { netns, ifindex };
            match result {
                Ok(links) => {
                    self.refused.remove(&device);
                    self.links.insert(device, links);
                }
                Err(AttachError::NoDescriptors(_)) => drop(self.crowded.insert(device)),
                Err(why) => {
                    tracing::debug!("classifier on ifindex {ifindex} of netns {netns}: {why}");
                    self.refuse(device);
                }
            }
        }
        done
    }

    fn refuse(&mut self, device: DeviceId) {
        let tries = self.refused.entry(device).or_default();
        *tries = tries.saturating_add(1);
    }

    /// Takes everything away.
    pub(crate) fn detach_all(&mut self, topology: &Topology) {
        for (device, links) in std::mem::take(&mut self.links) {
            release(topology, device.netns, links);
        }
    }

    /// Looks at the loaded object.
    pub(crate) fn with_ebpf<R>(&self, look: impl FnOnce(&Ebpf) -> R) -> R {
        look(lock(&self.attacher).ebpf())
    }
}

/// A TCX link goes with its file descriptor; a filter must be removed where it is, or it is gone with its device.
fn release(topology: &Topology, netns: NetnsId, links: Links) {
    if has_tcx() {
        return drop(links);
    }
    let parcel = Arc::new(Mutex::new(Some(links)));
    let inside = Arc::clone(&parcel);
    let entered = topology.enter(netns, move || drop(lock(&inside).take()));
    if entered.is_err() {
        // Dropping them here would remove a filter of the same number from a device of our own namespace.
        std::mem::forget(lock(&parcel).take());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
