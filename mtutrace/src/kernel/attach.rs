//! Puts the classifiers on devices, in whatever namespace they are, and takes them away again.
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aya::Ebpf;
use aya::maps::{Array, MapData};
use aya::programs::tc::SchedClassifierLink;
use aya::programs::{SchedClassifier, TcAttachType, tc};
use aya::util::KernelVersion;
use mtutrace_common::config::LIMIT_SLOTS;

use super::load::chain;
use crate::model::{DeviceId, NetnsId, Node};
use crate::topology::hooks::hooked;
use crate::topology::{Topology, smallest_limit};

/// How often a device that refuses is tried again: it may be going away just now, or coming up.
const ATTEMPTS: u32 = 3;

/// What is attached where.
pub struct Attacher {
    ebpf: Arc<Mutex<Ebpf>>,
    /// Kernels from 6.6 have links that die with this process; older ones have filters that must be removed.
    tcx: bool,
    /// Whether filters that carry our programs' names may be those of a run that was killed: until all that was there at
    /// the start is attached to.
    leftovers: bool,
    /// Which of the two classifiers could be loaded.
    directions: Vec<Direction>,
    links: HashMap<DeviceId, Vec<SchedClassifierLink>>,
    refused: BTreeMap<DeviceId, (u32, String)>,
    limits: HashMap<u32, u32>,
}

/// One classifier: its direction, and its programs for devices with Ethernet headers and without.
#[derive(Clone, Copy, Debug)]
struct Direction {
    attach: TcAttachType,
    ethernet: &'static str,
    bare: &'static str,
}

const INGRESS: Direction =
    Direction { attach: TcAttachType::Ingress, ethernet: "mtut_in", bare: "mtut_in_l3" };
const EGRESS: Direction =
    Direction { attach: TcAttachType::Egress, ethernet: "mtut_out", bare: "mtut_out_l3" };

/// How a classifier hangs on a device.
#[derive(Clone, Copy, Debug)]
enum Means {
    /// As a link, from 6.6.
    Link,
    /// As a filter; `leftovers`: those that carry our programs' names are of a run that was killed.
    Filter { leftovers: bool },
}

/// Whether a program of this name is one of the classifiers.
pub fn is_classifier(program: &str) -> bool {
    [INGRESS, EGRESS].iter().any(|d| program == d.ethernet || program == d.bare)
}

impl Attacher {
    /// An attacher for a loaded object, with the classifiers that could be loaded; `alone`: no other run was alive before
    /// (see [`super::company`]).
    pub fn new(ebpf: Ebpf, ingress: bool, egress: bool, alone: bool) -> Attacher {
        let directions = [(ingress, INGRESS), (egress, EGRESS)]
            .into_iter()
            .filter(|(ok, _)| *ok)
            .map(|(_, d)| d)
            .collect();
        Attacher {
            ebpf: Arc::new(Mutex::new(ebpf)),
            tcx: has_tcx(),
            leftovers: alone,
            directions,
            links: HashMap::new(),
            refused: BTreeMap::new(),
            limits: HashMap::new(),
        }
    }

    /// Devices that carry classifiers.
    pub fn attached(&self) -> usize {
        self.links.len()
    }

    /// Devices that refused, with the reason.
    pub fn refused(&self) -> impl Iterator<Item = (DeviceId, &str)> {
        self.refused.iter().filter(|(_, (n, _))| *n >= ATTEMPTS).map(|(id, (_, why))| (*id, why.as_str()))
    }

    /// Whether a device has refused that will be tried again.
    pub fn is_pending(&self) -> bool {
        self.refused.values().any(|(tries, _)| *tries < ATTEMPTS)
    }

