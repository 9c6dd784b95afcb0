//! Puts the classifiers on one device of the namespace that the calling thread is in, and tells them the limits.
use std::collections::{BTreeMap, BTreeSet};
use std::{ffi, io};

use aya::Ebpf;
use aya::programs::tc::{SchedClassifierLink, TcError};
use aya::programs::{ProgramError, SchedClassifier, TcAttachType, tc};
use aya::util::KernelVersion;
use mtutrace_common::Place;
use mtutrace_common::config::OwnerKey;

use super::class::Class;
use super::descriptors;
use super::error::{chain, os_error};
use super::hooks::{HOOKS, Hook, Outcome};
use super::limits::Limits;
use super::owners::Owners;
use crate::model::{DeviceId, NetnsId};

/// Why a device did not take the classifiers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttachError {
    /// There is no such device, or it is going away.
    #[error("its name is not known: {0}")]
    Name(io::Error),
    /// A name that aya cannot take.
    #[error("its name is not UTF-8")]
    NotUtf8,
    /// The object lacks a classifier.
    #[error("not in this build: {0}")]
    NotBuilt(&'static str),
    /// The limit of open files is reached.
    #[error("the limit of open files ({0}) has no room for it; raise it (ulimit -n, LimitNOFILE=)")]
    NoDescriptors(u64),
    /// The kernel refused the program.
    #[error("{}", chain(.0))]
    Program(#[from] ProgramError),
    /// The kernel refused the qdisc that filters hang on (before 6.6).
    #[error("no clsact: {}", chain(.0))]
    Qdisc(TcError),
}

/// What keeps the classifier on one side of a device: dropping it takes it away. A filter (before 6.6) must be dropped in the
/// namespace of its device.
pub(crate) type Links = Vec<SchedClassifierLink>;

/// Attaches the classifiers of a loaded object.
pub(crate) struct Attacher {
    ebpf: Ebpf,
    directions: Vec<Direction>,
    limits: Limits,
    owners: Owners,
}

/// One classifier: its direction, and its program for each [`Class`].
#[derive(Clone, Copy, Debug)]
struct Direction {
    attach: TcAttachType,
    ethernet: &'static str,
    bare: &'static str,
    nested: &'static str,
}

impl Direction {
    /// Nothing for hooks that are no classifiers.
    fn of(hook: &Hook) -> Option<Direction> {
        let attach = match hook.place()? {
            Place::Ingress => TcAttachType::Ingress,
            Place::Egress => TcAttachType::Egress,
            Place::RawTracepoint(_) | Place::Kprobe(_) => return None,
        };
        let [(_, ethernet), (_, bare), others @ ..] = hook.programs else { return None };
        let nested = others.first().map_or(*ethernet, |(_, nested)| nested);
        Some(Direction { attach, ethernet, bare, nested })
    }

    fn program(self, class: Class) -> &'static str {
        match class {
            Class::Host => self.ethernet,
            Class::Nested => self.nested,
            Class::Bare => self.bare,
        }
    }
}

/// Whether a program of this name is one of the classifiers.
pub(crate) fn is_classifier(program: &str) -> bool {
    HOOKS.iter().filter_map(Direction::of).any(|d| [d.ethernet, d.bare, d.nested].contains(&program))
}

/// Whether a program is loaded with the first device that it goes on: few nodes have devices without Ethernet headers, and
/// the verifier takes as long for their classifiers as for all other programs together.
pub(super) fn is_loaded_on_demand(program: &str) -> bool {
    HOOKS.iter().filter_map(Direction::of).any(|d| program == d.bare)
}

impl Attacher {
    /// For a loaded object, with the classifiers that could be loaded by the outcome for each of [`HOOKS`].
    pub(crate) fn new(ebpf: Ebpf, outcome: &[Outcome]) -> Attacher {
        let loaded = HOOKS.iter().zip(outcome).filter(|(_, outcome)| **outcome == Outcome::Attached);
        let directions = loaded.filter_map(|(hook, _)| Direction::of(hook)).collect();
        Attacher { ebpf, directions, limits: Limits::default(), owners: Owners::default() }
    }

    /// The loaded object.
    pub(crate) fn ebpf(&self) -> &Ebpf {
        &self.ebpf
    }

