//! Bytes become events here: checked, and a record that cannot be understood is an error, never a panic.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytemuck::Pod;
use bytes::Bytes;
use mtutrace_common::config::DropCause;
use mtutrace_common::event::{
    DropEvent, FragmentEvent, IcmpEvent, OversizedEvent, PmtuEvent, RetransmitEvent, SackEvent, SynEvent,
};
use mtutrace_common::header::{ip_flags, port};
use mtutrace_common::{ABI_VERSION, EventHeader, HookId, Packet, Signal};

use crate::model::{Event, EventKind, Flow, NetnsId, Port};

/// Why a record could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Shorter or longer than its kind.
    #[error("a record of kind {kind} has {length} bytes instead of {expected}")]
    Length {
        /// Its kind, 0 if not even that could be read.
        kind: u16,
        /// Bytes that came.
        length: usize,
        /// Bytes that its kind has.
        expected: usize,
    },
    /// Made by another version of the kernel side.
    #[error("record layout {0} instead of {ABI_VERSION}")]
    Abi(u16),
    /// No such signal.
    #[error("unknown kind of record {0}")]
    Kind(u16),
    /// No such address family, cause or hook.
    #[error("a field holds {0}, which has no meaning there")]
    Field(u32),
}

/// Decodes one record of the ring buffer.
///
/// # Errors
/// When the length, the version, the kind, the address family or the drop's cause is not one that this build knows.
pub(crate) fn decode(record: &Bytes) -> Result<Event, DecodeError> {
    let header: EventHeader = read(record, 0, size_of::<EventHeader>())?;
    if header.abi != ABI_VERSION {
        return Err(DecodeError::Abi(header.abi));
    }
    match Signal::from_number(header.kind).ok_or(DecodeError::Kind(header.kind))? {
        Signal::Oversized => {
            let e: OversizedEvent = whole(record, header.kind)?;
            let may_be_cut = e.packet.ip_flags & ip_flags::DF == 0;
            let kind =
                EventKind::Oversized { mtu: known(e.mtu), egress: known(e.egress_ifindex), may_be_cut };
            event(&e.header, &e.packet, kind)
        }
        Signal::Fragmented => {
            let e: FragmentEvent = whole(record, header.kind)?;
            event(&e.header, &e.packet, EventKind::Fragmented { mtu: known(e.mtu) })
        }
        Signal::IcmpSeen => {
            let e: IcmpEvent = whole(record, header.kind)?;
            let kind = EventKind::IcmpSeen {
                from: address(&e.from, e.packet.family),
                to: address(&e.to, e.packet.family),
                mtu: known(e.mtu),
                message_id: e.message_id,
            };
            event(&e.header, &e.packet, kind)
        }
        Signal::IcmpSent => {
            let e: IcmpEvent = whole(record, header.kind)?;
            event(&e.header, &e.packet, EventKind::IcmpSent { mtu: known(e.mtu) })
        }
        Signal::Syn => {
            let e: SynEvent = whole(record, header.kind)?;
            const ACK: u8 = 0x10;
            let ack = e.packet.tcp_flags & ACK != 0;
            let kind = EventKind::Syn { mss: known(e.mss), ack, identity: e.identity };
            event(&e.header, &e.packet, kind)
        }
        Signal::Drop => {
            let e: DropEvent = whole(record, header.kind)?;
            let kind = EventKind::Drop {
                cause: DropCause::from_number(e.cause).ok_or(DecodeError::Field(e.cause))?,
                reason: e.reason,
                location: e.location,
                mtu: known(e.mtu),
                egress: known(e.egress_ifindex),
                device_mtu: known(e.device_mtu),
                icmp_too_big: e.icmp_too_big != 0,
            };
            event(&e.header, &e.packet, kind)
        }
        Signal::Retransmit => {
            let e: RetransmitEvent = whole(record, header.kind)?;
            let kind = match e.timeouts {
                0 => EventKind::Retransmit,
                in_a_row => EventKind::Timeouts { in_a_row },
            };
            event(&e.header, &e.packet, kind)
        }
        Signal::PmtuUpdated => {
            let e: PmtuEvent = whole(record, header.kind)?;
            event(&e.header, &e.packet, EventKind::PmtuUpdated { mtu: e.mtu })
        }
        Signal::SackHole => {
            let e: SackEvent = whole(record, header.kind)?;
            let hole = e.left.wrapping_sub(e.packet.ack);
            event(&e.header, &e.packet, EventKind::SackHole { hole, beyond: e.largest })
        }
    }
}

/// The kernel side says "unknown" with 0.
fn known(value: u32) -> Option<u32> {
    (value != 0).then_some(value)
}

