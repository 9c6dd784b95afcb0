//! A network namespace of the benchmark's own, in which a route is too small. The node's are left alone.
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// The network behind the small route (RFC 5737, TEST-NET-2).
pub(super) const NETWORK: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 0);

/// Moves this thread into a new namespace whose loopback device forwards to [`NETWORK`] with this MTU. It lives
/// as long as the thread.
///
/// # Errors
/// When the kernel refuses a namespace, or its settings.
pub(super) fn enter(mtu: u32) -> io::Result<()> {
    // SAFETY: only this thread's network namespace changes, of which nothing in memory depends.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET)? };
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let fd = socket.as_raw_fd();
    let mut request = loopback();
    request.ifr_ifru.ifru_mtu = i32::try_from(mtu).map_err(io::Error::other)?;
    // SAFETY: SIOCSIFMTU reads the name and the MTU of a live ifreq.
    check(unsafe { libc::ioctl(fd, libc::SIOCSIFMTU, &raw mut request) })?;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads the name and the flags of a live ifreq.
    check(unsafe { libc::ioctl(fd, libc::SIOCSIFFLAGS, &raw mut request) })?;
    add_route(fd)?;
    // /proc/sys/net is that of the thread's own namespace.
    OpenOptions::new().write(true).open("/proc/sys/net/ipv4/ip_forward")?.write_all(b"1")
}

fn add_route(fd: i32) -> io::Result<()> {
    let mut name = *b"lo\0";
    // SAFETY: an rtentry of zeros is valid: no gateway, no device, no flags.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = address(NETWORK);
    route.rt_genmask = address(Ipv4Addr::new(255, 255, 255, 0));
    route.rt_flags = libc::RTF_UP;
    route.rt_dev = name.as_mut_ptr().cast();
    // SAFETY: SIOCADDRT reads a live rtentry and the name that it points to.
    check(unsafe { libc::ioctl(fd, libc::SIOCADDRT, &raw mut route) })
}

fn loopback() -> libc::ifreq {
    // SAFETY: an ifreq is integers and unions of them; zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request
}

fn address(ip: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    // struct sockaddr_in: a port of two bytes, then the address.
    for (to, from) in data.iter_mut().skip(2).zip(ip.octets()) {
        *to = from as libc::c_char;
    }
    libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: data }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
