//! Captures written by hand: packets by etherparse's builder, files by the formats' specifications.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpHeaders, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement};

pub(super) const ETHERNET: u16 = 1;
pub(super) const SLL2: u16 = 276;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pcap { big_endian: bool, nanoseconds: bool },
    Pcapng { big_endian: bool },
}

pub(super) const PLAIN: Form = Form::Pcap { big_endian: false, nanoseconds: false };

/// A file that grows.
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    form: Form,
    /// Bytes of each frame that are kept.
    pub(super) snaplen: usize,
}

impl File {
    pub(super) fn new(form: Form, link: u16) -> Self {
        let mut file = Self { bytes: Vec::new(), form, snaplen: usize::MAX };
        match form {
            Form::Pcap { nanoseconds, .. } => {
                file.u32(if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
                file.u16(2);
                file.u16(4);
                [0, 0, 262_144, u32::from(link)].into_iter().for_each(|word| file.u32(word));
            }
            Form::Pcapng { .. } => {
                file.block(0x0a0d_0d0a, |file| {
                    file.u32(0x1a2b_3c4d);
                    file.u16(1);
                    file.u16(0);
                    file.bytes.extend([0xff; 8]);
                });
                file.block(1, |file| {
                    file.u16(link);
                    file.u16(0);
                    file.u32(0);
                    // if_name, if_tsresol 10^-9, end.
                    file.option(2, b"wg0");
                    file.option(9, &[9]);
                    file.u32(0);
                });
            }
        }
        file
    }

    /// A frame at that many milliseconds.
    pub(super) fn frame(&mut self, ms: u64, frame: &[u8]) -> &mut Self {
        let ns = 1_700_000_000_000_000_000 + ms * 1_000_000;
        let (original, kept) = (frame.len() as u32, &frame[..frame.len().min(self.snaplen)]);
        match self.form {
            Form::Pcap { nanoseconds, .. } => {
                self.u32((ns / 1_000_000_000) as u32);
                self.u32((ns % 1_000_000_000 / if nanoseconds { 1 } else { 1000 }) as u32);
                self.u32(kept.len() as u32);
                self.u32(original);
                self.bytes.extend(kept);
            }
            Form::Pcapng { .. } => self.block(6, |file| {
                [0, (ns >> 32) as u32, ns as u32, kept.len() as u32, original]
                    .into_iter()
                    .for_each(|word| file.u32(word));
                file.bytes.extend(kept);
                file.pad();
            }),
        }
        self
    }

    /// Interface statistics: packets that were lost.
    pub(super) fn dropped(&mut self, packets: u64) {
        self.block(5, |file| {
            [0, 0, 0].into_iter().for_each(|word| file.u32(word));
            let big = matches!(file.form, Form::Pcapng { big_endian: true });
            file.option(5, &if big { packets.to_be_bytes() } else { packets.to_le_bytes() });
            file.u32(0);
        });
    }

    pub(super) fn block(&mut self, kind: u32, fill: impl FnOnce(&mut Self)) {
        let at = self.bytes.len();
        self.u32(kind);
        self.u32(0);
        fill(self);
        let length = (self.bytes.len() - at + 4) as u32;
        self.u32(length);
        let bytes = self.bytes[self.bytes.len() - 4..].to_vec();
        self.bytes[at + 4..at + 8].copy_from_slice(&bytes);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.u16(code);
        self.u16(value.len() as u16);
        self.bytes.extend(value);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    pub(super) fn u32(&mut self, value: u32) {
        let big = self.big_endian();
        self.bytes.extend(if big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn u16(&mut self, value: u16) {
        let big = self.big_endian();
        self.bytes.extend(if big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn big_endian(&self) -> bool {
        match self.form {
            Form::Pcap { big_endian, .. } | Form::Pcapng { big_endian } => big_endian,
        }
    }
}

/// An end, such as `10.0.0.1:80`.
pub(super) fn end(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(super) fn ip(src: IpAddr, dst: IpAddr, id: u16) -> IpHeaders {
    match (src, dst) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let mut header = Ipv4Header::new(0, 64, 0.into(), a.octets(), b.octets()).unwrap();
            (header.identification, header.dont_fragment) = (id, true);
            IpHeaders::Ipv4(header, Default::default())
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let header = Ipv6Header {
                source: a.octets(),
                destination: b.octets(),
                hop_limit: 64,
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
        _ => panic!("{src} and {dst}"),
    }
}

/// An Ethernet frame with a segment.
pub(super) fn tcp(
    (src, dst, id): (SocketAddr, SocketAddr, u16),
    (seq, ack): (u32, u32),
    data: usize,
    change: impl FnOnce(&mut TcpHeader),
) -> Vec<u8> {
    let mut header = TcpHeader::new(src.port(), dst.port(), seq, 1000);
    (header.ack, header.acknowledgment_number) = (true, ack);
    change(&mut header);
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(ip(src.ip(), dst.ip(), id));
    builder.tcp_header(header).write(&mut frame, &vec![b'x'; data]).unwrap();
    frame
}

pub(super) fn mss(value: u16) -> impl Fn(&mut TcpHeader) {
    move |header| {
        header.syn = true;
        header.set_options(&[TcpOptionElement::MaximumSegmentSize(value)]).unwrap();
    }
}

pub(super) fn udp(src: SocketAddr, dst: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(ip(src.ip(), dst.ip(), 1));
    builder.udp(src.port(), dst.port()).write(&mut frame, payload).unwrap();
    frame
}

/// "Fragmentation needed" by a router about an Ethernet frame.
pub(super) fn frag_needed(router: &str, mtu: u16, about: &[u8]) -> Vec<u8> {
    let quoted = &about[14..];
    let to = IpAddr::from([quoted[12], quoted[13], quoted[14], quoted[15]]);
    let mut frame = Vec::new();
    let [high, low] = mtu.to_be_bytes();
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(ip(router.parse().unwrap(), to, 7));
    builder.icmpv4_raw(3, 4, [0, 0, high, low]).write(&mut frame, &quoted[..28]).unwrap();
    frame
}

/// The same frame of IPv6 with hop-by-hop options of eight bytes behind its header, and what they say that comes next.
pub(super) fn with_options(frame: &[u8], next: u8) -> Vec<u8> {
    let (header, rest) = frame.split_at(54);
    let mut longer = header.to_vec();
    longer[14 + 6] = 0;
    let length = u16::from_be_bytes([longer[18], longer[19]]) + 8;
    longer[18..20].copy_from_slice(&length.to_be_bytes());
    longer.extend([next, 0, 1, 4, 0, 0, 0, 0]);
    longer.extend(rest);
    longer
}
