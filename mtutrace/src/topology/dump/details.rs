//! What a device says of itself besides its MTU and its neighbours: its driver, a VRF's table, a tunnel's number.
use std::collections::BTreeMap;

use super::link::{IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINKINFO, LINK_HEADER, RTM_NEWLINK, link_kind};
use crate::model::{LinkKind, Netns, TunnelEnd};
use crate::topology::netlink::{attributes, text_of, u32_of};

// linux/if_link.h, linux/if_tunnel.h. The keys of GRE are big-endian.
const IFLA_XDP: u16 = 43;
const IFLA_XDP_ATTACHED: u16 = 2;
const IFLA_VRF_TABLE: u16 = 1;
const IFLA_VXLAN_ID: u16 = 1;
const IFLA_GENEVE_ID: u16 = 1;
const IFLA_GRE_IKEY: u16 = 4;
const IFLA_GRE_OKEY: u16 = 5;

/// They are few devices' own, so they stand beside the links.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    ifindex: u32,
    driver: Option<String>,
    table: Option<u32>,
    end: Option<TunnelEnd>,
    xdp: bool,
}

/// Reads them; nothing for a message of another kind.
pub(super) fn details(message: u16, payload: &[u8]) -> Option<Details> {
    if message != RTM_NEWLINK {
        return None;
    }
    // struct ifinfomsg: family, padding, type, then the index.
    let ifindex = payload.get(4..).and_then(u32_of)?;
    let values: BTreeMap<u16, &[u8]> = attributes(payload.get(LINK_HEADER..)?).collect();
    let nested = |name: u16| attributes(values.get(&name).copied().unwrap_or_default());
    let info: BTreeMap<u16, &[u8]> = nested(IFLA_LINKINFO).collect();
    let xdp = nested(IFLA_XDP).any(|(name, value)| name == IFLA_XDP_ATTACHED && value.first() > Some(&0));
    let Some(kind) = info.get(&IFLA_INFO_KIND).map(|name| text_of(name)) else {
        return Some(Details { ifindex, xdp, ..Details::default() });
    };
    let data = attributes(info.get(&IFLA_INFO_DATA).copied().unwrap_or_default());
    let data: BTreeMap<u16, &[u8]> = data.collect();
    let number = |name: u16| data.get(&name).and_then(|value| u32_of(value));
    let (sends, takes) = match kind.as_str() {
        "vxlan" => (number(IFLA_VXLAN_ID), number(IFLA_VXLAN_ID)),
        "geneve" => (number(IFLA_GENEVE_ID), number(IFLA_GENEVE_ID)),
        "gre" | "gretap" | "erspan" | "ip6gre" | "ip6gretap" | "ip6erspan" => {
            (number(IFLA_GRE_OKEY).or(Some(0)), number(IFLA_GRE_IKEY).or(Some(0)))
        }
        "ipip" | "sit" | "ip6tnl" => (Some(0), Some(0)),
        _ => (None, None),
    };
    let end = sends.zip(takes).map(|(sends, takes)| TunnelEnd { kind: kind.clone(), sends, takes });
    let table = number(IFLA_VRF_TABLE).filter(|_| kind == "vrf");
    let driver = Some(kind).filter(|kind| link_kind(kind) == LinkKind::Other);
    Some(Details { ifindex, driver, table, end, xdp })
}

impl Details {
    /// Adds them to the namespace.
    pub(super) fn add(self, netns: &mut Netns) {
        let Details { ifindex, driver, table, end, xdp } = self;
        netns.drivers.extend(driver.map(|driver| (ifindex, driver)));
        netns.vrfs.extend(table.map(|table| (ifindex, table)));
        netns.ends.extend(end.map(|end| (ifindex, end)));
        netns.xdp.extend(xdp.then_some(ifindex));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::dump::tests::attribute;

    /// A device of index 7.
    fn device(kind: &str, data: &[(u16, &[u8])]) -> Netns {
        let mut bytes = vec![0; LINK_HEADER];
        bytes[4] = 7;
        let data: Vec<u8> = data.iter().flat_map(|(name, value)| attribute(*name, value)).collect();
        let info = [attribute(IFLA_INFO_KIND, kind.as_bytes()), attribute(IFLA_INFO_DATA, &data)].concat();
        bytes.extend(attribute(IFLA_LINKINFO, &info));
        bytes.extend(attribute(IFLA_XDP, &attribute(IFLA_XDP_ATTACHED, &[1])));
        let mut netns = Netns::default();
        for end in 0..bytes.len() {
            let _what_is_cut_is_survived = details(RTM_NEWLINK, &bytes[..end]);
        }
        details(RTM_NEWLINK, &bytes).unwrap().add(&mut netns);
        netns
    }

    #[test]
    fn drivers_tables_and_numbers() {
        let vrf = device("vrf", &[(1, &100u32.to_ne_bytes())]);
        assert_eq!((vrf.vrfs.get(&7), vrf.drivers.get(&7).map(String::as_str)), (Some(&100), Some("vrf")));
        assert!(vrf.xdp.contains(&7));
        let end = |netns: Netns| netns.ends.get(&7).map(|end| (end.sends, end.takes));
        assert_eq!(end(device("vxlan", &[(1, &42u32.to_ne_bytes())])), Some((42, 42)));
        assert_eq!(end(device("gre", &[(4, &1u32.to_ne_bytes()), (5, &2u32.to_ne_bytes())])), Some((2, 1)));
        assert_eq!(end(device("ipip", &[])), Some((0, 0)));
        assert_eq!(end(device("wireguard", &[])), None);
        assert!(device("veth", &[]).drivers.is_empty());
    }
}
