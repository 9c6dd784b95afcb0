//! Bridges that stand in for their ports: all that a container behind such a port has routed comes by the bridge's own device,
//! and its source MAC address tells which port it was.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{DeviceId, Link, LinkKind, Netns, NetnsId, Node};

/// Most ports of one namespace that are left to their bridges.
const MOST: usize = 8192;

/// What stands in for what, in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chokepoints {
    /// The bridges.
    pub(crate) bridges: BTreeSet<u32>,
    /// Their ports that need no classifier, by the MAC address of what is behind each.
    pub(crate) ports: BTreeMap<[u8; 6], u32>,
}

impl Chokepoints {
    /// Those of `netns`; none where the kernel does not tell what bridges learn.
    ///
    /// A bridge stands in for a veth if it routes (it has an address), leads nowhere else at L2 (all of its ports are veths), and
    /// nothing between the two could be too big: the port, its other end and the bridge have one MTU. Behind the port there must
    /// be one device with an address of its own, and nothing on top of it that has another one.
    pub(crate) fn of(node: &Node, netns: NetnsId) -> Chokepoints {
        let Some(own) = node.netns.get(&netns).filter(|_| node.follows_fdb) else {
            return Chokepoints::default();
        };
        let bridges: BTreeMap<u32, &Link> =
            own.links.values().filter(|link| routes(own, link)).map(|link| (link.ifindex, link)).collect();
        if bridges.is_empty() {
            return Chokepoints::default();
        }
        let stacked = stacked(node);
        let mut found = Chokepoints::default();
        let mut twice = BTreeSet::new();
        for port in own.links.values() {
            let Some(bridge) = port.master.and_then(|master| bridges.get(&master)) else { continue };
            let Some(mac) = behind(node, netns, port, bridge, &stacked) else { continue };
            if found.ports.len() < MOST && found.ports.insert(mac, port.ifindex).is_some() {
                twice.insert(mac);
            }
        }
        found.ports.retain(|mac, _| !twice.contains(mac));
        let masters = found.ports.values().filter_map(|port| own.links.get(port)?.master);
        found.bridges = masters.collect();
        found
    }

    /// Whether this port is left to its bridge.
    pub(crate) fn covers(&self, port: u32, mac: Option<[u8; 6]>) -> bool {
        mac.is_some_and(|mac| self.ports.get(&mac) == Some(&port))
    }
}

/// Whether all that leaves this bridge is routed: it has an address, and no port that leads out at L2.
fn routes(netns: &Netns, bridge: &Link) -> bool {
    let mut ports = netns.links.values().filter(|link| link.master == Some(bridge.ifindex));
    bridge.kind == LinkKind::Bridge
        && bridge.up
        && netns.addresses.iter().any(|a| a.ifindex == bridge.ifindex && !is_link_local(a.ip))
        && ports.all(|port| port.kind == LinkKind::Veth)
}

/// Every device that is up has one of IPv6.
fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// The devices that others lie on.
fn stacked(node: &Node) -> BTreeSet<DeviceId> {
    let links = node.netns.values().flat_map(|netns| netns.links.values());
    links.filter(|link| link.kind != LinkKind::Veth).filter_map(|link| link.peer).collect()
}

/// The MAC address of the one device behind a port that needs no classifier.
fn behind(
    node: &Node,
    netns: NetnsId,
    port: &Link,
    bridge: &Link,
    stacked: &BTreeSet<DeviceId>,
) -> Option<[u8; 6]> {
    let id = port.peer.filter(|peer| peer.netns != netns && !stacked.contains(peer))?;
    let peer = node.link(id)?;
    let plain = port.learning && port.mtu == bridge.mtu && peer.mtu == port.mtu && peer.master.is_none();
    let mac = mac(peer)?;
    (plain && Some(mac) != self::mac(bridge)).then_some(mac)
}

