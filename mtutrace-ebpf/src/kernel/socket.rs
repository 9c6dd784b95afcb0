//! `struct sock`, and what of a TCP socket lies around it.
use super::device::netns;
use crate::memory::read;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
/// Bytes of an IPv4 header, an IPv6 header and a TCP header without options.
const IPV4_HEADER: u32 = 20;
const IPV6_HEADER: u32 = 40;
const TCP_HEADER: u16 = 20;

/// The addresses of a connected socket.
pub struct Sock {
    /// Inode number of its namespace.
    pub netns: u32,
    /// 4 or 6: what its packets are, which of an IPv6 socket can be IPv4 (RFC 3493 §3.7).
    pub family: u8,
    /// IP protocol number; 0 if unknown.
    pub protocol: u8,
    /// Local address.
    pub local: [u8; 16],
    /// Remote address.
    pub remote: [u8; 16],
    /// Local port.
    pub local_port: u16,
    /// Remote port.
    pub remote_port: u16,
}

/// Reads `struct sock_common`; nothing for sockets of other families.
#[inline(always)]
pub fn sock(sk: *const u8) -> Option<Sock> {
    let family: u16 = read(sk, offset!(sock_family))?;
    if family == AF_INET {
        return sock4(sk);
    }
    if family != AF_INET6 {
        return None;
    }
    // ::ffff:a.b.c.d, beside which the kernel keeps the IPv4 addresses.
    let words: [u32; 4] = read(sk, offset!(sock_daddr6))?;
    if words[0] == 0 && words[1] == 0 && words[2] == 0xffff_u32.to_be() {
        return sock4(sk);
    }
    let (local, remote) = (read(sk, offset!(sock_saddr6))?, read(sk, offset!(sock_daddr6))?);
    with_ports(sk, Sock { family: 6, local, remote, ..EMPTY })
}

/// The same where it is known that the packet is an IPv4 one, whatever the socket's family.
#[inline(always)]
pub fn sock4(sk: *const u8) -> Option<Sock> {
    let local: [u8; 4] = read(sk, offset!(sock_saddr))?;
    let remote: [u8; 4] = read(sk, offset!(sock_daddr))?;
    let mut sock = EMPTY;
    sock.local[..4].copy_from_slice(&local);
    sock.remote[..4].copy_from_slice(&remote);
    with_ports(sk, sock)
}

const EMPTY: Sock =
    Sock { netns: 0, family: 4, protocol: 0, local: [0; 16], remote: [0; 16], local_port: 0, remote_port: 0 };

#[inline(always)]
fn with_ports(sk: *const u8, mut sock: Sock) -> Option<Sock> {
    sock.netns = netns(read(sk, offset!(sock_net)));
    sock.protocol = read::<u16>(sk, offset!(sock_protocol)).unwrap_or(0) as u8;
    sock.local_port = read(sk, offset!(sock_num))?;
    sock.remote_port = u16::from_be(read(sk, offset!(sock_dport))?);
    Some(sock)
}

/// Bytes of the headers that a TCP socket's segments begin with, as `tcp_mtu_to_mss` counts them: IP's with its options or
/// extension headers, and TCP's with the options of every segment (timestamps; SACK blocks come and go).
#[inline(always)]
pub fn tcp_headers(sk: *const u8, family: u8) -> u32 {
    let ip = if family == 4 { IPV4_HEADER } else { IPV6_HEADER };
    let extensions: u16 = read(sk, offset!(icsk_ext_hdr_len)).unwrap_or(0);
    let tcp: u16 = read(sk, offset!(tcp_header_len)).unwrap_or(TCP_HEADER);
    ip + u32::from(extensions) + u32::from(tcp)
}

/// Retransmission timeouts in a row with nothing acknowledged.
#[inline(always)]
pub fn tcp_timeouts(sk: *const u8) -> Option<u8> {
    read(sk, offset!(icsk_retransmits))
}

/// Bytes of data in a full-size segment of a TCP socket.
#[inline(always)]
pub fn tcp_full_size(sk: *const u8) -> Option<u32> {
    read(sk, offset!(tcp_mss_cache))
}
