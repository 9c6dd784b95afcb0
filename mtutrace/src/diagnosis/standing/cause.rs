//! What is wrong with networks that have it from the same device, or from the same setting.
use std::cmp::Reverse;

use super::paths::Fault;
use crate::diagnosis::advice;
use crate::model::{DeviceId, LinkKind, Mismatch, NetnsId, Node, Severity, StandingMismatch};
use crate::remediation;
use crate::topology::{Underlay, underlay};

/// A mismatch, and by what it is known to be the same as another.
#[derive(Debug)]
pub(super) struct Cause {
    /// Equal for networks that one change puts right.
    pub(super) key: Key,
    /// What to tell.
    pub(super) mismatch: StandingMismatch,
    /// What is too big vanishes without a word.
    silent: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    culprit: Culprit,
    /// What its MTU should be.
    target: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Culprit {
    /// A device that others share.
    Shared(DeviceId),
    /// Each one's own device, by name and MTU, with one limit and one remedy.
    Own { interface: String, mtu: u32, limit: Option<DeviceId>, fix: Option<(String, String)> },
}

impl Cause {
    /// A tunnel that leaves no room for its headers.
    pub(super) fn of_tunnel(below: &Underlay, node: &Node) -> Cause {
        let mut bottleneck = below.tunnel.clone();
        bottleneck.mtu = below.fits;
        let path = vec![below.tunnel.clone()];
        Cause::tunnel(below, Mismatch { path, culprit: below.tunnel.clone(), bottleneck }, node)
    }

    /// What is wrong with a path, or between two devices.
    pub(super) fn of_fault(fault: &Fault, netns: NetnsId, node: &Node) -> Cause {
        let m = &fault.mismatch;
        let mut cause = match underlay(node, m.culprit.id()).filter(|below| below.wrong) {
            Some(below) => Cause::tunnel(&below, m.clone(), node),
            None => Cause::path(fault, netns, node),
        };
        (cause.mismatch.family, cause.mismatch.destinations) =
            (Some(fault.path.family), fault.path.destinations());
        cause
    }

    fn path(fault: &Fault, netns: NetnsId, node: &Node) -> Cause {
        let (m, target) = (&fault.mismatch, fault.path.target);
        // The end of a veth outside of a container is that container's alone.
        let alone = m.bottleneck.netns == netns || m.bottleneck.kind == LinkKind::Veth;
        let culprit = if m.culprit.netns == netns && m.culprit.kind != LinkKind::Bridge {
            Culprit::Own {
                interface: m.culprit.interface.clone(),
                mtu: m.culprit.mtu,
                limit: (!alone).then(|| m.bottleneck.id()),
                fix: fault.fixes.first().map(|fix| (fix.r#where.clone(), fix.command.clone())),
            }
        } else {
            Culprit::Shared(m.culprit.id())
        };
        Cause {
            key: Key { culprit, target },
            silent: fault.path.faces,
            mismatch: StandingMismatch {
                severity: Severity::Warning,
                affected: Vec::new(),
                family: None,
                destinations: Vec::new(),
                culprit: m.culprit.device(),
                should_be: target,
                bottleneck: m.bottleneck.device(),
                overhead: None,
                path: m.path.clone(),
                summary: advice::of(m, None, fault.path.faces, node),
                fix: fault.fixes.clone(),
            },
        }
    }

    fn tunnel(below: &Underlay, m: Mismatch, node: &Node) -> Cause {
        let summary = advice::of(&m, Some(below), false, node);
        let mut path = m.path;
        path.retain(|hop| hop.id() != below.tunnel.id());
        path.extend([below.tunnel.clone(), below.device.clone()]);
        Cause {
            key: Key { culprit: Culprit::Shared(below.tunnel.id()), target: below.fits },
            silent: false,
            mismatch: StandingMismatch {
                severity: Severity::Warning,
                affected: Vec::new(),
                family: None,
                destinations: Vec::new(),
                culprit: below.tunnel.device(),
                should_be: below.fits,
                bottleneck: below.device.device(),
                overhead: Some(below.overhead),
                path,
                summary,
                fix: remediation::tunnel::fixes(below, node),
            },
        }
    }

    /// The worst first: what concerns containers, what is dropped without a word, what concerns all that is sent, many, and by many bytes.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let m = &self.mismatch;
        let gap = m.culprit.mtu.abs_diff(m.should_be);
        let place = (m.culprit.netns, m.culprit.interface.clone());
        let some = !m.destinations.is_empty();
        let nobody = m.affected.iter().all(|one| one.container.is_none());
        (Reverse(m.severity), nobody, !self.silent, some, Reverse(m.affected.len()), Reverse(gap), place)
    }

    /// With whom it is about in its sentence.
    pub(super) fn told(self) -> StandingMismatch {
        let mut mismatch = self.mismatch;
        let others = match mismatch.affected.len().saturating_sub(1) {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            n => format!(" and {n} others"),
        };
        let first = mismatch.affected.first().map(|first| first.name.as_str()).unwrap_or_default();
        mismatch.summary =
            format!("{first}{others}: packets can be too big for the path. {}", mismatch.summary);
        mismatch
    }
}
