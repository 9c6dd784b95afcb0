//! What tunnels carry, as far as the snaplen goes: VXLAN, Geneve, GRE, IP in IP.

use super::ip::UDP;
use super::link::{be16, ethernet, version};
use super::types::{Inside, Packet, Payload};

/// IANA's port, and the one that Linux had before.
const VXLAN: [u16; 2] = [4789, 8472];
const GENEVE: u16 = 6081;
/// "Transparent Ethernet bridging": an Ethernet frame follows.
const ETHERNET: u16 = 0x6558;
/// No IP header can say more.
const LARGEST: u32 = 65_535 + 40;
const UDP_HEADER: usize = 8;
const IP_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;

/// The inner packet: its type, its bytes that were kept, and how many there were.
pub(super) fn inside<'a>(packet: &Packet, payload: Payload<'a>) -> Option<(u16, &'a [u8], u32)> {
    // The rest of a fragment's inner packet is in another frame: its length is in its own header alone.
    if packet.fragment.is_some_and(|fragment| fragment.offset > 0) {
        return None;
    }
    let bytes = payload.bytes;
    let (ether_type, inner) = match (packet.protocol, packet.inside) {
        (UDP, Inside::Udp(_, port)) if VXLAN.contains(&port) => vxlan(bytes.get(UDP_HEADER..)?),
        (UDP, Inside::Udp(_, GENEVE)) => geneve(bytes.get(UDP_HEADER..)?),
        (GRE, _) => gre(bytes),
        (IP_IN_IP | IPV6_IN_IP, _) => Some((version(Some(bytes)).ok()?, bytes)),
        _ => None,
    }?;
    let headers = u32::try_from(bytes.len() - inner.len()).ok()?;
    let length = payload.length.saturating_sub(headers);
    Some((ether_type, inner, if packet.fragment.is_some() { LARGEST } else { length }))
}

/// RFC 7348: flags with the bit "there is an identifier", and the identifier.
fn vxlan(bytes: &[u8]) -> Option<(u16, &[u8])> {
    (bytes.first()? & 0x08 != 0).then_some(())?;
    ethernet(bytes.get(8..)?)
}

/// RFC 8926: version 0, options of four bytes each.
fn geneve(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let first = bytes.first()?;
    (first >> 6 == 0).then_some(())?;
    let inner = bytes.get(8 + usize::from(first & 0x3f) * 4..)?;
    of_type(be16(bytes, 2).ok()?, inner)
}

/// RFC 2784 and 2890: version 0; a checksum, a key and a sequence number may follow.
fn gre(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let flags = be16(bytes, 0).ok()?;
    (flags & 0x7 == 0).then_some(())?;
    let options = [0x8000, 0x2000, 0x1000].iter().filter(|flag| flags & **flag != 0).count();
    of_type(be16(bytes, 2).ok()?, bytes.get(4 + options * 4..)?)
}

fn of_type(ether_type: u16, inner: &[u8]) -> Option<(u16, &[u8])> {
    if ether_type == ETHERNET { ethernet(inner) } else { Some((ether_type, inner)) }
}
