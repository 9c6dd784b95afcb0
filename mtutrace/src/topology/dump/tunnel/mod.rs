//! What a tunnel says of itself (`IFLA_INFO_DATA`): what it adds to a packet, and where it sends it.
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::netlink::{attributes, ip_of, u32_of};
use crate::model::Tunnel;

// Attribute types: linux/if_link.h, linux/if_tunnel.h.
const VXLAN: AttributeTypes = AttributeTypes { link: 3, local: &[4, 17], remote: &[2, 16], external: 25 };
const VXLAN_PORT: u16 = 15;
const VXLAN_GPE: u16 = 27;
const VXLAN_DF: u16 = 29;
const GENEVE: AttributeTypes = AttributeTypes { link: 0, local: &[], remote: &[2, 7], external: 6 };
const GENEVE_PORT: u16 = 5;
const GENEVE_DF: u16 = 13;
const IPTUN: AttributeTypes = AttributeTypes { link: 1, local: &[2], remote: &[3], external: 19 };
const IPTUN_FLAGS: u16 = 8;
const IPTUN_ENCAP_TYPE: u16 = 15;
const GRE: AttributeTypes = AttributeTypes { link: 1, local: &[6], remote: &[7], external: 18 };
const GRE_OFLAGS: u16 = 3;
const GRE_FLAGS: u16 = 13;
const GRE_ENCAP_TYPE: u16 = 14;
const GRE_ERSPAN_VER: u16 = 22;
/// The same for both.
const PMTUDISC: u16 = 10;
/// `IP6_TNL_F_IGN_ENCAP_LIMIT`: no destination option of 8 bytes.
const NO_ENCAP_LIMIT: u32 = 1;
// GRE_CSUM, GRE_KEY, GRE_SEQ: four bytes each.
const GRE_OPTIONS: [u16; 3] = [0x8000, 0x2000, 0x1000];

// Bytes of headers.
const IPV4: u32 = 20;
const IPV6: u32 = 40;
const UDP: u32 = 8;
const ETHERNET: u32 = 14;

/// Where a kind keeps what all of them have.
struct AttributeTypes {
    link: u16,
    local: &'static [u16],
    remote: &'static [u16],
    external: u16,
}

struct Data<'a>(BTreeMap<u16, &'a [u8]>);

impl Data<'_> {
    fn byte(&self, attribute: u16) -> Option<u8> {
        self.0.get(&attribute)?.first().copied()
    }

    fn big_endian(&self, attribute: u16) -> Option<u16> {
        Some(u16::from_be_bytes(*self.0.get(&attribute)?.first_chunk()?))
    }

    fn number(&self, attribute: u16) -> Option<u32> {
        u32_of(self.0.get(&attribute)?)
    }

    fn address(&self, attributes: &[u16]) -> Option<IpAddr> {
        let found = attributes.iter().filter_map(|attribute| ip_of(self.0.get(attribute)?));
        found.into_iter().find(|ip| !ip.is_unspecified())
    }

    /// Foo over UDP (`TUNNEL_ENCAP_FOU`), and generic UDP encapsulation with its own four bytes.
    fn udp(&self, encapsulation: u16) -> u32 {
        let kind = self.0.get(&encapsulation).and_then(|v| v.first_chunk()).map(|v| u16::from_ne_bytes(*v));
        match kind {
            Some(1) => UDP,
            Some(2) => UDP + 4,
            _ => 0,
        }
    }

    fn tunnel(&self, types: &AttributeTypes, v6: Option<bool>) -> (Tunnel, u32) {
        let (local, remote) = (self.address(types.local), self.address(types.remote));
        let v6 = v6.unwrap_or_else(|| remote.or(local).is_some_and(|ip| ip.is_ipv6()));
        // A flag without a value, or a byte.
        let external = self.0.get(&types.external).is_some_and(|v| v.first().is_none_or(|set| *set != 0));
        let link = (types.link != 0).then(|| self.number(types.link)).flatten().filter(|link| *link != 0);
        let (port, nsid, netns) = (None, None, None);
        // ip6_fragment frees what a tunnel made too big.
        let tunnel = Tunnel { overhead: 0, remote, local, link, port, cuts: !v6, external, nsid, netns };
        (tunnel, if v6 { IPV6 } else { IPV4 })
    }
}

