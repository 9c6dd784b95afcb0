//! What reads bytes that others made, for the targets in tests/fuzz and for a bounded run among the unit tests: no part of the
//! interface, and only there in tests and with the feature `fuzzing`. Each must come back, without a panic, whatever it gets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use mtutrace_common::{ABI_VERSION, EventHeader, Signal};

use crate::capture;
use crate::container_fs;
use crate::discovery;
use crate::filter::expression;
use crate::identity::{cgroup, conntrack};
use crate::kernel::btf::Btf;
use crate::kernel::decode::{DecodeError, decode};
use crate::kernel::offsets;
use crate::kernel::symbols;
use crate::mib;
use crate::model::Flow;
use crate::recording::journal::Decoder;
use crate::recording::playback::Playback;
use crate::runtimes;
use crate::topology;

const FLOW: Flow = {
    const fn end(port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), port)
    }
    Flow { protocol: 6, src: end(40_000), dst: end(443) }
};

/// A record of the ring buffer: as it is, and as one of each kind, cut or filled up to the length of that kind.
pub fn record(bytes: &[u8]) {
    let _refused = decode(&Bytes::copy_from_slice(bytes));
    for signal in Signal::ALL {
        let mut record = bytes.to_vec();
        record.resize(record.len().max(size_of::<EventHeader>()), 0);
        let mut put = |at: usize, value: u16| record[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        put(std::mem::offset_of!(EventHeader, abi), ABI_VERSION);
        put(std::mem::offset_of!(EventHeader, kind), signal as u16);
        if let Err(DecodeError::Length { expected, .. }) = decode(&Bytes::copy_from_slice(&record)) {
            record.resize(expected, 0);
            let again = decode(&Bytes::from(record));
            assert!(!matches!(
                again,
                Err(DecodeError::Length { .. } | DecodeError::Abi(_) | DecodeError::Kind(_))
            ));
        }
    }
}

/// The expression of `mtutrace run`.
pub fn filter(text: &str) {
    match expression::parse(text) {
        Ok(expression) => {
            expression.matches(&FLOW);
        }
        Err(error) => assert!(!error.is_empty()),
    }
}

/// The kernel's BTF, and everything that is looked up in it.
pub fn btf(bytes: &[u8]) {
    if let Ok(btf) = Btf::parse(bytes.to_vec()) {
        offsets::resolve(&btf);
        offsets::reasons(&btf);
        offsets::reason_names(&btf);
    }
}

/// /proc/kallsyms, and everything that is looked up in it.
pub fn symbols(bytes: &[u8]) {
    symbols::read_any(bytes);
}

/// What a runtime answers, or anybody who listens where it should: the body of Docker's list of containers.
pub fn docker(body: &[u8]) {
    runtimes::read_docker(body);
}

/// The same by Kubernetes' interface: the messages that list sandboxes and containers.
pub fn cri(message: &[u8]) {
    runtimes::read_cri(message);
}

/// What the kernel writes of processes and mounts, in which names are of whoever chose them: stat, ns/net, mountinfo, fdinfo.
pub fn proc(text: &[u8]) {
    discovery::read_any(text);
    container_fs::read_any(text);
}

/// The kernel's counters: /proc/net/snmp, snmp6 and dev.
pub fn counters(text: &str) {
    mib::parse::read_any(text);
}

/// /proc/PID/net/nf_conntrack.
pub fn conntrack(text: &str) {
    for entry in conntrack::parse_conntrack(text) {
        assert_eq!(entry.original.protocol, entry.reply.protocol);
    }
}

/// /proc/PID/cgroup, whose names a container may choose.
pub fn cgroup(text: &[u8]) {
    cgroup::parse(text);
}

/// A recording: as a file or, since no random file has the right checksums, one payload of a kind after the other.
pub fn recording(bytes: &[u8]) {
    if let Ok((playback, _)) = Playback::new(Box::new(std::io::Cursor::new(bytes.to_vec()))) {
        playback.for_each(drop);
    }
    let mut decoder = Decoder::default();
    let mut rest = bytes;
    while let [kind, length, more @ ..] = rest {
        let (payload, after) = more.split_at(usize::from(*length).min(more.len()));
        let _ = decoder.decode(*kind, Bytes::copy_from_slice(payload));
        rest = after;
    }
}

/// A capture of tcpdump's or Wireshark's.
pub fn capture(bytes: &[u8]) {
    if let Ok(findings) = capture::analyse(bytes) {
        assert!(findings.partial && findings.findings.len() <= 50);
    }
}

/// The payload of one message of a dump by rtnetlink.
pub fn netlink(payload: &[u8]) {
    topology::dump::read_any(payload);
}

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;
