//! Devices (RTM_NEWLINK).
use std::collections::BTreeMap;

use netlink_packet_route::link::{LinkFlags, LinkHeader, LinkLayerType};

use super::tunnel;
use crate::model::{Link, LinkKind, Tunnel};
use crate::topology::netlink::{attributes, i32_of, text_of, u32_of};

// linux/rtnetlink.h, linux/if_link.h.
pub(super) const RTM_NEWLINK: u16 = 16;
const IFLA_ADDRESS: u16 = 1;
pub(super) const IFLA_IFNAME: u16 = 3;
pub(super) const IFLA_MTU: u16 = 4;
pub(super) const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
pub(super) const IFLA_LINKINFO: u16 = 18;
pub(super) const IFLA_LINK_NETNSID: u16 = 37;
pub(super) const IFLA_INFO_KIND: u16 = 1;
pub(super) const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
const IFLA_BRPORT_LEARNING: u16 = 8;
/// Bytes of `struct ifinfomsg`, which stands before the attributes.
pub(super) const LINK_HEADER: usize = 16;

/// What a device says of the device that it hangs on, before it is known which one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawPeer {
    /// The device that says it.
    pub(crate) ifindex: u32,
    /// Index of the other device in its own namespace (`IFLA_LINK`); 0 of a tunnel that is bound to none.
    pub(crate) link: u32,
    /// The other's namespace by the number it has here (`IFLA_LINK_NETNSID`); absent when it is this one.
    pub(crate) nsid: Option<i32>,
}

/// A device, and what it says of the one that it hangs on.
pub(super) fn link(kind: u16, payload: &[u8]) -> Option<(Link, Option<RawPeer>)> {
    if kind != RTM_NEWLINK {
        return None;
    }
    let header = LinkHeader::parse(payload).ok()?;
    let values: BTreeMap<u16, &[u8]> = attributes(payload.get(LINK_HEADER..)?).collect();
    let number = |attribute: u16| values.get(&attribute).and_then(|value| u32_of(value));
    let info = values.get(&IFLA_LINKINFO).copied().unwrap_or_default();
    let info: BTreeMap<u16, &[u8]> = attributes(info).collect();
    let kind = info.get(&IFLA_INFO_KIND).map(|name| text_of(name));
    let ethernet = header.link_layer_type == LinkLayerType::Ether;
    let nsid = values.get(&IFLA_LINK_NETNSID).and_then(|value| i32_of(value));
    let link = number(IFLA_LINK).filter(|link| *link != 0);
    // A tunnel that is bound to no device names itself once it was moved (dev_get_iflink).
    let is_tunnel = kind.as_deref().is_some_and(|kind| tunnel::tunnel(kind, &[], ethernet).is_some());
    let link = link.filter(|link| !is_tunnel || *link != header.index);
    let data = info.get(&IFLA_INFO_DATA).copied().unwrap_or_default();
    let tunnel = kind.as_deref().and_then(|kind| tunnel::tunnel(kind, data, ethernet));
    let tunnel = tunnel.map(|tunnel| Tunnel { link: tunnel.link.or(link), nsid, ..tunnel });
    let device = Link {
        ifindex: header.index,
        name: values.get(&IFLA_IFNAME).map(|name| text_of(name)).unwrap_or_default(),
        mtu: number(IFLA_MTU)?,
        kind: match kind {
            _ if header.flags.contains(LinkFlags::Loopback) => LinkKind::Loopback,
            Some(kind) => link_kind(&kind),
            None => LinkKind::Physical,
        },
        ethernet,
        up: header.flags.contains(LinkFlags::Up),
        mac: values.get(&IFLA_ADDRESS).map(|mac| mac.to_vec()).unwrap_or_default(),
        master: number(IFLA_MASTER).filter(|master| *master != 0),
        learning: learning(info.get(&IFLA_INFO_SLAVE_DATA).copied().unwrap_or_default()),
        peer: None,
        tunnel,
    };
    // A tunnel may be bound to no device, and still to a namespace.
    let link = link.or(device.tunnel.as_ref().and(nsid).map(|_| 0));
    let peer = link.map(|link| RawPeer { ifindex: header.index, link, nsid });
    Some((device, peer))
}

/// Whether a port learns, by what its bridge says of it (`br_port_fill_attrs`); what is no port of a bridge says nothing.
fn learning(port: &[u8]) -> bool {
    let mut values = attributes(port);
    values.find(|(attribute, _)| *attribute == IFLA_BRPORT_LEARNING).is_none_or(|(_, value)| value != [0])
}

/// The kind of a device by its driver's name (`rtnl_link_ops.kind`).
///
/// netkit counts as veth: it is a pair as well, and its ends name each other in the same way. PPP, GTP, XFRM and their
/// like count as IP tunnels.
pub(super) fn link_kind(name: &str) -> LinkKind {
    match name {
        "veth" | "netkit" => LinkKind::Veth,
        "bridge" => LinkKind::Bridge,
        "vxlan" => LinkKind::Vxlan,
        "geneve" => LinkKind::Geneve,
        "ipip" | "sit" | "gre" | "gretap" | "erspan" | "ip6tnl" | "ip6gre" | "ip6gretap" | "ip6erspan"
        | "vti" | "vti6" | "xfrm" | "bareudp" | "gtp" | "ppp" => LinkKind::IpTunnel,
        "wireguard" | "amneziawg" => LinkKind::Wireguard,
        "tun" => LinkKind::Tun,
        "vlan" => LinkKind::Vlan,
        "macvlan" | "macvtap" => LinkKind::Macvlan,
        "ipvlan" | "ipvtap" => LinkKind::Ipvlan,
        "bond" | "team" => LinkKind::Bond,
        "ipoib" | "dsa" => LinkKind::Physical,
        _ => LinkKind::Other,
    }
}
