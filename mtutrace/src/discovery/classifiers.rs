//! Which devices carry classifiers: brought in line with the node, in whatever namespace the devices are.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aya::Ebpf;
use mtutrace_common::config::OwnerKey;

use crate::kernel::attach::{AttachError, Attacher, Links, has_tcx};
use crate::kernel::class::Class;
use crate::model::{DeviceId, Link, NetnsId, Node};
use crate::telemetry::clock;
use crate::topology::dump::fdb::learnt_by_bridges;
use crate::topology::hooks::{Hooked, Plan};
use crate::topology::{Topology, smallest_limit};

/// How often a device that refuses is tried again: it may be going away just now, or coming up.
const ATTEMPTS: u32 = 3;

/// Addresses that the bridges of one namespace may have learnt: more are not looked at.
const MOST_LEARNT: usize = 65_536;

/// Sides of devices of one container for which a run waits before it is ready: the rest of them follows.
const SHARE: usize = 64;

/// What is attached where.
pub(crate) struct Classifiers {
    attacher: Arc<Mutex<Attacher>>,
    /// Whether filters that carry our programs' names may be those of a run that was killed: until all that was there at
    /// the start is attached to.
    leftovers: bool,
    /// By device, and whether it is its egress.
    links: BTreeMap<(DeviceId, bool), Links>,
    /// What should be attached where, and of which generation of the node.
    plan: Plan,
    planned: Option<u64>,
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
            links: BTreeMap::new(),
            plan: Plan::default(),
            planned: None,
            refused: BTreeMap::new(),
            crowded: BTreeSet::new(),
            crowd_told: false,
        }
    }

    /// How many devices of the node should carry classifiers.
    pub(crate) fn wanted(&mut self, node: &Node) -> usize {
        self.plan(node).len()
    }

    /// The plan for the node, made anew when that has changed.
    fn plan(&mut self, node: &Node) -> &Plan {
        if self.planned != Some(node.generation) {
            (self.plan, self.planned) = (Plan::of(node), Some(node.generation));
        }
        &self.plan
    }

    /// Devices that carry classifiers.
    pub(crate) fn attached(&self) -> usize {
        self.links.keys().filter(|(_, egress)| !egress).count()
    }

    /// Devices that carry none: they refused and will not be tried again, or there are no descriptors left for them.
    pub(crate) fn refused(&self) -> usize {
        self.refused.values().filter(|tries| **tries >= ATTEMPTS).count() + self.crowded.len()
    }

    /// Whether the host's devices carry them, and of each other namespace all, or as many as one may have others wait for.
    pub(crate) fn has_enough(&mut self, node: &Node) -> bool {
        self.plan(node);
        self.plan.devices.iter().all(|(netns, devices)| {
            let share = if *netns == node.host { usize::MAX } else { SHARE };
            let open = |side: &(DeviceId, bool)| {
                let (device, _) = side;
                !self.links.contains_key(side)
                    && !self.refused.contains_key(device)
                    && !self.crowded.contains(device)
            };
            let (open, done): (Vec<_>, Vec<_>) = sides(devices).partition(open);
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
        let wanted: BTreeSet<(DeviceId, bool)> =
            self.plan(node).devices.values().flat_map(|d| sides(d)).collect();
        self.set_limits(node);
        self.set_owners(topology);
        self.refused.retain(|device, _| node.link(*device).is_some());
        self.crowded.clear();
        let mut missing: Vec<(NetnsId, Vec<Side>)> = Vec::new();
        for (netns, devices) in &self.plan.devices {
            let is_open = |(device, _): &(DeviceId, bool)| {
                self.refused.get(device).is_none_or(|tries| *tries < ATTEMPTS)
            };
            // In the order of their worth.
            let open = sides(devices).filter(|side| !self.links.contains_key(side)).filter(is_open);
            let side = |(device, egress): (DeviceId, bool)| {
                let class = class(node, device, node.link(device)?);
                Some(Side { ifindex: device.ifindex, egress, class })
            };
            missing.push((*netns, open.filter_map(side).collect()));
        }
        missing.retain(|(_, sides)| !sides.is_empty());
        // Nobody waits behind a namespace that has made many.
        missing.sort_by_key(|(netns, devices)| (*netns != node.host, devices.len()));
        let mut done = true;
        for (netns, sides) in missing {
            done = done && self.attach(topology, netns, sides, until);
        }
        self.release_all_but(topology, |side| wanted.contains(side) || !done && node.link(side.0).is_some());
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

    /// Tells the kernel side what a packet could meet: the host's devices first, as nobody else's can take their place in the
    /// tables.
    fn set_limits(&self, node: &Node) {
        let limit = |device: &DeviceId| {
            let class = class(node, *device, node.link(*device)?);
            Some((*device, class, smallest_limit(node, *device)))
        };
        let devices = || self.plan.devices.values().flatten().map(|hooked| &hooked.device);
        let of_host = devices().filter(|device| device.netns == node.host);
        let others = devices().filter(|device| device.netns != node.host);
        lock(&self.attacher).set_limits(of_host.chain(others).filter_map(limit));
    }

    /// Tells the kernel side who is behind the ports that are left to their bridges.
    fn set_owners(&self, topology: &Topology) {
        let (mut bridges, mut ports) = (BTreeSet::new(), BTreeMap::new());
        for (&netns, points) in &self.plan.chokepoints {
            bridges.extend(points.bridges.iter().map(|&ifindex| DeviceId { netns, ifindex }));
            ports.extend(points.ports.iter().map(|(port, mac)| (OwnerKey::new(netns.0, *mac), *port)));
        }
        let fresh = lock(&self.attacher).set_owners(bridges, ports);
        for netns in fresh {
            match topology.enter(netns, || learnt_by_bridges(MOST_LEARNT)) {
                Ok(Ok(learnt)) => lock(&self.attacher).learnt_before(netns, &learnt, clock::monotonic_ns()),
                Ok(Err(e)) => {
                    tracing::debug!("cannot read what the bridges of netns {netns} have learnt: {e}")
                }
                Err(e) => tracing::debug!("{e}"),
            }
        }
    }

    fn release_all_but(&mut self, topology: &Topology, keep: impl Fn(&(DeviceId, bool)) -> bool) {
        let gone: Vec<_> = self.links.keys().filter(|side| !keep(side)).copied().collect();
        for side in gone {
            if let Some(links) = self.links.remove(&side) {
                release(topology, side.0.netns, links);
            }
        }
    }

    /// False when time was over before all of them were tried.
    fn attach(
        &mut self,
        topology: &Topology,
        netns: NetnsId,
        sides: Vec<Side>,
        until: Option<Instant>,
    ) -> bool {
        let (attacher, leftovers) = (Arc::clone(&self.attacher), self.leftovers);
        let all = sides.clone();
        let job = move || {
            let mut attacher = lock(&attacher);
            let mut results = Vec::with_capacity(sides.len());
            for side in sides {
                if !results.is_empty() && until.is_some_and(|until| Instant::now() >= until) {
                    break;
                }
                results.push(attacher.attach(side.ifindex, side.egress, side.class, leftovers));
            }
            results
        };
        let results = match topology.enter(netns, job) {
            Ok(results) => results,
            Err(why) => {
                tracing::debug!("classifiers in netns {netns}: {why}");
                let devices: BTreeSet<u32> = all.iter().map(|side| side.ifindex).collect();
                devices.into_iter().for_each(|ifindex| self.refuse(DeviceId { netns, ifindex }));
                return true;
            }
        };
        let done = results.len() == all.len();
        for (Side { ifindex, egress, .. }, result) in all.into_iter().zip(results) {
            let device = DeviceId { netns, ifindex };
            match result {
                Ok(links) => {
                    self.refused.remove(&device);
                    self.links.insert((device, egress), links);
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
        self.release_all_but(topology, |_| false);
    }

    /// Looks at the loaded object.
    pub(crate) fn with_ebpf<R>(&self, look: impl FnOnce(&Ebpf) -> R) -> R {
        look(lock(&self.attacher).ebpf())
    }
}

/// What is to be attached.
#[derive(Clone, Copy, Debug)]
struct Side {
    ifindex: u32,
    egress: bool,
    class: Class,
}

/// The sides of devices that carry classifiers, in the same order; true is egress.
fn sides(devices: &[Hooked]) -> impl Iterator<Item = (DeviceId, bool)> {
    let both = |hooked: &Hooked| {
        let (device, count) = (hooked.device, 1 + usize::from(hooked.egress));
        [(device, false), (device, true)].into_iter().take(count)
    };
    devices.iter().flat_map(both)
}

fn class(node: &Node, device: DeviceId, link: &Link) -> Class {
    match (link.ethernet, device.netns == node.host) {
        (false, _) => Class::Bare,
        (true, true) => Class::Host,
        (true, false) => Class::Nested,
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