/// A tunnel by its kind's name and its options; nothing for kinds whose headers are not known here.
///
/// Sources: `vxlan_headroom`, `GENEVE_BASE_HLEN`, `ip_tunnel_bind_dev`, `ip6_tnl_link_config`, `gre_calc_hlen`,
/// `erspan_hdr_len`, `MESSAGE_MINIMUM_LENGTH` of WireGuard.
pub(super) fn tunnel(kind: &str, data: &[u8], ethernet: bool) -> Option<Tunnel> {
    let data = Data(attributes(data).collect());
    let inner = if ethernet { ETHERNET } else { 0 };
    // "unset" is 0, "set" 1, "inherit" 2: then what dies is what the sender forbade to cut.
    let cuts = |tunnel: &Tunnel, df| tunnel.cuts && data.byte(df).unwrap_or(0) == 0;
    let (tunnel, added) = match kind {
        "vxlan" => {
            let (tunnel, outer) = data.tunnel(&VXLAN, None);
            // With GPE and no inner Ethernet, the device has none either (`vxlan_raw_setup`).
            let inner = if data.0.contains_key(&VXLAN_GPE) { inner } else { ETHERNET };
            let (port, cuts) = (data.big_endian(VXLAN_PORT), cuts(&tunnel, VXLAN_DF));
            (Tunnel { port, cuts, ..tunnel }, outer + UDP + 8 + inner)
        }
        "geneve" => {
            let (tunnel, outer) = data.tunnel(&GENEVE, None);
            let (port, cuts) = (data.big_endian(GENEVE_PORT), cuts(&tunnel, GENEVE_DF));
            (Tunnel { port, cuts, ..tunnel }, outer + UDP + 8 + inner)
        }
        "ipip" | "sit" => {
            let (tunnel, outer) = data.tunnel(&IPTUN, Some(false));
            let cuts = data.byte(PMTUDISC) == Some(0);
            (Tunnel { cuts, ..tunnel }, outer + data.udp(IPTUN_ENCAP_TYPE))
        }
        "ip6tnl" => {
            let (tunnel, outer) = data.tunnel(&IPTUN, Some(true));
            let limit = if data.number(IPTUN_FLAGS).unwrap_or(0) & NO_ENCAP_LIMIT == 0 { 8 } else { 0 };
            (tunnel, outer + limit + data.udp(IPTUN_ENCAP_TYPE))
        }
        "gre" | "gretap" | "erspan" | "ip6gre" | "ip6gretap" | "ip6erspan" => {
            let v6 = kind.starts_with("ip6");
            let (tunnel, outer) = data.tunnel(&GRE, Some(v6));
            let cuts = !v6 && data.byte(PMTUDISC) == Some(0);
            let flags = data.big_endian(GRE_OFLAGS).unwrap_or(0);
            let options = GRE_OPTIONS.iter().filter(|option| flags & **option != 0).count() as u32;
            let gre = match (kind.ends_with("erspan"), data.byte(GRE_ERSPAN_VER)) {
                (false, _) => 4 + 4 * options,
                // A sequence number always, but in version 0, which has no header of its own.
                (true, Some(0)) => 4,
                (true, Some(2)) => 8 + 12,
                (true, _) => 8 + 8,
            };
            let limit = v6 && data.number(GRE_FLAGS).unwrap_or(0) & NO_ENCAP_LIMIT == 0;
            let limit = if limit { 8 } else { 0 };
            (Tunnel { cuts, ..tunnel }, outer + limit + gre + inner + data.udp(GRE_ENCAP_TYPE))
        }
        // Its peers are told by its own protocol only; type, receiver, counter, and Poly1305's tag. It sets no DF.
        "wireguard" | "amneziawg" => {
            let none = AttributeTypes { link: 0, local: &[], remote: &[], external: 0 };
            let (tunnel, outer) = data.tunnel(&none, Some(false));
            (tunnel, outer + UDP + 16 + 16)
        }
        _ => return None,
    };
    Some(Tunnel { overhead: added, ..tunnel })
}

#[cfg(test)]
mod tests;
