//! The node: what names somebody or says where somebody is. Numbers, MTUs and how all hangs together stay.
use super::Anonymizer;
use crate::model::{Link, Netns, Node, Setup, TcAction};

/// Networks that Docker makes everywhere; a fix depends on which it is.
const USUAL_NETWORKS: [&str; 5] = ["bridge", "host", "none", "ingress", "docker_gwbridge"];

impl Anonymizer {
    /// Another node.
    pub(super) fn node(&self, node: &Node) -> Node {
        let mut other = node.clone();
        for netns in other.netns.values_mut() {
            self.netns(netns);
        }
        other
    }

    fn netns(&self, netns: &mut Netns) {
        netns.name = self.some_name(&netns.name);
        netns.mount = netns.mount.as_deref().map(|mount| format!("/{}", self.name(mount)));
        netns.command = self.some_name(&netns.command);
        netns.links.values_mut().for_each(|link| self.link(link));
        netns.addresses.iter_mut().for_each(|address| address.ip = self.address(address.ip));
        for route in &mut netns.routes {
            route.destination = self.network(route.destination, route.prefix);
            route.gateway = route.gateway.map(|ip| self.address(ip));
            route.source = route.source.map(|ip| self.address(ip));
        }
        for rule in &mut netns.rules {
            for end in [&mut rule.from, &mut rule.to].into_iter().flatten() {
                end.0 = self.network(end.0, end.1);
            }
            rule.iif = rule.iif.as_deref().map(|name| self.device(name));
        }
        for remotes in netns.remotes.values_mut() {
            remotes.known.iter_mut().for_each(|ip| *ip = self.address(*ip));
            // It is searched by halves.
            remotes.known.sort_unstable();
        }
        for filter in &mut netns.tc {
            if let TcAction::Program(name) = &mut filter.does {
                *name = self.name(name);
            }
        }
        netns.learnt.iter_mut().for_each(|learnt| learnt.destination = self.address(learnt.destination));
        for container in &mut netns.containers {
            *container = self.container(container);
        }
    }

    fn link(&self, link: &mut Link) {
        link.name = self.device(&link.name);
        if !link.mac.is_empty() {
            let other = self.hash(("mac", &link.mac)).to_le_bytes();
            // Whether it is a group's, and whether the kernel made it up, stays.
            let kind = link.mac.first().copied().unwrap_or(0) & 3;
            for (byte, other) in link.mac.iter_mut().zip(other) {
                *byte = other;
            }
            if let Some(first) = link.mac.first_mut() {
                *first = (*first & !3) | kind;
            }
        }
        if let Some(tunnel) = &mut link.tunnel {
            tunnel.remote = tunnel.remote.map(|ip| self.address(ip));
            tunnel.local = tunnel.local.map(|ip| self.address(ip));
        }
    }

    pub(super) fn setup(&self, setup: &Setup) -> Setup {
        let mut other = setup.clone();
        for network in &mut other.networks {
            network.id = self.id(&network.id);
            if !USUAL_NETWORKS.contains(&network.name.as_str()) {
                network.name = self.name(&network.name);
            }
        }
        if let Some(compose) = &mut other.compose {
            compose.project = self.name(&compose.project);
            compose.service = self.some_name(&compose.service);
        }
        other
    }
}
