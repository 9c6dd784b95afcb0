//! The other end of a tunnel, if that is on this node: a gateway in another pod, or a node made of containers. Pure.
use std::net::IpAddr;

use super::underlay::{home, remotes};
use crate::model::{DeviceId, NetnsId, Node};

/// The device by which what `device` sends to `next_hop` comes out of the tunnel again, if it is the only one that fits:
/// of the same kind and number, where one of the tunnel's remote addresses is.
pub(crate) fn far_end(node: &Node, device: DeviceId, next_hop: Option<IpAddr>) -> Option<DeviceId> {
    let near = node.link(device)?;
    let tunnel = near.tunnel.as_ref()?;
    let end = node.netns.get(&device.netns)?.ends.get(&device.ifindex)?;
    let single = tunnel.remote.filter(|ip| !ip.is_multicast());
    let addresses: Vec<IpAddr> = match single {
        Some(remote) => vec![remote],
        None => remotes(node, device).to_vec(),
    };
    let mut found = node.netns.iter().flat_map(|(&netns, known)| {
        let same = known.ends.iter().filter(|(_, other)| other.kind == end.kind && other.takes == end.sends);
        same.map(move |(&ifindex, _)| DeviceId { netns, ifindex })
    });
    let fits = |other: &DeviceId| {
        let Some(link) = node.link(*other).filter(|link| link.up && *other != device) else { return false };
        let Some(far) = link.tunnel.as_ref().filter(|far| far.port == tunnel.port) else { return false };
        let Some(at) = home(node, *other, far) else { return false };
        let here = |ip: &IpAddr| node.has_address(at, *ip) && far.local.is_none_or(|local| local == *ip);
        addresses.iter().any(here) && (single.is_some() || next_hop.is_some_and(|ip| holds(node, *other, ip)))
    };
    let first = found.find(fits)?;
    // Charging the wrong one is worse than none.
    found.all(|other| !fits(&other)).then_some(first)
}

/// Whether the namespace of a device answers for an address on it, or on the bridge that it is a port of.
fn holds(node: &Node, device: DeviceId, ip: IpAddr) -> bool {
    let netns: NetnsId = device.netns;
    let master = node.link(device).and_then(|link| link.master);
    let on = |ifindex: u32| ifindex == device.ifindex || Some(ifindex) == master;
    node.netns.get(&netns).is_some_and(|n| n.addresses.iter().any(|a| a.ip == ip && on(a.ifindex)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LinkKind, Remotes, TunnelEnd};
    use crate::testing::node::{Builder, HOST, id, ip, names};
    use crate::topology::underlay::tests::vxlan;
    use crate::topology::{adopt::adopt_parents, mismatch, path};

    fn end(mut node: Builder, netns: u32, ifindex: u32, vni: u32) -> Builder {
        let ends = &mut node.0.netns.get_mut(&NetnsId(netns)).unwrap().ends;
        ends.insert(ifindex, TunnelEnd { kind: "vxlan".to_owned(), sends: vni, takes: vni });
        node
    }

    /// A pod that reaches the world by a VXLAN to a gateway pod of this node, which has a VPN.
    fn gateway() -> Builder {
        let node = Builder::new()
            .device(1, 3, "cni0", LinkKind::Bridge, 1500)
            .address(1, 3, "10.42.0.1/24")
            .pair((1, 5, "vethpod", 1500), (2, 2, "eth0", 1500))
            .port(1, 5, 3)
            .address(2, 2, "10.42.0.5/24")
            .pair((1, 9, "vethgw", 1500), (3, 2, "eth0", 1500))
            .port(1, 9, 3)
            .address(3, 2, "10.42.0.9/24")
            .device(2, 4, "vxlan0", LinkKind::Vxlan, 1450)
            .edit(2, 4, |link| link.tunnel = Some(vxlan(Some(ip("10.42.0.9")))))
            .address(2, 4, "172.16.0.5/24")
            .gateway(2, 4, "172.16.0.1")
            .device(3, 4, "vxlan0", LinkKind::Vxlan, 1450)
            .edit(3, 4, |link| link.tunnel = Some(vxlan(None)))
            .address(3, 4, "172.16.0.1/24")
            .device(3, 6, "wg0", LinkKind::Tun, 1420)
            .route(3, 6, "0.0.0.0/0", None, None)
            .container(2, "pod")
            .container(3, "gw");
        end(end(node, 2, 4, 42), 3, 4, 42)
    }

    #[test]
    fn the_walk_goes_on_at_the_other_end() {
        let node = gateway().0;
        let way = path(&node, NetnsId(2), Some(ip("192.0.2.80")));
        assert_eq!(names(&way), "vxlan0:1450 vxlan0:1450 wg0:1420");
        let m = mismatch(&node, NetnsId(2), None).unwrap();
        assert_eq!((m.culprit.id(), m.bottleneck.id()), (id(2, 4), id(3, 6)));
        let mut adopted = node;
        adopt_parents(&mut adopted);
        assert!(adopted.container(NetnsId(2)).unwrap().parents.is_empty(), "a gateway is no parent");
    }

    #[test]
    fn a_narrower_end_takes_what_comes() {
        let node = gateway().edit(3, 4, |link| link.mtu = 1300).0;
        assert_eq!(names(&path(&node, NetnsId(2), None)), "vxlan0:1450 wg0:1420");
    }

    #[test]
    fn what_is_another_tunnel_or_two_of_them() {
        let at = |node: Builder| far_end(&node.0, id(2, 4), Some(ip("172.16.0.1")));
        assert_eq!(at(gateway()), Some(id(3, 4)));
        assert_eq!(at(end(gateway(), 3, 4, 43)), None, "another number");
        assert_eq!(at(gateway().edit(3, 4, |link| link.up = false)), None);
        assert_eq!(at(gateway().edit(3, 4, |link| link.tunnel.as_mut().unwrap().port = Some(8472))), None);
        let other = gateway().device(4, 4, "vxlan0", LinkKind::Vxlan, 1450).address(4, 4, "10.42.0.9/24");
        let other = other.edit(4, 4, |link| link.tunnel = Some(vxlan(None)));
        assert_eq!(at(end(other, 4, 4, 42)), None, "two that may be it");
    }

    #[test]
    fn several_remotes_and_a_next_hop() {
        let mut node = gateway().edit(2, 4, |link| link.tunnel.as_mut().unwrap().remote = None).0;
        let remotes = Remotes { known: vec![ip("10.42.0.9"), ip("192.0.2.7")], more: 0 };
        node.netns.get_mut(&NetnsId(2)).unwrap().remotes.insert(4, remotes);
        assert_eq!(far_end(&node, id(2, 4), Some(ip("172.16.0.1"))), Some(id(3, 4)));
        assert_eq!(far_end(&node, id(2, 4), Some(ip("172.16.0.7"))), None, "somebody elsewhere");
        assert_eq!(far_end(&node, DeviceId { netns: HOST, ifindex: 3 }, None), None);
    }
}