fn whole<T: Pod>(record: &Bytes, kind: u16) -> Result<T, DecodeError> {
    if record.len() != size_of::<T>() {
        return Err(DecodeError::Length { kind, length: record.len(), expected: size_of::<T>() });
    }
    read(record, kind, record.len())
}

fn read<T: Pod>(record: &Bytes, kind: u16, length: usize) -> Result<T, DecodeError> {
    let wrong = DecodeError::Length { kind, length: record.len(), expected: size_of::<T>() };
    // The ring aligns to 8 bytes, a recording to nothing.
    bytemuck::try_pod_read_unaligned(record.get(..length).ok_or(wrong)?).map_err(|_| wrong)
}

fn event(header: &EventHeader, packet: &Packet, kind: EventKind) -> Result<Event, DecodeError> {
    let wrong_family = DecodeError::Field(u32::from(packet.family));
    let ip = |bytes| match packet.family {
        4 | 6 => Ok(any_address(bytes, packet.family)),
        _ => Err(wrong_family),
    };
    Ok(Event {
        time_ns: header.time_ns,
        netns: NetnsId(header.netns),
        ifindex: header.ifindex,
        hook: HookId::from_number(header.hook).ok_or(DecodeError::Field(u32::from(header.hook)))?,
        port: match header.port {
            port::KNOWN => Port::Known,
            port::STRANGER => Port::Stranger,
            port::CONTESTED => Port::Contested,
            other => return Err(DecodeError::Field(u32::from(other))),
        },
        flow: Flow {
            protocol: packet.protocol,
            src: SocketAddr::new(ip(&packet.src)?, packet.sport),
            dst: SocketAddr::new(ip(&packet.dst)?, packet.dport),
        },
        length: packet.length,
        gso_segments: (packet.gso_segments != 0).then_some(packet.gso_segments),
        seq: packet.seq,
        ip_id: packet.ip_id,
        kind,
    })
}

fn any_address(bytes: &[u8; 16], family: u8) -> IpAddr {
    if family == 4 {
        let [a, b, c, d, ..] = *bytes;
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    } else {
        IpAddr::V6(Ipv6Addr::from(*bytes))
    }
}

/// Zeros stand for an address that is not known.
fn address(bytes: &[u8; 16], family: u8) -> Option<IpAddr> {
    (*bytes != [0; 16]).then(|| any_address(bytes, family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_event() -> DropEvent {
        let header = EventHeader {
            abi: ABI_VERSION,
            kind: Signal::Drop as u16,
            ifindex: 3,
            time_ns: 42,
            netns: 7,
            hook: HookId::KfreeSkb as u16,
            port: port::KNOWN,
        };
        let mut e = DropEvent { header, ..DropEvent::default() };
        e.packet.family = 4;
        e.packet.src[..4].copy_from_slice(&[192, 0, 2, 10]);
        e.packet.dst[..4].copy_from_slice(&[10, 42, 0, 108]);
        (e.packet.sport, e.packet.dport, e.packet.protocol, e.packet.length) = (80, 40000, 6, 1500);
        (e.cause, e.mtu) = (DropCause::Forward as u32, 1450);
        e
    }

    fn bytes<T: Pod>(value: &T) -> Bytes {
        Bytes::copy_from_slice(bytemuck::bytes_of(value))
    }

    #[test]
    fn a_drop_keeps_what_it_says() {
        let event = decode(&bytes(&drop_event())).unwrap();
        assert_eq!(event.flow.src, "192.0.2.10:80".parse().unwrap());
        assert_eq!(event.flow.dst, "10.42.0.108:40000".parse().unwrap());
        assert_eq!((event.netns, event.ifindex, event.length), (NetnsId(7), 3, 1500));
        assert!(matches!(
            event.kind,
            EventKind::Drop { cause: DropCause::Forward, mtu: Some(1450), egress: None, .. }
        ));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = bytes(&drop_event());
        for length in 0..whole.len() {
            assert!(decode(&whole.slice(..length)).is_err(), "{length}");
        }
        let mut longer = whole.to_vec();
        longer.push(0);
        assert!(matches!(decode(&Bytes::from(longer)), Err(DecodeError::Length { .. })));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let mut e = drop_event();
        e.header.abi = 99;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Abi(99)));
        let mut e = drop_event();
        e.header.kind = 0;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Kind(0)));
        let mut e = drop_event();
        e.packet.family = 5;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Field(5)));
        let mut e = drop_event();
        e.header.hook = 0;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Field(0)));
        let mut e = drop_event();
        e.header.port = 3;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Field(3)));
        let mut e = drop_event();
        e.cause = 77;
        assert_eq!(decode(&bytes(&e)), Err(DecodeError::Field(77)));
    }
}
