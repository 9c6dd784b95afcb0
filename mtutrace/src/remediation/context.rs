//! What remedies are made of.
use super::shell::{is_option, quote};
use crate::model::describe::owner;
use crate::model::{Ci, Container, Mismatch, NetnsId, Node, Setup};

/// A mismatch, and who suffers of it.
pub(super) struct Context<'a> {
    pub(super) m: &'a Mismatch,
    pub(super) node: &'a Node,
    /// The namespace that suffers, and its container.
    pub(super) netns: NetnsId,
    pub(super) container: Option<&'a Container>,
    /// The MTU to set, bytes at L3.
    pub(super) mtu: u32,
    /// The culprit lies in another namespace than the host's: Docker or podman run inside of that.
    pub(super) nested: bool,
}

impl Context<'_> {
    /// Where the runtime is that made the network.
    pub(super) fn place(&self, runtime: &str) -> String {
        if self.nested {
            format!("in {}, which runs the inner {runtime}", owner(self.m.culprit.netns, self.node))
        } else {
            "on this node".to_owned()
        }
    }

    /// How the container was set up, as far as its runtime told.
    pub(super) fn setup(&self) -> Option<&Setup> {
        self.container?.setup.as_deref()
    }

    /// The CI system that made the container, or the one that its Docker runs in.
    pub(super) fn ci(&self) -> Option<Ci> {
        let place = self.node.netns.get(&self.m.culprit.netns).filter(|_| self.nested);
        let outer = place.into_iter().flat_map(|n| &n.containers);
        self.container.into_iter().chain(outer).find_map(|container| container.setup.as_ref()?.ci)
    }

    /// The containers on the culprit bridge, as their runtime can be asked for them, the one that suffers first.
    pub(super) fn neighbours(&self) -> Vec<String> {
        let bridge = self.m.culprit.id();
        let links = self.node.netns.get(&bridge.netns).into_iter().flat_map(|n| n.links.values());
        let ports = links.filter(|link| link.master == Some(bridge.ifindex)).filter_map(|link| link.peer);
        let beside = ports.filter_map(|peer| self.node.container(peer.netns));
        let mut words: Vec<String> = Vec::new();
        for container in self.container.into_iter().chain(beside) {
            let word = spoken(container);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }
}

/// A container as a word of its runtime's command.
pub(super) fn spoken(container: &Container) -> String {
    let name = container.name.as_deref().filter(|name| !is_option(name));
    quote(name.unwrap_or_else(|| container.short_id()))
}
