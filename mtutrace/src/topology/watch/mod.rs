//! Word that something changed in a namespace, without reading what.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

/// Devices, addresses, routes and rules of both families: all that `dump` reads (rtnetlink(7), RTMGRP_*).
const GROUPS: libc::c_int = libc::RTMGRP_LINK
    | libc::RTMGRP_IPV4_IFADDR
    | libc::RTMGRP_IPV6_IFADDR
    | libc::RTMGRP_IPV4_ROUTE
    | libc::RTMGRP_IPV6_ROUTE
    | IPV4_RULE
    | IPV6_RULE;
/// `RTMGRP_IPV4_RULE`; IPv6 has but a number (`RTNLGRP_IPV6_RULE`, 19).
const IPV4_RULE: libc::c_int = 0x80;
const IPV6_RULE: libc::c_int = 1 << 18;

/// A non-blocking socket that becomes readable when a device, an address or a route of the current namespace changes.
///
/// It keeps the namespace alive, with all its devices: close it as soon as no process and no name hold the namespace.
pub(crate) fn subscribe() -> io::Result<OwnedFd> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.set_non_blocking(true)?;
    socket.bind(&SocketAddr::new(0, GROUPS as u32))?;
    // netlink-sys keeps its descriptor to itself.
    socket.as_fd().try_clone_to_owned()
}

/// Empties the socket; true if anything came, and the namespace has to be dumped again.
///
/// Notifications that were lost (ENOBUFS: the socket's buffer was full) are a change as well. Reads until the kernel
/// has no more, so that edge-triggered readiness can be cleared afterwards.
pub(crate) fn drain(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut changed = false;
    // A datagram that is longer is cut (socket(7)): that it came is all that is wanted of it.
    let mut byte = [0; 1];
    loop {
        match recv(fd, &mut byte, RecvFlags::DONTWAIT) {
            Ok(_) | Err(Errno::NOBUFS) => changed = true,
            Err(Errno::AGAIN) => return Ok(changed),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