    /// Attaches to one side of a device of the current namespace. `leftovers`: filters that carry our programs' names are of a
    /// run that was killed, and are removed.
    ///
    /// # Errors
    /// When the device is gone, there is no room for its links, or the kernel refuses.
    pub(crate) fn attach(
        &mut self,
        ifindex: u32,
        egress: bool,
        class: Class,
        leftovers: bool,
    ) -> Result<Links, AttachError> {
        if has_tcx() && !descriptors::have_room() {
            return Err(AttachError::NoDescriptors(descriptors::limit()));
        }
        let name = name_of(ifindex)?;
        let mut links = Vec::with_capacity(1);
        let side = if egress { TcAttachType::Egress } else { TcAttachType::Ingress };
        for direction in self.directions.iter().filter(|direction| direction.attach == side) {
            let program = direction.program(class);
            if !has_tcx() {
                prepare_filters(&name, direction.attach, program, leftovers)?;
            }
            let classifier: &mut SchedClassifier =
                self.ebpf.program_mut(program).ok_or(AttachError::NotBuilt(program))?.try_into()?;
            if classifier.fd().is_err() {
                classifier.load()?;
            }
            let id = classifier.attach(&name, direction.attach)?;
            links.push(classifier.take_link(id)?);
        }
        Ok(links)
    }

    /// Sets the limit of each device that is traced, bytes at L3: the smallest MTU that a packet coming in by it could meet.
    pub(crate) fn set_limits(&mut self, devices: impl Iterator<Item = (DeviceId, Class, u32)>) {
        self.limits.set(&mut self.ebpf, devices);
    }

    /// Sets which bridges stand in for their ports, and who is behind which of these. Returns the namespaces of which it is to be
    /// told what their bridges had learnt before.
    pub(crate) fn set_owners(
        &mut self,
        bridges: BTreeSet<DeviceId>,
        ports: BTreeMap<OwnerKey, u32>,
    ) -> BTreeSet<NetnsId> {
        self.owners.set(&mut self.ebpf, bridges, ports)
    }

    /// What the bridges of a namespace had learnt: the port behind which each has seen an address.
    pub(crate) fn learnt_before(&mut self, netns: NetnsId, learnt: &[([u8; 6], u32)], now_ns: u64) {
        self.owners.seen_at(&mut self.ebpf, netns, learnt, now_ns);
    }
}

/// Whether classifiers are links that die with this process (from 6.6), rather than filters that must be removed.
pub(crate) fn has_tcx() -> bool {
    KernelVersion::current().is_ok_and(|v| v >= KernelVersion::new(6, 6, 0))
}

/// Before 6.6: a clsact qdisc, and no filter of a run that was killed (they carry our programs' names).
fn prepare_filters(
    name: &str,
    attach: TcAttachType,
    program: &str,
    leftovers: bool,
) -> Result<(), AttachError> {
    match tc::qdisc_add_clsact(name) {
        Ok(()) => {}
        Err(e) if os_error(&e) == Some(libc::EEXIST) => {}
        Err(e) => return Err(AttachError::Qdisc(e)),
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
fn name_of(ifindex: u32) -> Result<String, AttachError> {
    let mut buffer = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the call asks for.
    let name = unsafe { libc::if_indextoname(ifindex, buffer.as_mut_ptr()) };
    if name.is_null() {
        return Err(AttachError::Name(io::Error::last_os_error()));
    }
    // SAFETY: on success the buffer holds a string that ends with a NUL.
    let name = unsafe { ffi::CStr::from_ptr(name) };
    name.to_str().map(str::to_owned).map_err(|_| AttachError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_has_its_classifiers() {
        let all = HOOKS.iter().filter_map(Direction::of);
        let classes = [Class::Host, Class::Nested, Class::Bare];
        let programs = all.map(|d| (d.attach, classes.map(|class| d.program(class)))).collect::<Vec<_>>();
        let expected = [
            (TcAttachType::Ingress, ["mtut_in", "mtut_in_nested", "mtut_in_l3"]),
            (TcAttachType::Egress, ["mtut_out", "mtut_out", "mtut_out_l3"]),
        ];
        assert_eq!(programs, expected);
        assert!(is_classifier("mtut_out_l3") && !is_classifier("mtut_kfree"));
        assert!(is_loaded_on_demand("mtut_in_l3") && !is_loaded_on_demand("mtut_in"));
    }

    #[test]
    fn a_device_that_is_gone_has_no_name() {
        let error = name_of(u32::MAX).unwrap_err();
        assert!(matches!(&error, AttachError::Name(e) if e.raw_os_error() == Some(libc::ENXIO)), "{error}");
    }
}
