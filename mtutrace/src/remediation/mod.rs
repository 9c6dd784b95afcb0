//! A verdict and how the container was made give the commands to run. Nothing is executed.
//!
//! One way of making networks a file. The first remedy lasts and is right for how this container was made; then come other
//! forms of it, and relief for what runs now.
pub mod beyond;
mod ci;
mod cni;
mod compose;
mod docker;
mod origin;
mod podman;
mod relief;
pub mod tunnel;

use crate::model::describe::owner;
use crate::model::{Ci, Container, Fix, Hop, Mismatch, NetnsId, Node, Setup};
use crate::topology;

use self::origin::Origin;

/// What remedies are made of.
struct Facts<'a> {
    m: &'a Mismatch,
    node: &'a Node,
    /// The namespace that suffers, and its container.
    netns: NetnsId,
    container: Option<&'a Container>,
    /// The number to set, bytes at L3.
    mtu: u32,
    /// The culprit lies in another namespace than the host's: Docker or podman run inside of that.
    nested: bool,
}

impl Facts<'_> {
    /// Where the runtime is that made the network.
    fn place(&self, runtime: &str) -> String {
        if self.nested {
            format!("in {}, which runs the inner {runtime}", owner(self.m.culprit.netns, self.node))
        } else {
            "on this node".to_owned()
        }
    }

    /// How the container was set up, as far as its runtime told.
    fn setup(&self) -> Option<&Setup> {
        self.container?.setup.as_deref()
    }

    /// The CI system that made the container, or the one that its Docker runs in.
    fn ci(&self) -> Option<Ci> {
        let place = self.node.netns.get(&self.m.culprit.netns).filter(|_| self.nested);
        let outer = place.into_iter().flat_map(|n| &n.containers);
        self.container.into_iter().chain(outer).find_map(|container| container.setup.as_ref()?.ci)
    }

    /// The containers on the culprit bridge, as their runtime can be asked for them, the one that suffers first.
    fn neighbours(&self) -> Vec<String> {
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
fn spoken(container: &Container) -> String {
    quote(container.name.as_deref().unwrap_or_else(|| container.short_id()))
}

/// The remedies, the lasting one for how this container was made first, then relief for what runs now.
pub fn fixes(m: &Mismatch, container: Option<&Container>, netns: NetnsId, node: &Node) -> Vec<Fix> {
    // The culprit's namespace belongs to the outer container when Docker runs inside one.
    let nested = m.culprit.netns != netns && m.culprit.netns != node.host;
    let facts = Facts { m, node, netns, container, mtu: m.bottleneck.mtu, nested };
    let mut fixes = match origin::of(&facts) {
        Origin::Docker0 => docker::default_bridge(&facts),
        Origin::DockerNetwork(id) => docker::network(&facts, &id),
        Origin::DockerBefore => docker::before(&facts),
        Origin::Podman => podman::network(&facts),
        Origin::Nerdctl => cni::nerdctl(&facts),
        Origin::CniBridge => cni::bridge(&facts),
        Origin::Flannel => cni::flannel(&facts),
        Origin::Calico => cni::calico(&facts),
        Origin::Cilium => cni::cilium(&facts),
        Origin::Unknown => Vec::new(),
    };
    fixes.extend(relief::at_once(&facts));
    fixes
}

/// The remedies for two devices that face each other: the same number on both, that of the narrow one's neighbours where it
/// is the one that differs.
pub fn level(m: &Mismatch, node: &Node) -> Vec<Fix> {
    let set = |hop: &Hop, mtu: u32, what: &str| {
        let command =
            format!("{}ip link set dev {} mtu {mtu}", enter(hop.netns, node), quote(&hop.interface));
        fix("on this node, as root", what, command)
    };
    if let (Some(wide), Some(carries)) = (m.path.first(), topology::odd_port(node, m.bottleneck.id())) {
        let raised = carries.min(wide.mtu);
        return vec![
            set(
                &m.bottleneck,
                raised,
                "make it as large as all around it; and so in the configuration that made it",
            ),
            set(wide, m.bottleneck.mtu, "or the sender as small, if what lies behind carries no more"),
        ];
    }
    vec![
        set(
            &m.culprit,
            m.bottleneck.mtu,
            "make it as small as what faces it; and so in the configuration that made it",
        ),
        set(&m.bottleneck, m.culprit.mtu, "or as large, if all that lies behind carries that much"),
    ]
}

pub(crate) fn fix(place: &str, what: &str, command: String) -> Fix {
    Fix { r#where: place.to_owned(), what: what.to_owned(), command }
}

/// The words that run a command in a namespace.
pub(crate) fn enter(netns: NetnsId, node: &Node) -> String {
    let ns = node.netns.get(&netns);
    if netns == node.host {
        return String::new();
    }
    match (ns.and_then(|n| n.pid), ns.and_then(|n| n.name.as_ref())) {
        (_, Some(name)) => format!("ip netns exec {} ", quote(name)),
        (Some(pid), None) => format!("nsenter --target {pid} --net "),
        (None, None) => String::new(),
    }
}

/// Quotes a word for a POSIX shell where it needs it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
