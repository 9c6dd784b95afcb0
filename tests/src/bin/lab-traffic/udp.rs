//! UDP datagrams with a chosen attitude to the path MTU.

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use super::args::number;

/// Sends `--count` datagrams with `--size` bytes of payload. `--df` sets DF and obeys what the kernel has learned of
/// the path; `--probe` sets DF and ignores it, so that each datagram leaves; without either they may be fragmented.
pub(crate) fn send(args: &[String]) -> Result<()> {
    let to = destination(args)?;
    let socket = bound_for(to)?;
    discovery(&socket, to, args)?;
    let payload = vec![b'x'; number(args, "--size")?];
    send_each(number(args, "--count")?, |_| socket.send_to(&payload, to))
}

/// What `--df` and `--probe` say about fragments.
pub(crate) fn discovery(socket: &UdpSocket, to: SocketAddr, args: &[String]) -> Result<()> {
    let given = |name: &str| args.iter().any(|arg| arg == name);
    let (level, option, values) = if to.is_ipv4() {
        let values = [libc::IP_PMTUDISC_DO, libc::IP_PMTUDISC_PROBE, libc::IP_PMTUDISC_DONT];
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, values)
    } else {
        let values = [libc::IPV6_PMTUDISC_DO, libc::IPV6_PMTUDISC_PROBE, libc::IPV6_PMTUDISC_DONT];
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, values)
    };
    let [df, probe, dont] = values;
    set(
        socket,
        level,
        option,
        if given("--df") {
            df
        } else if given("--probe") {
            probe
        } else {
            dont
        },
    )
}

/// Sends again and again, and says how often it went and how often the kernel found it too big (`EMSGSIZE`), which
/// is part of the experiment.
pub(crate) fn send_each(count: usize, mut send: impl FnMut(usize) -> Result<usize>) -> Result<()> {
    let (mut sent, mut refused) = (0, 0);
    for number in 0..count {
        match send(number) {
            Ok(_) => sent += 1,
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => refused += 1,
            Err(error) => return Err(error),
        }
    }
    println!("sent {sent} refused {refused}");
    Ok(())
}

/// The address to send to.
pub(crate) fn destination(args: &[String]) -> Result<SocketAddr> {
    let to = args.get(1).and_then(|to| to.parse().ok());
    to.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "an address with a port is wanted"))
}

/// An unbound UDP socket of the same family.
pub(crate) fn bound_for(to: SocketAddr) -> Result<UdpSocket> {
    if to.is_ipv4() {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))
    }
}

/// DF, and only the device's own MTU counts (IPv4).
pub(crate) fn without_fragments(socket: &UdpSocket) -> Result<()> {
    set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)
}

fn set(socket: &UdpSocket, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> Result<()> {
    // SAFETY: the value is a c_int that outlives the call, and its size is passed beside it.
    let result = unsafe {
        let size = size_of_val(&value) as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), size)
    };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}
