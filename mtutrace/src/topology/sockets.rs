//! Asks the kernel about one TCP socket (sock_diag(7)), in the namespace of the calling thread.
use std::io;

use netlink_packet_core::Parseable;
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use super::netlink::Conversation;
use crate::model::{Flow, TcpInfo};

/// Whatever socket it is (INET_DIAG_NOCOOKIE).
const ANY: [u8; 8] = [0xff; 8];
const TCP_LISTEN: u8 = 10;
/// TCPI_OPT_TIMESTAMPS
const TIMESTAMPS: u8 = 1;
/// Bytes that those take in every segment.
const TIMESTAMPS_BYTES: u32 = 12;

/// Reads the socket whose own end is `flow.src`; nothing when there is none.
///
/// # Errors
/// When netlink fails. A kernel without `INET_DIAG` has no answer, as if there were no such socket.
pub(crate) fn read(flow: Flow) -> io::Result<Option<TcpInfo>> {
    let family = if flow.src.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket_id = SocketId {
        source_port: flow.src.port(),
        destination_port: flow.dst.port(),
        source_address: flow.src.ip(),
        destination_address: flow.dst.ip(),
        interface_id: 0,
        cookie: ANY,
    };
    let request = InetRequest {
        family: family as u8,
        protocol: libc::IPPROTO_TCP as u8,
        extensions: ExtensionFlags::INFO | ExtensionFlags::SKMEMINFO,
        states: StateFlags::all(),
        socket_id,
    };
    let pick = |_, payload: &[u8]| reading(&InetResponse::parse(payload).ok()?);
    match Conversation::with(NETLINK_SOCK_DIAG)?.ask(SockDiagMessage::InetRequest(request), pick) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        answer => answer,
    }
}

fn reading(response: &InetResponse) -> Option<TcpInfo> {
    if response.header.state == TCP_LISTEN {
        return None;
    }
    let info =
        response.nlas.iter().find_map(|nla| if let Nla::TcpInfo(info) = nla { Some(info) } else { None })?;
    let held = response
        .nlas
        .iter()
        .find_map(|nla| if let Nla::MemInfo(m) = nla { Some(m.receive_queue) } else { None })?;
    Some(TcpInfo {
        received: info.bytes_received,
        segments: info.segs_in,
        largest: info.rcv_mss,
        full: info.advmss.min(info.snd_mss),
        acked: info.bytes_acked,
        delivered: info.delivered,
        sends: info.snd_mss,
        timeouts: info.retransmits.into(),
        options: if info.options & TIMESTAMPS == 0 { 0 } else { TIMESTAMPS_BYTES },
        // Memory is held though there is nothing to read: it waits for what comes before.
        waits: response.header.recv_queue == 0 && held > 0,
    })
}
