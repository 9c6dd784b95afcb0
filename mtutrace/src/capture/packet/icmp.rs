//! ICMP errors about size, and the packet that they quote.

use etherparse::LaxIpSlice;

use super::types::{Inside, Quoted, TooBig};

pub(super) fn v4(bytes: &[u8]) -> Inside {
    match bytes {
        [3, 4, _, _, _, _, a, b, rest @ ..] => {
            Inside::TooBig(TooBig { mtu: u32::from(u16::from_be_bytes([*a, *b])), quoted: quoted(rest) })
        }
        [11, 1, _, _, _, _, _, _, rest @ ..] => Inside::ReassemblyTimedOut(quoted(rest)),
        [_, _, _, _, _, _, _, _, ..] => Inside::Other,
        _ => Inside::Cut,
    }
}

pub(super) fn v6(bytes: &[u8]) -> Inside {
    match bytes {
        [2, _, _, _, a, b, c, d, rest @ ..] => {
            Inside::TooBig(TooBig { mtu: u32::from_be_bytes([*a, *b, *c, *d]), quoted: quoted(rest) })
        }
        [3, 1, _, _, _, _, _, _, rest @ ..] => Inside::ReassemblyTimedOut(quoted(rest)),
        [_, _, _, _, _, _, _, _, ..] => Inside::Other,
        _ => Inside::Cut,
    }
}

fn quoted(bytes: &[u8]) -> Option<Quoted> {
    let (ip, _extension_error) = LaxIpSlice::from_slice(bytes).ok()?;
    let (length, id) = match &ip {
        LaxIpSlice::Ipv4(v4) => (u32::from(v4.header().total_len()), v4.header().identification()),
        LaxIpSlice::Ipv6(v6) => (u32::from(v6.header().payload_length()) + 40, 0),
    };
    let payload = ip.payload().payload;
    let number = |at: usize| payload.get(at..).and_then(|bytes| bytes.first_chunk()).copied();
    let ports = number(0).map(|[a, b, c, d]| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
    Some(Quoted {
        src: ip.source_addr(),
        dst: ip.destination_addr(),
        protocol: ip.payload_ip_number().0,
        ports,
        length,
        mark: (id, number(4).map_or(0, u32::from_be_bytes)),
    })
}
