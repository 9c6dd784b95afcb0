//! Bridges that stand in for their ports: all that a container behind such a port has routed comes by the bridge's own device,
//! and its source MAC address tells which port it was.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{DeviceId, Link, LinkKind, Netns, NetnsId, Node};

/// What stands in for what, in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chokepoints {
    /// The bridges.
    pub(crate) bridges: BTreeSet<u32>,
    /// Their ports that need no classifier, and the MAC address of what is behind each.
    pub(crate) ports: BTreeMap<u32, [u8; 6]>,
}

impl Chokepoints {
    /// Those of each namespace that has any; none where the kernel does not tell what bridges learn, nor beyond `room` ports of all
    /// together: the host's come first, and then those of namespaces with few, so that nobody takes the room of others.
    pub(super) fn all(node: &Node, room: usize) -> BTreeMap<NetnsId, Chokepoints> {
        if !node.follows_fdb {
            return BTreeMap::new();
        }
        let stacked = stacked(node);
        let of = |netns: &NetnsId| (*netns, Chokepoints::of(node, *netns, &stacked));
        let mut all: Vec<_> =
            node.netns.keys().map(of).filter(|(_, points)| !points.ports.is_empty()).collect();
        all.sort_by_key(|(netns, points)| (*netns != node.host, points.ports.len()));
        let mut left = room;
        all.retain(|(_, points)| {
            let fits = points.ports.len() <= left;
            left -= if fits { points.ports.len() } else { 0 };
            fits
        });
        all.into_iter().collect()
    }

    /// A bridge stands in for a veth if it routes (it has an address), leads nowhere else at L2 (all of its ports are veths), and
    /// nothing between the two could be too big: the port, its other end and the bridge have one MTU. Behind the port there must
    /// be one device with an address of its own, and nothing on top of it that has another one.
    fn of(node: &Node, netns: NetnsId, stacked: &BTreeSet<DeviceId>) -> Chokepoints {
        let Some(own) = node.netns.get(&netns) else { return Chokepoints::default() };
        let bridges: BTreeMap<u32, &Link> =
            own.links.values().filter(|link| routes(own, link)).map(|link| (link.ifindex, link)).collect();
        let ports = own.links.values().filter_map(|port| {
            let bridge = bridges.get(&port.master?)?;
            Some((port.ifindex, behind(node, netns, port, bridge, stacked)?))
        });
        let mut ports: BTreeMap<u32, [u8; 6]> = ports.collect();
        let mut ends: BTreeMap<[u8; 6], usize> = BTreeMap::new();
        ports.values().for_each(|mac| *ends.entry(*mac).or_default() += 1);
        ports.retain(|_, mac| ends.get(mac) == Some(&1));
        let bridges = ports.keys().filter_map(|port| own.links.get(port)?.master).collect();
        Chokepoints { bridges, ports }
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
fn mac(link: &Link) -> Option<[u8; 6]> {
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

    /// The same with a second container on the pod's bridge.
    fn with_another(mac: [u8; 6]) -> Builder {
        lab().pair((2, 18, "veth18", 1500), (4, 7, "eth0", 1500)).port(2, 18, 3).edit(4, 7, |link| {
            link.mac = mac.to_vec();
        })
    }

    #[test]
    fn each_bridge_of_the_incident_stands_in_for_its_ports() {
        let all = Chokepoints::all(&lab().0, 2);
        let (host, pod) = (&all[&HOST], &all[&NetnsId(2)]);
        assert_eq!((&host.bridges, &host.ports), (&[3].into(), &[(112, POD)].into()));
        assert_eq!((&pod.bridges, &pod.ports), (&[3].into(), &[(8, INNER)].into()));
        assert_eq!(all.len(), 2);
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
        assert!(!Chokepoints::all(&change(lab()).0, 9).contains_key(&NetnsId(2)));
    }

    #[test]
    fn two_with_one_address_are_hooked_themselves() {
        let two = with_another(INNER);
        assert!(!Chokepoints::all(&two.0, 9).contains_key(&NetnsId(2)));
    }

    #[test]
    fn the_host_has_room_first_and_then_who_wants_little() {
        let many = with_another([2; 6]);
        let who = |room| Chokepoints::all(&many.0, room).into_keys().collect::<Vec<_>>();
        assert_eq!((who(3), who(2), who(0)), (vec![HOST, NetnsId(2)], vec![HOST], vec![]));
    }
}
