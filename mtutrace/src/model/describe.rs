//! Names for people: of namespaces, containers and devices. What comes from outside is escaped where it is printed, not here.
use super::{Container, Hop, Netns, NetnsId, Node};

/// Whose namespace it is.
pub(crate) fn owner(netns: NetnsId, node: &Node) -> String {
    if netns == NetnsId(0) {
        return "unattributed".to_owned();
    }
    if netns == node.host {
        return "the host".to_owned();
    }
    if let Some(container) = node.container(netns) {
        return self::container(container);
    }
    node.netns.get(&netns).map_or_else(|| format!("namespace {netns}"), |known| namespace(netns, known))
}

/// A namespace that no container is known of: its name, else where it is mounted, else its number with a process in it.
pub(crate) fn namespace(id: NetnsId, netns: &Netns) -> String {
    let Netns { name, mount, pid, command, .. } = netns;
    let process = pid.zip(command.as_ref()).map(|(pid, command)| format!(" (pid {pid}, {command})"));
    match name.as_ref().or(mount.as_ref()) {
        Some(name) => format!("namespace {name}"),
        None => format!("namespace {id}{}", process.unwrap_or_default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_without_a_container() {
        let id = NetnsId(7);
        let mut netns = Netns::default();
        assert_eq!(namespace(id, &netns), "namespace 7");
        (netns.pid, netns.command) = (Some(12), Some("slirp4netns".to_owned()));
        assert_eq!(namespace(id, &netns), "namespace 7 (pid 12, slirp4netns)");
        netns.mount = Some("/run/docker/netns/1-a".to_owned());
        assert_eq!(namespace(id, &netns), "namespace /run/docker/netns/1-a");
        netns.name = Some("vpn".to_owned());
        assert_eq!(namespace(id, &netns), "namespace vpn");
    }
}
