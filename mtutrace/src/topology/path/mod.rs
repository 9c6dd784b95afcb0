//! The devices between a container and a destination, each with its MTU.
//!
//! Two ways of going on take turns: a namespace *routes* a packet (L3, `lookup`), and bridges, veth pairs and stacked
//! devices *carry* it (L2) to whoever holds the next hop's address. MTUs below a router bind silently, those at a
//! router are answered with ICMP; both are on the path.
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::far_end::far_end;
use super::lookup::{Lookup, Origin, forward, originate};
use super::underlay::underlay;
use crate::model::{DeviceId, Hop, Link, LinkKind, NetnsId, Node};

/// A path longer than this has lost its way.
const MAX_HOPS: usize = 32;

/// The devices from the namespace `from` towards `to`, its own device first; along the default route without `to`
/// (IPv4 before IPv6), or if it is 0.0.0.0 or ::. Ends at a NIC, at a tunnel whose other end is elsewhere, where `to` lives, or where the way is
/// not known.
///
/// A packet's limit is the smallest MTU of it (RFC 1191, RFC 8201). That of a tunnel is what its underlay leaves for it,
/// if that is less than its own.
pub(crate) fn path(node: &Node, from: NetnsId, to: Option<IpAddr>) -> Vec<Hop> {
    walk(node, from, to, true)
}

/// The same, but no further than the first tunnel: those at its other end are not what it is nested in.
pub(crate) fn path_before_tunnels(node: &Node, from: NetnsId, to: Option<IpAddr>) -> Vec<Hop> {
    walk(node, from, to, false)
}

fn walk(node: &Node, from: NetnsId, to: Option<IpAddr>, through: bool) -> Vec<Hop> {
    let mut walk = Walk { node, to, through, sources: Vec::new(), hops: Vec::new(), seen: BTreeSet::new() };
    let mut routed = BTreeSet::new();
    let mut at = Some((from, None));
    // A namespace that routes the same packet twice is a routing loop.
    while let Some((netns, came_by)) = at.filter(|(netns, _)| routed.insert(*netns)) {
        let next = walk.route(netns, came_by);
        at = next.map(|device| (device.netns, Some(device.ifindex)));
    }
    walk.hops
}

/// The first of the hops with the smallest MTU, and its place.
pub(crate) fn bottleneck(path: &[Hop]) -> Option<(usize, &Hop)> {
    path.iter().enumerate().min_by_key(|(_, hop)| hop.mtu)
}

struct Walk<'a> {
    node: &'a Node,
    to: Option<IpAddr>,
    /// It goes on at the other end of a tunnel, where that is on this node.
    through: bool,
    /// The address that it had at first, and those that masquerading may have given it since.
    sources: Vec<IpAddr>,
    hops: Vec<Hop>,
    seen: BTreeSet<DeviceId>,
}

