//! Names for people: of namespaces, containers and devices. What comes from outside is escaped where it is printed, not here.
use super::{Container, Hop, NetnsId, Node};

/// Whose namespace it is.
pub(crate) fn owner(netns: NetnsId, node: &Node) -> String {
    if netns == node.host {
        return "the host".to_owned();
    }
    if let Some(container) = node.container(netns) {
        return self::container(container);
    }
    match node.netns.get(&netns).and_then(|n| n.name.as_ref()) {
        Some(name) => format!("namespace {name}"),
        None => format!("namespace {netns}"),
    }
}

/// A container, by its name where it is known.
pub(crate) fn container(container: &Container) -> String {
    match &container.name {
        Some(name) => format!("container {name} ({})", container.short_id()),
        None => format!("container {}", container.short_id()),
    }
}

/// A device and where it is.
pub(crate) fn device(hop: &Hop, node: &Node) -> String {
    format!("{} ({})", hop.interface, owner(hop.netns, node))
}