/// A device's MAC address, if it has one.
pub(super) fn mac(link: &Link) -> Option<[u8; 6]> {
    link.mac.as_slice().try_into().ok().filter(|mac| *mac != [0; 6])
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::testing::node::{Builder, HOST, id, incident};

    const INNER: [u8; 6] = [2, 0x42, 0xac, 0x11, 0, 2];
    const POD: [u8; 6] = [2, 0, 0, 0, 0, 0x6c];

    /// The founding incident, of a kernel that tells what bridges learn.
    fn lab() -> Builder {
        let mut lab = incident()
            .edit(2, 2, |link| link.mac = POD.to_vec())
            .edit(3, 7, |link| link.mac = INNER.to_vec())
            .edit(1, 3, |link| link.mac = vec![2, 0, 0, 0, 0, 1]);
        lab.0.follows_fdb = true;
        lab
    }

    #[test]
    fn each_bridge_of_the_incident_stands_in_for_its_ports() {
        let of = |netns| Chokepoints::of(&lab().0, netns);
        let (host, pod) = (of(HOST), of(NetnsId(2)));
        assert_eq!((host.bridges, host.ports), ([3].into(), [(POD, 112)].into()));
        assert_eq!((pod.bridges, pod.ports), ([3].into(), [(INNER, 8)].into()));
        assert_eq!(of(NetnsId(3)), Chokepoints::default());
    }

    #[test_case(|lab| lab.edit(2, 8, |port| port.mtu = 1400); "a port that is smaller")]
    #[test_case(|lab| lab.edit(3, 7, |end| end.mtu = 9000); "an end that is larger")]
    #[test_case(|lab| lab.edit(2, 3, |bridge| bridge.mtu = 1450); "a bridge that is smaller")]
    #[test_case(|lab| lab.edit(2, 8, |port| port.learning = false); "a port that learns nothing")]
    #[test_case(|lab| lab.edit(3, 7, |end| end.mac.clear()); "no address behind it")]
    #[test_case(|lab| lab.edit(3, 7, |end| end.mac = POD.to_vec()).edit(2, 3, |b| b.mac = POD.to_vec()); "the bridge's own address")]
    #[test_case(|lab| lab.edit(3, 7, |end| end.master = Some(9)); "a bridge behind it")]
    #[test_case(|lab| lab.device(3, 9, "mac0", LinkKind::Macvlan, 1500).on(3, 9, id(3, 7)); "a macvlan behind it")]
    #[test_case(|lab| lab.device(2, 9, "vx", LinkKind::Vxlan, 1450).port(2, 9, 3); "a bridge that leads out")]
    #[test_case(|lab| lab.edit(2, 3, |bridge| bridge.up = false); "a bridge that is down")]
    #[test_case(|mut lab| { lab.0.netns.get_mut(&NetnsId(2)).unwrap().addresses.retain(|a| a.ifindex != 3); lab }; "a bridge that routes nothing")]
    #[test_case(|mut lab| { lab.0.netns.get_mut(&NetnsId(2)).unwrap().addresses.iter_mut().filter(|a| a.ifindex == 3).for_each(|a| a.ip = crate::testing::node::ip("fe80::1")); lab }; "a bridge with an address for the link alone")]
    #[test_case(|mut lab| { lab.0.follows_fdb = false; lab }; "a kernel that does not tell")]
    fn a_port_is_hooked_itself_behind_or_at(change: fn(Builder) -> Builder) {
        assert_eq!(Chokepoints::of(&change(lab()).0, NetnsId(2)), Chokepoints::default());
    }

    #[test]
    fn two_with_one_address_are_hooked_themselves() {
        let two =
            lab()
                .pair((2, 18, "veth18", 1500), (4, 7, "eth0", 1500))
                .port(2, 18, 3)
                .edit(4, 7, |link| link.mac = INNER.to_vec());
        assert_eq!(Chokepoints::of(&two.0, NetnsId(2)), Chokepoints::default());
    }
}