impl<'a> Walk<'a> {
    /// Adds a device; absent if the walk must end. A bridge may come twice: towards a router on it, and back.
    fn step(&mut self, device: DeviceId, mtu: u32) -> Option<&'a Link> {
        let link = self.node.link(device)?;
        let again = !self.seen.insert(device) && link.kind != LinkKind::Bridge;
        if again || self.hops.len() >= MAX_HOPS {
            return None;
        }
        let fits = link.tunnel.as_ref().and_then(|_| underlay(self.node, device)).map(|below| below.fits);
        let mtu = mtu.min(link.mtu).min(fits.unwrap_or(u32::MAX));
        self.hops.push(Hop { mtu, ..Hop::new(device, link) });
        Some(link)
    }

    /// A namespace routes the packet, its own or one that came by a device; answers with the device by which it comes
    /// into the next namespace that does.
    fn route(&mut self, netns: NetnsId, came_by: Option<u32>) -> Option<DeviceId> {
        let known = self.node.netns.get(&netns)?;
        let (way, source) = match came_by {
            Some(_) => forward(known, self.to, Origin { from: &self.sources, came_by }),
            None => originate(known, self.to),
        };
        let Lookup::Out(out) = way else { return None };
        self.sources.extend(source);
        let device = DeviceId { netns, ifindex: out.ifindex };
        self.step(device, out.mtu)?;
        self.send(device, out.next_hop)
    }

    /// The packet leaves through a device, which is on the path already.
    fn send(&mut self, device: DeviceId, next_hop: Option<IpAddr>) -> Option<DeviceId> {
        let link = self.node.link(device)?;
        match link.kind {
            LinkKind::Veth => {
                let peer = link.peer?;
                self.step(peer, u32::MAX)?;
                self.receive(peer, next_hop)
            }
            LinkKind::Bridge => {
                let port = self.port(device, None, next_hop)?;
                self.step(port, u32::MAX)?;
                self.send(port, next_hop)
            }
            LinkKind::Vlan | LinkKind::Macvlan | LinkKind::Ipvlan => {
                let lower = link.peer?;
                self.step(lower, u32::MAX)?;
                self.send(lower, next_hop)
            }
            _ if self.through => {
                let far = far_end(self.node, device, next_hop)?;
                // What comes out of a tunnel is taken whatever its size.
                let carried = self.hops.last().map_or(u32::MAX, |hop| hop.mtu);
                if self.node.link(far)?.mtu >= carried {
                    self.step(far, carried)?;
                }
                self.receive(far, next_hop)
            }
            _ => None,
        }
    }

    /// The packet came in by a device, which is on the path already.
    fn receive(&mut self, device: DeviceId, next_hop: Option<IpAddr>) -> Option<DeviceId> {
        let netns = device.netns;
        let Some(master) = self.node.link(device)?.master else { return Some(device) };
        let master = DeviceId { netns, ifindex: master };
        match self.node.link(master)?.kind {
            LinkKind::Bridge => {}
            LinkKind::Bond => {
                self.step(master, u32::MAX)?;
                return self.receive(master, next_hop);
            }
            _ if self.node.netns.get(&netns)?.vrfs.contains_key(&master.ifindex) => return Some(device),
            // Open vSwitch: where it goes is not known.
            _ => return None,
        }
        self.step(master, u32::MAX)?;
        if self.is_routed_at(master, device, next_hop) {
            return Some(master);
        }
        let port = self.port(master, Some(device), next_hop)?;
        self.step(port, u32::MAX)?;
        self.send(port, next_hop)
    }

    /// Whether a packet that came to a bridge by `came_by` is for the bridge's own namespace.
    fn is_routed_at(&self, bridge: DeviceId, came_by: DeviceId, next_hop: Option<IpAddr>) -> bool {
        let Some(netns) = self.node.netns.get(&bridge.netns) else { return false };
        let on_bridge =
            |ip: IpAddr| netns.addresses.iter().any(|a| a.ifindex == bridge.ifindex && a.ip == ip);
        if next_hop.is_some_and(on_bridge) {
            return true;
        }
        // A host answers ARP for all its addresses, but one behind a port has the address on that very device.
        let beyond = self.ports(bridge, Some(came_by));
        if next_hop.is_some_and(|ip| beyond.iter().any(|port| self.port_holds(port, ip))) {
            return false;
        }
        if next_hop.is_some_and(|ip| self.node.has_address(bridge.netns, ip)) {
            return true;
        }
        // Nobody is known to hold the next hop: it is out on the wire, or this namespace answers for it (proxy ARP).
        let origin = Origin { from: &self.sources, came_by: Some(bridge.ifindex) };
        let (way, _) = forward(netns, self.to, origin);
        let routes = matches!(way, Lookup::Out(out) if out.ifindex != bridge.ifindex);
        self.port(bridge, Some(came_by), next_hop).is_none() && routes
    }

    /// The port by which a bridge sends: the one behind which the next hop is, else its only way to the outside.
    fn port(
        &self,
        bridge: DeviceId,
        came_by: Option<DeviceId>,
        next_hop: Option<IpAddr>,
    ) -> Option<DeviceId> {
        let ports = self.ports(bridge, came_by);
        if let Some(ip) = next_hop {
            let on_device = ports.iter().find(|port| self.port_holds(port, ip));
            let in_netns = || {
                ports.iter().find(|port| {
                    self.peer_of(port)
                        .is_some_and(|p| self.node.has_address(p.netns, ip) && p.netns != bridge.netns)
                })
            };
            if let Some((port, _)) = on_device.or_else(in_netns) {
                return Some(*port);
            }
        }
        let mut outside: Vec<_> = ports.iter().filter(|(_, link)| link.kind != LinkKind::Veth).collect();
        if outside.len() > 1 {
            // Taps are virtual machines, not uplinks.
            outside.retain(|(_, link)| link.kind != LinkKind::Tun);
        }
        match outside.as_slice() {
            [(port, _)] => Some(*port),
            _ => None,
        }
    }

    fn ports(&self, bridge: DeviceId, but: Option<DeviceId>) -> Vec<(DeviceId, &'a Link)> {
        let Some(netns) = self.node.netns.get(&bridge.netns) else { return Vec::new() };
        let ports = netns.links.values().filter(|link| link.master == Some(bridge.ifindex) && link.up);
        let ports = ports.map(|link| (DeviceId { netns: bridge.netns, ifindex: link.ifindex }, link));
        ports.filter(|(id, _)| Some(*id) != but).collect()
    }

    fn peer_of(&self, port: &(DeviceId, &Link)) -> Option<DeviceId> {
        port.1.peer.filter(|_| port.1.kind == LinkKind::Veth)
    }

    /// Whether the device at the other end of a port has this address, or the bridge that it is a port of.
    fn port_holds(&self, port: &(DeviceId, &Link), ip: IpAddr) -> bool {
        let Some(peer) = self.peer_of(port) else { return false };
        let Some(netns) = self.node.netns.get(&peer.netns) else { return false };
        let master = netns.links.get(&peer.ifindex).and_then(|link| link.master);
        netns.addresses.iter().any(|a| a.ip == ip && (a.ifindex == peer.ifindex || Some(a.ifindex) == master))
    }
}

#[cfg(test)]
mod tests;
