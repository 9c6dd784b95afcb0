//! `struct sock`.
use super::device::netns;
use crate::memory::read;

/// The addresses of a connected socket.
pub struct Sock {
    /// Inode number of its namespace.
    pub netns: u32,
    /// 4 or 6.
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
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    let mut sock = Sock {
        netns: netns(read(sk, offset!(sock_net))),
        family: 4,
        protocol: read::<u16>(sk, offset!(sock_protocol)).unwrap_or(0) as u8,
        local: [0; 16],
        remote: [0; 16],
        local_port: read(sk, offset!(sock_num))?,
        remote_port: u16::from_be(read(sk, offset!(sock_dport))?),
    };
    let family: u16 = read(sk, offset!(sock_family))?;
    if family == AF_INET {
        let local: [u8; 4] = read(sk, offset!(sock_saddr))?;
        let remote: [u8; 4] = read(sk, offset!(sock_daddr))?;
        sock.local[..4].copy_from_slice(&local);
        sock.remote[..4].copy_from_slice(&remote);
    } else if family == AF_INET6 {
        sock.family = 6;
        sock.local = read(sk, offset!(sock_saddr6))?;
        sock.remote = read(sk, offset!(sock_daddr6))?;
    } else {
        return None;
    }
    Some(sock)
}