    /// Brings what is attached in line with the node: limits first, so that no packet meets a program without. False
    /// when time was over first: the kernel needs 13 ms for a link.
    pub fn sync(&mut self, topology: &Topology, until: Option<Instant>) -> bool {
        let node = topology.node();
        let wanted: Vec<DeviceId> = node.netns.keys().flat_map(|netns| hooked(node, *netns)).collect();
        self.set_limits(node, &wanted);
        let gone: Vec<_> = self.links.keys().filter(|d| !wanted.contains(d)).copied().collect();
        for device in gone {
            if let Some(links) = self.links.remove(&device) {
                self.release(topology, device.netns, links);
            }
        }
        self.refused.retain(|device, _| node.link(*device).is_some());
        let mut missing: BTreeMap<NetnsId, Vec<(u32, bool)>> = BTreeMap::new();
        for device in wanted {
            let tried = self.refused.get(&device).map_or(0, |(n, _)| *n);
            if let (false, true, Some(link)) =
                (self.links.contains_key(&device), tried < ATTEMPTS, node.link(device))
            {
                missing.entry(device.netns).or_default().push((device.ifindex, link.ethernet));
            }
        }
        let mut done = true;
        for (netns, devices) in missing {
            done = done && self.attach(topology, netns, devices, until);
        }
        // A filter that appears later belongs to a run that lives.
        self.leftovers &= !done;
        done
    }

    /// How many devices of the node should carry classifiers.
    pub fn wanted(node: &Node) -> usize {
        node.netns.keys().map(|netns| hooked(node, *netns).count()).sum()
    }

    /// False when time was over before all of them were tried.
    fn attach(
        &mut self,
        topology: &Topology,
        netns: NetnsId,
        devices: Vec<(u32, bool)>,
        until: Option<Instant>,
    ) -> bool {
        let (ebpf, directions) = (Arc::clone(&self.ebpf), self.directions.clone());
        let means = if self.tcx { Means::Link } else { Means::Filter { leftovers: self.leftovers } };
        let ids: Vec<u32> = devices.iter().map(|(ifindex, _)| *ifindex).collect();
        let job = move || {
            let mut ebpf = ebpf.lock().unwrap_or_else(PoisonError::into_inner);
            let mut results = Vec::with_capacity(devices.len());
            for (ifindex, ethernet) in devices {
                if !results.is_empty() && until.is_some_and(|until| Instant::now() >= until) {
                    break;
                }
                results.push((ifindex, attach_device(&mut ebpf, &directions, means, ifindex, ethernet)));
            }
            results
        };
        let results = topology
            .enter(netns, job)
            .unwrap_or_else(|e| ids.iter().map(|ifindex| (*ifindex, Err(e.to_string()))).collect());
        let done = results.len() == ids.len();
        for (ifindex, result) in results {
            let device = DeviceId { netns, ifindex };
            match result {
                Ok(links) => {
                    self.refused.remove(&device);
                    self.links.insert(device, links);
                }
                Err(why) => {
                    tracing::debug!("classifier on ifindex {ifindex} of netns {netns}: {why}");
                    let entry = self.refused.entry(device).or_default();
                    *entry = (entry.0.saturating_add(1), why);
                }
            }
        }
        done
    }

