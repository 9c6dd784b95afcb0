//! Link layers: LINKTYPE numbers of tcpdump.org.

use super::types::Unread;

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
const PPPOE: u16 = 0x8864;
/// 802.1Q, 802.1ad and what QinQ had before.
const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// Tags in a row that are looked behind.
const TAGS: usize = 4;
/// `PACKET_OUTGOING` of linux/if_packet.h.
const OUTGOING: u16 = 4;

/// What the link layer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub(super) ether_type: u16,
    pub(super) payload: &'a [u8],
    /// Bytes before the payload.
    pub(super) header: u32,
    pub(super) ifindex: u32,
    pub(super) outgoing: Option<bool>,
}

pub(super) fn parse(link: u16, bytes: &[u8]) -> Result<Link<'_>, Unread> {
    let plain = |ether_type, header| (ether_type, header, 0, None);
    let (ether_type, header, ifindex, outgoing) = match link {
        // BSD's loopback: a family, whose number differs from system to system.
        0 | 108 => plain(version(bytes.get(4..))?, 4),
        1 => plain(be16(bytes, 12)?, 14),
        12 | 14 | 101 => plain(version(Some(bytes))?, 0),
        113 => (be16(bytes, 14)?, 16, 0, Some(be16(bytes, 0)? == OUTGOING)),
        228 => plain(IPV4, 0),
        229 => plain(IPV6, 0),
        276 => {
            let ifindex = bytes.get(4..8).and_then(|bytes| bytes.first_chunk()).ok_or(Unread::Cut)?;
            let outgoing = u16::from(*bytes.get(10).ok_or(Unread::Cut)?) == OUTGOING;
            (be16(bytes, 0)?, 20, u32::from_be_bytes(*ifindex), Some(outgoing))
        }
        _ => return Err(Unread::LinkType),
    };
    let (ether_type, payload) = tags(ether_type, bytes.get(header..).ok_or(Unread::Cut)?)?;
    // Both lie in one frame, whose bytes fit the window.
    let header = u32::try_from(bytes.len() - payload.len()).unwrap_or(u32::MAX);
    Ok(Link { ether_type, payload, header, ifindex, outgoing })
}

/// What stands behind VLAN tags and PPPoE's header.
fn tags(mut ether_type: u16, mut payload: &[u8]) -> Result<(u16, &[u8]), Unread> {
    for _ in 0..TAGS {
        if VLANS.contains(&ether_type) {
            ether_type = be16(payload, 2)?;
            payload = payload.get(4..).ok_or(Unread::Cut)?;
        } else if ether_type == PPPOE {
            ether_type = match be16(payload, 6)? {
                0x0021 => IPV4,
                0x0057 => IPV6,
                _ => return Err(Unread::NotIp),
            };
            payload = payload.get(8..).ok_or(Unread::Cut)?;
        } else {
            break;
        }
    }
    Ok((ether_type, payload))
}

/// An Ethernet frame inside a tunnel.
pub(super) fn ethernet(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let link = parse(1, bytes).ok()?;
    Some((link.ether_type, link.payload))
}

/// The type of a packet that begins with its IP header.
pub(super) fn version(bytes: Option<&[u8]>) -> Result<u16, Unread> {
    match bytes.and_then(|bytes| bytes.first()).ok_or(Unread::Cut)? >> 4 {
        4 => Ok(IPV4),
        6 => Ok(IPV6),
        _ => Err(Unread::NotIp),
    }
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Result<u16, Unread> {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk()).ok_or(Unread::Cut)?;
    Ok(u16::from_be_bytes(*bytes))
}
