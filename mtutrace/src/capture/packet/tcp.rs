//! TCP headers, and the options that matter here.

use std::net::IpAddr;

use etherparse::err::tcp::HeaderSliceError;
use etherparse::{TcpHeaderSlice, TcpOptionElement};

use super::segment::{Sack, Tcp};
use super::types::{Inside, Packet, Payload, Unread};

pub(super) fn parse(packet: &Packet, payload: Payload<'_>, whole: bool) -> Result<Inside, Unread> {
    let header = match TcpHeaderSlice::from_slice(payload.bytes) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Ok(Inside::Cut),
        Err(HeaderSliceError::Content(_)) => return Err(Unread::BadTransport),
    };
    let length = header.slice().len();
    let data = u32::try_from(length).ok().and_then(|length| payload.length.checked_sub(length));
    let mut tcp = Tcp {
        src: header.source_port(),
        dst: header.destination_port(),
        seq: header.sequence_number(),
        ack: header.ack().then(|| header.acknowledgment_number()),
        syn: header.syn(),
        fin: header.fin(),
        rst: header.rst(),
        window: header.window_size(),
        data: data.ok_or(Unread::BadTransport)?,
        options: u32::from(header.data_offset()).saturating_sub(5) * 4,
        mss: None,
        timestamp: None,
        sack: Sack::default(),
        checksum: None,
    };
    for option in header.options_iterator().map_while(Result::ok) {
        match option {
            TcpOptionElement::MaximumSegmentSize(mss) => tcp.mss = Some(mss),
            TcpOptionElement::Timestamp(value, _) => tcp.timestamp = Some(value),
            TcpOptionElement::SelectiveAcknowledgement(first, [b, c, d]) => tcp.sack = [Some(first), b, c, d],
            _ => {}
        }
    }
    let all = u32::try_from(payload.bytes.len()).is_ok_and(|kept| kept == payload.length);
    if whole && all {
        tcp.checksum = is_right(packet, &header, payload.bytes.get(length..).unwrap_or_default());
    }
    Ok(Inside::Tcp(tcp))
}

fn is_right(packet: &Packet, header: &TcpHeaderSlice<'_>, data: &[u8]) -> Option<bool> {
    let sum = match (packet.src, packet.dst) {
        (IpAddr::V4(a), IpAddr::V4(b)) => header.calc_checksum_ipv4_raw(a.octets(), b.octets(), data),
        (IpAddr::V6(a), IpAddr::V6(b)) => header.calc_checksum_ipv6_raw(a.octets(), b.octets(), data),
        _ => return None,
    };
    sum.ok().map(|sum| sum == header.checksum())
}
