//! One namespace's network, and what is wrong with it.
use super::paths::{self, EgressPath, Fault};
use crate::model::{Container, Fix, NetnsId, Node};
use crate::remediation;
use crate::topology::underlay::tunnels;
use crate::topology::{Exits, Underlay, Unequal, unequal};

/// The ways out of a namespace, each judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// IPv4's path, else IPv6's; both when they are not equally good. None if there is no default route.
    pub(crate) paths: Vec<EgressPath>,
    /// The other ways out, to networks with a route or rule of their own, the narrowest first.
    pub(crate) others: Vec<EgressPath>,
    /// Devices of it that face each other, or others, with different MTUs.
    pub(crate) unequal: Vec<Unequal>,
    /// What is wrong with its network; on its default paths first.
    pub(crate) faults: Vec<Fault>,
    /// Its tunnels, and what carries them.
    pub(crate) tunnels: Vec<Underlay>,
    /// The remedies for its first wrong tunnel, the best first.
    pub(crate) tunnel_fixes: Vec<Fix>,
}

impl Network {
    /// The network of a namespace, not judged yet.
    pub(crate) fn of(node: &Node, netns: NetnsId, exits: &mut Exits) -> Network {
        let paths = paths::defaults(node, netns);
        Network {
            others: paths::others(node, netns, &paths, exits),
            paths,
            unequal: unequal(node, netns),
            faults: Vec::new(),
            tunnels: tunnels(node, netns).collect(),
            tunnel_fixes: Vec::new(),
        }
    }

    /// Finds what is wrong with it; the remedies are those for this container.
    pub(crate) fn judge(&mut self, node: &Node, netns: NetnsId, container: Option<&Container>) {
        let facing = self.unequal.iter().filter_map(|pair| paths::facing(node, netns, pair));
        let all = self.paths.iter().chain(&self.others).cloned().chain(facing);
        self.faults = paths::faults(node, netns, container, all);
        let fixes = self.wrong_tunnels().next().map(|below| remediation::tunnel::fixes(below, node));
        self.tunnel_fixes = fixes.unwrap_or_default();
    }

    /// Its tunnels whose own number is wrong.
    pub(crate) fn wrong_tunnels(&self) -> impl Iterator<Item = &Underlay> {
        self.tunnels.iter().filter(|below| below.wrong)
    }

    /// What is wrong besides its own tunnels: a path through one that is wrong is that tunnel's fault.
    pub(crate) fn other_faults(&self) -> impl Iterator<Item = &Fault> {
        let own = |fault: &Fault| {
            self.wrong_tunnels().any(|below| below.tunnel.id() == fault.mismatch.culprit.id())
        };
        self.faults.iter().filter(move |fault| !own(fault))
    }

    /// How many things are wrong.
    pub(crate) fn mismatches(&self) -> usize {
        self.other_faults().count() + self.wrong_tunnels().count()
    }
}
