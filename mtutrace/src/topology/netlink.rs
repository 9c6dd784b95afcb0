//! Question and answer with rtnetlink and its like, over a blocking socket that cannot hang.
//!
//! Attributes are picked out one by one instead of being decoded as whole messages: a name that is not UTF-8, or an
//! attribute that a newer kernel made longer, must not hide a device.
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::kept::Kept;
use netlink_packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST};
use netlink_packet_core::{NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN};
use netlink_packet_core::{NetlinkBuffer, NetlinkMessage, NetlinkPayload, NetlinkSerializable, NlasIterator};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// The kernel answers in the context of the asking thread, so this is generous.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Dumps are started again this often when the tables changed meanwhile (NLM_F_DUMP_INTR).
const TRIES: usize = 4;
/// `netlink_dump` makes its messages up to 32 KiB long, longer only for devices with many virtual functions.
const BUFFER: usize = 64 * 1024;

/// How one pass over an answer ended.
enum Pass {
    Complete,
    Interrupted,
    /// There is more, and nobody wants it.
    Enough,
    /// A datagram of so many bytes did not fit.
    TooLong(usize),
}

/// A socket for requests in the namespace where it was opened.
pub(crate) struct Conversation {
    protocol: isize,
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Conversation {
    /// Opens one for rtnetlink in the current network namespace.
    pub(crate) fn open() -> io::Result<Conversation> {
        Conversation::with(NETLINK_ROUTE)
    }

    /// Opens one for another netlink protocol.
    pub(crate) fn with(protocol: isize) -> io::Result<Conversation> {
        Ok(Conversation { protocol, socket: connect(protocol)?, sequence: 0, buffer: vec![0; BUFFER] })
    }

    /// Asks for a table; `pick` gets type and payload of each message, and keeps of it what it wants in `kept`; false: that is
    /// enough.
    ///
    /// A table that keeps changing is taken as it was read last: whoever changes it also notifies (`watch`), which
    /// leads to another dump.
    pub(crate) fn dump<T>(
        &mut self,
        request: RouteNetlinkMessage,
        kept: &mut Kept<T>,
        mut pick: impl FnMut(u16, &[u8], &mut Kept<T>) -> bool,
    ) -> io::Result<()> {
        let before = kept.mark();
        let mut whole = false;
        for _ in 0..TRIES {
            kept.back_to(before);
            self.send(request.clone(), NLM_F_REQUEST | NLM_F_DUMP)?;
            let pass = self.receive(true, |kind, payload| pick(kind, payload, kept));
            match pass {
                Ok(Pass::Complete) => return Ok(()),
                Ok(Pass::Interrupted) => whole = true,
                Ok(Pass::Enough) => {
                    // The kernel stops when the socket is closed.
                    self.socket = connect(self.protocol)?;
                    return Ok(());
                }
                Ok(Pass::TooLong(bytes)) => {
                    whole = false;
                    self.buffer.resize(bytes, 0);
                    self.socket = connect(self.protocol)?;
                }
                Err(error) => {
                    // The rest of this dump may still be under way.
                    self.socket = connect(self.protocol)?;
                    return Err(error);
                }
            }
        }
        if whole { Ok(()) } else { Err(io::Error::from(io::ErrorKind::InvalidData)) }
    }

    /// Asks for a table, of whose messages each is at most one item.
    pub(crate) fn list<T>(
        &mut self,
        request: RouteNetlinkMessage,
        kept: &mut Kept<T>,
        mut pick: impl FnMut(u16, &[u8]) -> Option<T>,
    ) -> io::Result<()> {
        self.dump(request, kept, |kind, payload, kept| pick(kind, payload).is_none_or(|item| kept.add(item)))
    }

    /// Asks one question that has one answer.
    pub(crate) fn ask<T, M: NetlinkSerializable + Into<NetlinkPayload<M>>>(
        &mut self,
        request: M,
        mut pick: impl FnMut(u16, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut found = None;
        self.send(request, NLM_F_REQUEST)?;
        let each = |kind, payload: &[u8]| {
            found = pick(kind, payload);
            true
        };
        match self.receive(false, each)? {
            Pass::TooLong(_) => Err(io::Error::from(io::ErrorKind::InvalidData)),
            Pass::Complete | Pass::Interrupted | Pass::Enough => Ok(found),
        }
    }

    fn send<M: NetlinkSerializable + Into<NetlinkPayload<M>>>(
        &mut self,
        request: M,
        flags: u16,
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(request);
        message.header.flags = flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        retry(|| self.socket.send(&bytes, 0)).map(drop)
    }

    fn receive(&mut self, dump: bool, mut each: impl FnMut(u16, &[u8]) -> bool) -> io::Result<Pass> {
        let mut interrupted = false;
        loop {
            let buffer = &mut self.buffer;
            let socket = &self.socket;
            // With MSG_TRUNC the result is the datagram's own length, even if the buffer is shorter.
            let length = retry(|| socket.recv(&mut buffer.as_mut_slice(), libc::MSG_TRUNC))?;
            let Some(mut rest) = self.buffer.get(..length) else { return Ok(Pass::TooLong(length)) };
            while let Some((message, after)) = split(rest) {
                rest = after;
                if message.sequence_number() != self.sequence {
                    continue;
                }
                interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
                let payload = message.payload();
                match message.message_type() {
                    NLMSG_NOOP => {}
                    NLMSG_OVERRUN => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
                    // A dump that fails half-way says so in NLMSG_DONE (netlink_dump, dump_done_errno).
                    NLMSG_ERROR | NLMSG_DONE => match i32_of(payload) {
                        Some(code) if code < 0 => {
                            return Err(io::Error::from_raw_os_error(code.saturating_neg()));
                        }
                        _ if interrupted => return Ok(Pass::Interrupted),
                        _ => return Ok(Pass::Complete),
                    },
                    kind => {
                        let more = each(kind, payload);
                        if dump && !more {
                            return Ok(Pass::Enough);
                        }
                        if !dump {
                            return Ok(Pass::Complete);
                        }
                    }
                }
            }
        }
    }
}

fn connect(protocol: isize) -> io::Result<Socket> {
    let mut socket = Socket::new(protocol)?;
    socket.bind_auto()?;
    // A connected socket takes messages from the kernel only (netlink_getsockbyportid).
    socket.connect(&SocketAddr::new(0, 0))?;
    // Lets the kernel filter by table (4.20); without it everything comes, and is filtered here.
    let _older_kernel = socket.set_netlink_get_strict_chk(true);
    set_socket_timeout(&socket, Timeout::Recv, Some(TIMEOUT))?;
    Ok(socket)
}

/// Repeats what a signal interrupted; a receive timeout is EAGAIN from the kernel, and `TimedOut` from here.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
            other => return other,
        }
    }
}

