//! A verdict and how the container was made give the commands to run. Nothing is executed.
//!
//! One way of making networks a file. The first remedy lasts and is right for how this container was made; then come other
//! forms of it, and what works at once.
mod ci;
mod cni;
mod compose;
mod context;
mod docker;
mod fix;
pub(crate) mod fragments;
mod level;
mod lxd;
mod older;
mod origin;
mod podman;
mod relief;
pub(crate) mod remote;
mod shell;
mod swarm;
pub(crate) mod tunnel;

use std::net::IpAddr;

use crate::model::{Container, Fix, Mismatch, NetnsId, Node};
use crate::topology;

use self::context::Context;
use self::origin::Origin;
pub(crate) use level::level;

/// The remedies: the lasting one for how this container was made first, what works at once last.
pub(crate) fn fixes(m: &Mismatch, container: Option<&Container>, netns: NetnsId, node: &Node) -> Vec<Fix> {
    if topology::odd_port(node, m.culprit.id()).is_some() {
        return level(m, node);
    }
    // The culprit's namespace belongs to the outer container when Docker runs inside one.
    let nested = m.culprit.netns != netns && m.culprit.netns != node.host;
    let context = Context { m, node, netns, container, mtu: m.bottleneck.mtu, nested };
    // An obstacle of which nobody is known to promise more is nobody's setting.
    let is_set = m.culprit.mtu <= context.mtu;
    let origin = if is_set { Origin::Unknown } else { origin::of(&context) };
    let mut fixes = match origin {
        Origin::Docker0 => docker::default_bridge(&context),
        Origin::DockerNetwork(id) => docker::network(&context, &id),
        Origin::DockerBefore => docker::before(&context),
        Origin::DockerGateway => swarm::gateway_bridge(&context),
        Origin::Kind => swarm::kind(&context),
        Origin::Lxd => lxd::managed(&context, "lxc"),
        Origin::Incus => lxd::managed(&context, "incus"),
        Origin::Lxc => lxd::plain(&context),
        Origin::Proxmox => lxd::proxmox(&context),
        Origin::LxcContainer => lxd::container(&context),
        Origin::OwnTunnel => tunnel::of_container(&context),
        Origin::Podman => podman::network(&context),
        Origin::Nerdctl => cni::nerdctl(&context),
        Origin::CniBridge => cni::bridge(&context),
        Origin::Flannel => cni::flannel(&context),
        Origin::Calico => cni::calico(&context),
        Origin::Cilium => cni::cilium(&context),
        Origin::Unknown => Vec::new(),
    };
    fixes.extend(relief::at_once(&context));
    fix::ranked(fixes)
}

/// The remedies for connections to `remote` that were probably made when the MTU of `netns` was larger, and those that help
/// where it never was.
pub(crate) fn fixes_of_older(m: &Mismatch, netns: NetnsId, remote: IpAddr, node: &Node) -> Vec<Fix> {
    let context = Context { m, node, netns, container: None, mtu: m.bottleneck.mtu, nested: false };
    let mut fixes = vec![older::end(netns, remote, node)];
    fixes.extend(relief::at_once(&context));
    fix::ranked(fixes)
}

#[cfg(test)]
mod tests;
