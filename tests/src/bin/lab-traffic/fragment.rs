//! First fragments whose rest never comes (RFC 791 §3.2, RFC 8200 §4.5).

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::FromRawFd;

use super::args::number;
use super::udp::{bound_for, destination, send_each};

const UDP: u8 = 17;
const FRAGMENT_HEADER: u8 = 44;
const HOPS: u8 = 64;
const MORE_FRAGMENTS: u16 = 0x2000;

/// Sends `--count` of them, each the beginning of a datagram of its own, with `--size` bytes (a multiple of 8) behind
/// the IP header or the fragment header.
pub(crate) fn send(args: &[String]) -> Result<()> {
    let to = destination(args)?;
    let size = number::<u16>(args, "--size")?;
    if size % 8 != 0 || size < 8 {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "a fragment that is not the last is a multiple of 8 bytes",
        ));
    }
    // A socket that is connected tells which address the kernel would send from.
    let route = bound_for(to)?;
    route.connect(to)?;
    let from = route.local_addr()?;
    let body = udp(from.port(), to.port(), size);
    let socket = raw(to)?;
    send_each(number(args, "--count")?, |number| {
        let id = number as u16 + 1;
        let packet = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => v4(from, to, id, &body),
            (IpAddr::V6(from), IpAddr::V6(to)) => v6(from, to, id, &body),
            _ => return Err(ErrorKind::InvalidInput.into()),
        };
        socket.send_to(&packet, SocketAddr::new(to.ip(), 0))
    })
}

/// A raw socket that wants the IP header from us, as `IPPROTO_RAW` does in both families.
pub(crate) fn raw(to: SocketAddr) -> Result<UdpSocket> {
    let family = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: socket takes no pointers.
    let fd = unsafe { libc::socket(family, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_RAW) };
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel just returned this descriptor and nobody else knows it; `send_to` is plain sendto(2), whatever
    // the kind of socket.
    Ok(unsafe { UdpSocket::from_raw_fd(fd) })
}

/// `size` bytes of a datagram that says it is longer.
fn udp(sport: u16, dport: u16, size: u16) -> Vec<u8> {
    let header = [sport, dport, size.saturating_add(1000), 0].map(u16::to_be_bytes).concat();
    let mut body = header;
    body.resize(usize::from(size), b'x');
    body
}

/// The kernel fills in the length and the checksum (raw(7)).
pub(crate) fn v4(from: Ipv4Addr, to: Ipv4Addr, id: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0];
    packet.extend([id, MORE_FRAGMENTS].map(u16::to_be_bytes).concat());
    packet.extend([HOPS, UDP, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(body);
    packet
}

fn v6(from: Ipv6Addr, to: Ipv6Addr, id: u16, body: &[u8]) -> Vec<u8> {
    const OFFSET_0_MORE: [u8; 2] = [0, 1];
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((body.len() as u16 + 8).to_be_bytes());
    packet.extend([FRAGMENT_HEADER, HOPS]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend([UDP, 0]);
    packet.extend(OFFSET_0_MORE);
    packet.extend(u32::from(id).to_be_bytes());
    packet.extend(body);
    packet
}
