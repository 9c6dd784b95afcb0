//! IPv4 and IPv6 with their extension headers.

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, LaxIpSlice, ip_number,
};

use super::types::{Fragment, Inside, Packet, Payload, Place, Unread};
use super::{icmp, tcp};

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// A packet that had `length` bytes on the wire, padding included, of which `bytes` were kept.
pub(super) fn parse(
    bytes: &[u8],
    length: u32,
    time_ns: u64,
    place: Place,
) -> Result<(Packet, Payload<'_>), Unread> {
    let (ip, _extension_error) = LaxIpSlice::from_slice(bytes).map_err(|error| match error {
        LaxHeaderSliceError::Len(_) => Unread::Cut,
        LaxHeaderSliceError::Content(_) => Unread::BadIp,
    })?;
    let (said, headers, df, id) = match &ip {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let headers = header.slice().len() + v4.extensions().auth.map_or(0, |auth| auth.slice().len());
            let said = u32::from(header.total_len());
            (said, headers, header.dont_fragment(), header.identification())
        }
        LaxIpSlice::Ipv6(v6) => {
            let header = v6.header();
            let headers = header.slice().len() + v6.extensions().slice().len();
            let payload = u32::from(header.payload_length());
            let said = if payload == 0 { 0 } else { payload + 40 };
            (said, headers, true, 0)
        }
    };
    // The kernel leaves the field empty where a super-packet has more than it could say.
    let length = if said == 0 { length } else { said.min(length) };
    let headers = u32::try_from(headers).unwrap_or(u32::MAX);
    let rest = length.checked_sub(headers).ok_or(Unread::BadIp)?;
    let payload = Payload { bytes: ip.payload().payload, length: rest };
    let fragment = fragment(&ip, rest);
    let protocol = ip.payload_ip_number().0;
    let mut packet = Packet {
        time_ns,
        place,
        src: ip.source_addr(),
        dst: ip.destination_addr(),
        protocol,
        length,
        df,
        id,
        fragment,
        inside: Inside::Other,
    };
    // The later pieces of a datagram have no header of their own.
    if fragment.is_none_or(|fragment| fragment.offset == 0) {
        packet.inside = inside(&packet, payload, fragment.is_none())?;
    }
    Ok((packet, payload))
}

fn inside(packet: &Packet, payload: Payload<'_>, whole: bool) -> Result<Inside, Unread> {
    match packet.protocol {
        TCP => tcp::parse(packet, payload, whole),
        UDP => Ok(match payload.bytes {
            [a, b, c, d, ..] => Inside::Udp(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])),
            _ => Inside::Cut,
        }),
        ICMP => Ok(icmp::v4(payload.bytes)),
        ICMPV6 => Ok(icmp::v6(payload.bytes)),
        _ => Ok(Inside::Other),
    }
}

fn fragment(ip: &LaxIpSlice<'_>, bytes: u32) -> Option<Fragment> {
    match ip {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let offset = u32::from(header.fragments_offset().byte_offset());
            let (id, more) = (u32::from(header.identification()), header.more_fragments());
            header.is_fragmenting_payload().then_some(Fragment { id, offset, bytes, more })
        }
        LaxIpSlice::Ipv6(v6) => {
            let extensions = v6.extensions();
            let header = fragment_header(extensions.first_header()?, extensions.slice())?;
            Some(Fragment {
                id: header.identification(),
                offset: u32::from(header.fragment_offset().byte_offset()),
                bytes,
                more: header.more_fragments(),
            })
        }
    }
}

/// The first of the extension headers in `rest` that says that the payload is a fragment (RFC 8200 §4.5), if they are whole
/// until there. etherparse 0.21's own iterator over them reads on beyond headers that were cut.
fn fragment_header(first: IpNumber, mut rest: &[u8]) -> Option<Ipv6FragmentHeaderSlice<'_>> {
    let mut next = first;
    loop {
        let length;
        (next, length) = match next {
            ip_number::IPV6_FRAG => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).ok()?;
                if header.is_fragmenting_payload() {
                    return Some(header);
                }
                (header.next_header(), header.slice().len())
            }
            ip_number::IPV6_HOP_BY_HOP | ip_number::IPV6_ROUTE | ip_number::IPV6_DEST_OPTIONS => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).ok()?;
                (header.next_header(), header.slice().len())
            }
            ip_number::AUTH => {
                let header = IpAuthHeaderSlice::from_slice(rest).ok()?;
                (header.next_header(), header.slice().len())
            }
            _ => return None,
        };
        rest = rest.get(length..)?;
    }
}
