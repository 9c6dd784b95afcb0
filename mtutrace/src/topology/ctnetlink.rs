//! Asks the kernel about one tracked connection (`ctnetlink_get_conntrack`), in the namespace of the calling thread.
//!
//! The kernel finds a connection by either of its tuples in its hash table, however many there are. Zones other than the
//! default one are not looked into.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use netlink_packet_core::ParseableParametrized;
use netlink_packet_netfilter::conntrack::{
    ConntrackAttribute, ConntrackMessage, IPTuple, ProtoTuple, Protocol, Tuple,
};
use netlink_packet_netfilter::{
    NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily,
};
use netlink_sys::protocols::NETLINK_NETFILTER;

use super::netlink::Conversation;
use crate::identity::conntrack::{NatEntry, canonical, inner_flow};
use crate::model::Flow;

/// There if the kernel tracks connections, in every network namespace.
const TRACKING: &str = "/proc/sys/net/netfilter/nf_conntrack_count";

/// What these flows read like before NAT, in their order.
///
/// # Errors
/// When the kernel cannot be asked (it has no `CONFIG_NF_CT_NETLINK`, or this process no CAP_NET_ADMIN there), or its
/// answer cannot be understood.
pub(crate) fn inner_flows(flows: &[Flow]) -> io::Result<Vec<Option<Flow>>> {
    // A question would load the modules.
    if !Path::new(TRACKING).exists() {
        return Ok(vec![None; flows.len()]);
    }
    let mut conversation = Conversation::with(NETLINK_NETFILTER)?;
    flows.iter().map(|flow| ask(&mut conversation, canonical(*flow))).collect()
}

fn ask(conversation: &mut Conversation, outer: Flow) -> io::Result<Option<Flow>> {
    // Its own direction, and that of its answers: NAT may have changed either end of either.
    let found = [find(conversation, outer)?, find(conversation, outer.reversed())?];
    Ok(inner_flow(found.into_iter().flatten(), outer))
}

fn find(conversation: &mut Conversation, tuple: Flow) -> io::Result<Option<NatEntry>> {
    let family = if tuple.src.is_ipv4() { NetfilterProtoFamily::IPv4 } else { NetfilterProtoFamily::IPv6 };
    let wanted = ConntrackAttribute::CtaTupleOrig(vec![
        Tuple::Ip(vec![IPTuple::SourceAddress(tuple.src.ip()), IPTuple::DestinationAddress(tuple.dst.ip())]),
        Tuple::Proto(vec![
            ProtoTuple::Protocol(Protocol::from(tuple.protocol)),
            ProtoTuple::SourcePort(tuple.src.port()),
            ProtoTuple::DestinationPort(tuple.dst.port()),
        ]),
    ]);
    let header = NetfilterHeader::new(family, 0, 0);
    let request = NetfilterMessage::new(header, ConntrackMessage::Get(vec![wanted]));
    match conversation.ask(request, |kind, payload| Some(entry(kind, payload))) {
        Ok(Some(Some(entry))) => Ok(Some(entry)),
        Ok(_) => Err(io::Error::from(io::ErrorKind::InvalidData)),
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(e) => Err(e),
    }
}

fn entry(kind: u16, payload: &[u8]) -> Option<NatEntry> {
    let message = NetfilterMessage::parse_with_param(payload, kind).ok()?;
    let NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)) = message.inner else {
        return None;
    };
    let mut entry = (None, None);
    for attribute in &attributes {
        match attribute {
            ConntrackAttribute::CtaTupleOrig(tuple) => entry.0 = flow(tuple),
            ConntrackAttribute::CtaTupleReply(tuple) => entry.1 = flow(tuple),
            _ => {}
        }
    }
    let (original, reply) = (entry.0?, entry.1?);
    Some(NatEntry { protocol: original.protocol, original, reply })
}

fn flow(tuple: &[Tuple]) -> Option<Flow> {
    let (mut src, mut dst): (Option<IpAddr>, Option<IpAddr>) = (None, None);
    let (mut protocol, mut ports) = (None, (None, None));
    for part in tuple {
        match part {
            Tuple::Ip(addresses) => {
                for address in addresses {
                    match address {
                        IPTuple::SourceAddress(ip) => src = Some(*ip),
                        IPTuple::DestinationAddress(ip) => dst = Some(*ip),
                        _ => {}
                    }
                }
            }
            Tuple::Proto(numbers) => {
                for number in numbers {
                    match number {
                        ProtoTuple::Protocol(number) => protocol = Some(u8::from(*number)),
                        ProtoTuple::SourcePort(port) => ports.0 = Some(*port),
                        ProtoTuple::DestinationPort(port) => ports.1 = Some(*port),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let end = |ip: Option<IpAddr>, port: Option<u16>| Some(SocketAddr::new(ip?, port?));
    Some(Flow { protocol: protocol?, src: end(src, ports.0)?, dst: end(dst, ports.1)? })
}
