//! How a network was made, as far as the names of its devices tell.
use super::context::Context;
use super::lxd;
use crate::model::{LinkKind, Runtime};

/// What made the network, and so what has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Docker's default bridge.
    Docker0,
    /// A network of `docker network create` or compose: the first 12 digits of its id.
    DockerNetwork(String),
    /// A network of Docker whose MTU is right by now, but not that of the container, which is older.
    DockerBefore,
    /// The bridge of swarm's tasks to the world.
    DockerGateway,
    /// The network of kind's nodes.
    Kind,
    /// A bridge that LXD manages.
    Lxd,
    /// A bridge that Incus manages.
    Incus,
    /// The bridge of LXC itself.
    Lxc,
    /// A container of Proxmox.
    Proxmox,
    /// A container of LXD, Incus or LXC on a bridge of somebody else.
    LxcContainer,
    /// A tunnel of the container's own.
    OwnTunnel,
    /// A network of podman.
    Podman,
    /// nerdctl's default bridge.
    Nerdctl,
    /// The bridge plugin of CNI, and what is configured like it.
    CniBridge,
    /// flannel: its plugin hands on the number that its daemon found.
    Flannel,
    /// Calico.
    Calico,
    /// Cilium.
    Cilium,
    /// Made by hand, or by something unknown.
    Unknown,
}

/// What made the culprit's network.
pub(super) fn of(context: &Context<'_>) -> Origin {
    let culprit = &context.m.culprit;
    let name = culprit.interface.as_str();
    // Docker names a bridge after the first 12 digits of its network's id.
    let digits =
        name.strip_prefix("br-").filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    let of_kind = || context.setup().is_some_and(|s| s.network_of(name).is_some_and(|n| n.name == "kind"));
    match (name, digits) {
        ("docker0", _) => Origin::Docker0,
        ("docker_gwbridge", _) => Origin::DockerGateway,
        (_, Some(_)) if of_kind() => Origin::Kind,
        _ if name.starts_with("lxdbr") => Origin::Lxd,
        _ if name.starts_with("incusbr") => Origin::Incus,
        ("lxcbr0", _) => Origin::Lxc,
        (_, Some(id)) => Origin::DockerNetwork(id.to_owned()),
        ("nerdctl0", _) => Origin::Nerdctl,
        _ if name.starts_with("podman") || name.starts_with("cni-podman") => Origin::Podman,
        // k3s and others call flannel's bridge as the bridge plugin does by default.
        ("cni0", _) if beside(context, |other| other.starts_with("flannel")) => Origin::Flannel,
        _ if name.starts_with("cni")
            || name.starts_with("cbr")
            || matches!(name, "kube-bridge" | "nomad") =>
        {
            Origin::CniBridge
        }
        _ if lxd::is_of_proxmox(context) => Origin::Proxmox,
        _ if context.container.is_some_and(|c| c.runtime == Some(Runtime::Lxc)) => Origin::LxcContainer,
        _ if culprit.kind == LinkKind::Bridge => Origin::Unknown,
        _ if context.node.link(culprit.id()).is_some_and(|link| link.tunnel.is_some()) => Origin::OwnTunnel,
        _ => without_bridge(context),
    }
}

/// A pod's device that is no port of a bridge: its other end is named by the plugin.
fn without_bridge(context: &Context<'_>) -> Origin {
    let path = &context.m.path;
    let other_end = context.node.link(context.m.culprit.id()).and_then(|link| context.node.link(link.peer?));
    let names = || path.iter().map(|hop| &hop.interface).chain(other_end.map(|link| &link.name));
    let named = |prefix: &str| names().any(|name| name.starts_with(prefix));
    if named("cali") {
        return Origin::Calico;
    }
    if named("lxc") || named("cilium") {
        return Origin::Cilium;
    }
    match context.container.and_then(|c| c.runtime) {
        Some(Runtime::Podman) => Origin::Podman,
        Some(Runtime::Containerd | Runtime::CriO) => Origin::CniBridge,
        Some(Runtime::Docker) if path.iter().any(|hop| hop.kind == LinkKind::Bridge) => Origin::DockerBefore,
        // A network of Docker without a bridge (macvlan, ipvlan), whose id no device tells.
        Some(Runtime::Docker | Runtime::Nspawn | Runtime::Nomad | Runtime::Firecracker) | None => {
            Origin::Unknown
        }
        Some(Runtime::Lxc) => Origin::LxcContainer,
    }
}

/// Whether the culprit's namespace has a device of such a name.
fn beside(context: &Context<'_>, wanted: impl Fn(&str) -> bool) -> bool {
    let netns = context.node.netns.get(&context.m.culprit.netns);
    netns.is_some_and(|n| n.links.values().any(|link| wanted(&link.name)))
}
