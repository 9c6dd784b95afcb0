//! What a router has to know of a packet, and the ICMP error that it sends about one (RFC 1191 §4, RFC 4443 §3.2).

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of an Ethernet header.
pub(crate) const FRAME_HEADER: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const FRAGMENT_HEADER: u8 = 44;
const DF: u8 = 0x40;
/// Bytes that an error quotes, so that it is never too big itself.
const QUOTE4: usize = 548;
const QUOTE6: usize = 1200;

/// The addresses of who sends errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Router {
    v4: Ipv4Addr,
    v6: Ipv6Addr,
}

impl Router {
    /// `192.0.2.1,2001:db8::1`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let both = text.split_once(',').and_then(|(v4, v6)| Some((v4.parse().ok()?, v6.parse().ok()?)));
        let (v4, v6) = both.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "--router wants IPV4,IPV6"))?;
        Ok(Self { v4, v6 })
    }
}

fn is_v6(ip: &[u8]) -> bool {
    ip.first().is_some_and(|first| first >> 4 == 6)
}

fn number(ip: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([ip[at], ip[at + 1]]))
}

/// The IP packet of a frame, if it is one.
fn ip(frame: &[u8], head: usize) -> Option<&[u8]> {
    let kind = (head == FRAME_HEADER).then(|| frame.get(12..14)).flatten();
    if kind.is_some_and(|kind| kind != IPV4 && kind != IPV6) {
        return None;
    }
    let ip = frame.get(head..)?;
    (ip.len() >= if is_v6(ip) { 40 } else { 20 }).then_some(ip)
}

/// Its length at L3.
pub(crate) fn length(frame: &[u8], head: usize) -> Option<usize> {
    let ip = ip(frame, head)?;
    let length = if is_v6(ip) { 40 + number(ip, 4) } else { number(ip, 2) };
    (1..=ip.len()).contains(&length).then_some(length)
}

/// Whether it is a fragment without the beginning.
pub(crate) fn is_later_fragment(frame: &[u8], head: usize) -> bool {
    let Some(ip) = ip(frame, head) else { return false };
    if is_v6(ip) {
        return ip[6] == FRAGMENT_HEADER && ip.len() >= 48 && number(ip, 42) & 0xfff8 != 0;
    }
    number(ip, 6) & 0x1fff != 0
}

/// The whole answer to whoever sent the frame; none about what a router would cut instead.
pub(crate) fn too_big(frame: &[u8], head: usize, mtu: u32, router: &Router) -> Option<Vec<u8>> {
    let ip = ip(frame, head)?;
    let answer = if is_v6(ip) { v6(ip, mtu, router) } else { v4(ip, mtu, router)? };
    let mut whole = frame[..head].to_vec();
    if head == FRAME_HEADER {
        whole[..6].copy_from_slice(&frame[6..12]);
        whole[6..12].copy_from_slice(&frame[..6]);
    }
    whole.extend(answer);
    Some(whole)
}

fn v4(ip: &[u8], mtu: u32, router: &Router) -> Option<Vec<u8>> {
    if ip[6] & DF == 0 {
        return None;
    }
    let mut body = vec![3, 4, 0, 0, 0, 0];
    body.extend((mtu as u16).to_be_bytes());
    body.extend(&ip[..ip.len().min(QUOTE4)]);
    checksum(&mut body, 2, &[]);
    let mut packet = vec![0x45, 0xc0];
    packet.extend((20 + body.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, ICMP, 0, 0]);
    packet.extend(router.v4.octets());
    packet.extend(&ip[12..16]);
    checksum(&mut packet, 10, &[]);
    packet.extend(body);
    Some(packet)
}

fn v6(ip: &[u8], mtu: u32, router: &Router) -> Vec<u8> {
    let mut body = vec![2, 0, 0, 0];
    body.extend(mtu.to_be_bytes());
    body.extend(&ip[..ip.len().min(QUOTE6)]);
    let ends = [&router.v6.octets(), &ip[8..24]].concat();
    let length = body.len() as u16;
    let pseudo = [&ends[..], &[0, 0], &length.to_be_bytes(), &[0, 0, 0, ICMPV6]].concat();
    checksum(&mut body, 2, &pseudo);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([ICMPV6, 64]);
    packet.extend(ends);
    packet.extend(body);
    packet
}

/// Fills in the Internet checksum (RFC 1071) of `bytes` behind `pseudo`, at a place that is zero so far.
pub(crate) fn checksum(bytes: &mut [u8], at: usize, pseudo: &[u8]) {
    let words = |part: &[u8]| -> u32 {
        part.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0))).sum()
    };
    let mut sum = words(bytes) + words(pseudo);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    bytes[at..at + 2].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(length: u16) -> Vec<u8> {
        let mut ip = vec![0; usize::from(length)];
        ip[0] = 0x45;
        ip[2..4].copy_from_slice(&length.to_be_bytes());
        ip[6] = DF;
        ip[12..16].copy_from_slice(&[10, 0, 0, 1]);
        ip
    }

    #[test]
    fn the_sender_is_told() {
        let router = Router::parse("192.0.2.1,2001:db8::1").unwrap();
        let answer = too_big(&packet(1500), 0, 1400, &router).unwrap();
        assert_eq!((&answer[12..16], &answer[16..20]), (&[192, 0, 2, 1][..], &[10, 0, 0, 1][..]));
        assert_eq!((answer[20], answer[21], number(&answer, 26)), (3, 4, 1400));
        let sum: u32 = answer[..20].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        let mut may_be_cut = packet(1500);
        may_be_cut[6] = 0;
        assert!(too_big(&may_be_cut, 0, 1400, &router).is_none());
    }

    #[test]
    fn lengths_and_fragments() {
        let mut ip = packet(100);
        assert_eq!(length(&ip, 0), Some(100));
        assert!(!is_later_fragment(&ip, 0));
        ip[7] = 9;
        assert!(is_later_fragment(&ip, 0));
        let arp = [&[0; 12][..], &[0x08, 0x06], &[0; 40]].concat();
        assert_eq!(length(&arp, FRAME_HEADER), None);
    }
}
