//! Kernel records: the addresses in their bytes.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use bytes::Bytes;
use mtutrace_common::{EventHeader, Packet, Signal};

use super::Anonymizer;

const HEADER: usize = size_of::<EventHeader>();
/// Behind the header and the packet of an ICMP record: who says so, and who is told (`mtutrace-common/src/event.rs`).
const FROM: Range<usize> = HEADER + size_of::<Packet>()..HEADER + size_of::<Packet>() + 16;
const TO: Range<usize> = FROM.end..FROM.end + 16;

impl Anonymizer {
    /// Another record; nothing if this build does not know where the addresses of its kind are.
    pub(super) fn record(&self, record: &Bytes) -> Option<Bytes> {
        let header: EventHeader = bytemuck::try_pod_read_unaligned(record.get(..HEADER)?).ok()?;
        let signal = Signal::from_number(header.kind)?;
        let at = HEADER..HEADER + size_of::<Packet>();
        let mut packet: Packet = bytemuck::try_pod_read_unaligned(record.get(at.clone())?).ok()?;
        packet.src = self.octets(packet.src, packet.family);
        packet.dst = self.octets(packet.dst, packet.family);
        let mut other = record.to_vec();
        other.get_mut(at)?.copy_from_slice(bytemuck::bytes_of(&packet));
        if matches!(signal, Signal::IcmpSeen | Signal::IcmpSent) {
            for end in [FROM, TO] {
                let octets: [u8; 16] = other.get(end.clone())?.try_into().ok()?;
                other.get_mut(end)?.copy_from_slice(&self.octets(octets, packet.family));
            }
        }
        Some(other.into())
    }

    /// Zeros stand for an address that is not known, and stay.
    fn octets(&self, octets: [u8; 16], family: u8) -> [u8; 16] {
        if octets == [0; 16] {
            return octets;
        }
        if family == 4 {
            let [a, b, c, d, ..] = octets;
            let mut other = [0; 16];
            if let IpAddr::V4(ip) = self.address(IpAddr::V4(Ipv4Addr::new(a, b, c, d))) {
                other[..4].copy_from_slice(&ip.octets());
            }
            return other;
        }
        match self.address(IpAddr::V6(Ipv6Addr::from(octets))) {
            IpAddr::V6(ip) => ip.octets(),
            IpAddr::V4(_) => [0; 16],
        }
    }
}