fn split(bytes: &[u8]) -> Option<(NetlinkBuffer<&[u8]>, &[u8])> {
    let message = NetlinkBuffer::new_checked(bytes).ok()?;
    let next = (message.length() as usize).next_multiple_of(4);
    Some((message, bytes.get(next..).unwrap_or_default()))
}

/// The attributes in `bytes`, by type (without its flag bits) and value; ends at the first that is malformed.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes).map_while(|attribute| {
        let attribute = attribute.ok()?;
        let (kind, length) = (attribute.kind(), attribute.length() as usize);
        Some((kind, attribute.into_inner().get(4..length)?))
    })
}

/// A native 32-bit number; longer values are cut, as the kernel's own readers do.
pub(crate) fn u32_of(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_ne_bytes)
}

/// The same with a sign.
pub(crate) fn i32_of(value: &[u8]) -> Option<i32> {
    value.first_chunk().copied().map(i32::from_ne_bytes)
}

/// An address of 4 or 16 bytes.
pub(crate) fn ip_of(value: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(value) {
        return Some(IpAddr::V4(Ipv4Addr::from(bytes)));
    }
    <[u8; 16]>::try_from(value).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)))
}

/// Bits of an address of this family.
pub(crate) fn address_bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// Text up to its NUL; bytes that are not UTF-8 are replaced.
pub(crate) fn text_of(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}