    /// A TCX link goes with its file descriptor; a filter must be removed where it is, or it is gone with its device.
    fn release(&self, topology: &Topology, netns: NetnsId, links: Vec<SchedClassifierLink>) {
        if self.tcx {
            return drop(links);
        }
        let parcel = Arc::new(Mutex::new(Some(links)));
        let inside = Arc::clone(&parcel);
        let entered =
            topology.enter(netns, move || drop(inside.lock().unwrap_or_else(PoisonError::into_inner).take()));
        if entered.is_err() {
            // Dropping them here would remove a filter of the same number from a device of our own namespace.
            std::mem::forget(parcel.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Takes everything away.
    pub fn detach_all(&mut self, topology: &Topology) {
        for (device, links) in std::mem::take(&mut self.links) {
            self.release(topology, device.netns, links);
        }
    }

    fn set_limits(&mut self, node: &Node, devices: &[DeviceId]) {
        let mut wanted: HashMap<u32, u32> = HashMap::new();
        for device in devices {
            let limit = smallest_limit(node, *device);
            let slot = wanted.entry(device.ifindex & (LIMIT_SLOTS - 1)).or_insert(u32::MAX);
            *slot = limit.min(*slot);
        }
        let mut ebpf = self.ebpf.lock().unwrap_or_else(PoisonError::into_inner);
        let smallest = wanted.values().min().copied().unwrap_or(0);
        if let Some(mut map) = array(&mut ebpf, "SMALLEST") {
            let _ = map.set(0, smallest, 0);
        }
        let Some(mut map) = array(&mut ebpf, "LIMITS") else { return };
        for slot in self.limits.keys().filter(|slot| !wanted.contains_key(slot)) {
            let _ = map.set(*slot, 0, 0);
        }
        for (slot, limit) in &wanted {
            if self.limits.get(slot) != Some(limit)
                && let Err(e) = map.set(*slot, *limit, 0)
            {
                tracing::warn!("the limit of a device could not be set: {e}");
            }
        }
        self.limits = wanted;
    }

    /// Runs something with the loaded object.
    pub fn with_ebpf<R>(&self, f: impl FnOnce(&mut Ebpf) -> R) -> R {
        f(&mut self.ebpf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether classifiers are links that die with this process (from 6.6), rather than filters that must be removed.
pub fn has_tcx() -> bool {
    KernelVersion::current().is_ok_and(|v| v >= KernelVersion::new(6, 6, 0))
}

/// Gives the device of one index a limit (`mtutrace bench`).
pub fn set_limit(ebpf: &mut Ebpf, ifindex: u32, limit: u32) {
    if let Some(mut map) = array(ebpf, "LIMITS") {
        let _ = map.set(ifindex & (LIMIT_SLOTS - 1), limit, 0);
    }
}

fn array<'a>(ebpf: &'a mut Ebpf, name: &str) -> Option<Array<&'a mut MapData, u32>> {
    ebpf.map_mut(name).and_then(|map| Array::try_from(map).ok())
}

/// Attaches to one device of the current namespace.
fn attach_device(
    ebpf: &mut Ebpf,
    directions: &[Direction],
    means: Means,
    ifindex: u32,
    ethernet: bool,
) -> Result<Vec<SchedClassifierLink>, String> {
    let name = name_of(ifindex)?;
    let mut links = Vec::with_capacity(2);
    for direction in directions {
        let program = if ethernet { direction.ethernet } else { direction.bare };
        if let Means::Filter { leftovers } = means {
            prepare_filters(&name, direction.attach, program, leftovers)?;
        }
        let classifier: &mut SchedClassifier = ebpf
            .program_mut(program)
            .ok_or("not in this build")?
            .try_into()
            .map_err(|e: aya::programs::ProgramError| chain(&e))?;
        let id = classifier.attach(&name, direction.attach).map_err(|e| chain(&e))?;
        links.push(classifier.take_link(id).map_err(|e| chain(&e))?);
    }
    Ok(links)
}

/// Before 6.6: a clsact qdisc, and no filter of a run that was killed (they carry our programs' names).
fn prepare_filters(name: &str, attach: TcAttachType, program: &str, leftovers: bool) -> Result<(), String> {
    match tc::qdisc_add_clsact(name) {
        Ok(()) => {}
        Err(e) if chain(&e).contains("os error 17") => {}
        Err(e) => return Err(chain(&e)),
    }
    if !leftovers {
        return Ok(());
    }
    match tc::qdisc_detach_program(name, attach, program) {
        Ok(()) => tracing::info!("removed a filter that a killed run had left on {name:?}"),
        Err(e) => tracing::trace!("no filter to remove on {name:?}: {e}"),
    }
    Ok(())
}

/// The name of a device of the current namespace, now: it may have been renamed since the last look.
fn name_of(ifindex: u32) -> Result<String, String> {
    let mut buffer = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the call asks for.
    let name = unsafe { libc::if_indextoname(ifindex, buffer.as_mut_ptr()) };
    if name.is_null() {
        return Err(std::io::Error::last_os_error().to_string());
    }
    // SAFETY: on success the buffer holds a string that ends with a NUL.
    let name = unsafe { std::ffi::CStr::from_ptr(name) };
    name.to_str().map(str::to_owned).map_err(|_| "its name is not UTF-8".to_owned())
}
