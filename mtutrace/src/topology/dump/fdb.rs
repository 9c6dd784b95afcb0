//! Where VXLANs send what is for which hardware address (`bridge fdb show`).
use std::collections::BTreeMap;
use std::io;

use netlink_packet_route::neighbour::NeighbourMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::model::{LinkKind, Netns, Remotes};
use crate::topology::kept::Kept;
use crate::topology::netlink::{Conversation, attributes, ip_of};

// linux/rtnetlink.h, linux/neighbour.h
const RTM_NEWNEIGH: u16 = 28;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NDA_MASTER: u16 = 9;
const NUD_PERMANENT: u16 = 0x80;
/// Bytes of `struct ndmsg`, which stands before the attributes.
const HEADER: usize = 12;
/// Most other ends that are kept of a tunnel: a cluster may have thousands of nodes, behind few routes.
const MOST: usize = 64;

/// The other ends of each VXLAN of the namespace, by its index; of `most` entries.
pub(super) fn remotes(
    kernel: &mut Conversation,
    netns: &Netns,
    most: usize,
) -> io::Result<BTreeMap<u32, Remotes>> {
    let is_vxlan = |ifindex: u32| netns.links.get(&ifindex).is_some_and(|link| link.kind == LinkKind::Vxlan);
    let mut found: BTreeMap<u32, Remotes> = BTreeMap::new();
    if !netns.links.keys().any(|ifindex| is_vxlan(*ifindex)) {
        return Ok(found);
    }
    let mut request = NeighbourMessage::default();
    request.header.family = AddressFamily::Bridge;
    let request = RouteNetlinkMessage::GetNeighbour(request);
    let mut kept = Kept::first(most);
    kernel.list(request, &mut kept, |kind, payload| {
        entry(kind, payload).filter(|(ifindex, _)| is_vxlan(*ifindex))
    })?;
    let (entries, cut) = kept.finish();
    let last = entries.last().map(|(ifindex, _)| *ifindex);
    for (ifindex, remote) in entries {
        found.entry(ifindex).or_default().add(remote, MOST);
    }
    // Devices are told of one after the other: the rest is of the last one, or of others that are as long.
    if let Some(remotes) = last.and_then(|ifindex| found.get_mut(&ifindex)) {
        remotes.more += cut;
    }
    Ok(found)
}

/// By which of its ports a bridge of the current namespace reaches a MAC address; its own addresses are left out.
pub(crate) fn learnt_by_bridges(most: usize) -> io::Result<Vec<([u8; 6], u32)>> {
    let mut request = NeighbourMessage::default();
    request.header.family = AddressFamily::Bridge;
    let mut kept = Kept::first(most);
    Conversation::open()?.list(RouteNetlinkMessage::GetNeighbour(request), &mut kept, behind_port)?;
    Ok(kept.finish().0)
}

fn behind_port(kind: u16, payload: &[u8]) -> Option<([u8; 6], u32)> {
    // struct ndmsg: family, padding, index, state, flags, type.
    let ifindex = payload.get(4..).and_then(crate::topology::netlink::u32_of)?;
    let state = u16::from_ne_bytes(*payload.get(8..)?.first_chunk::<2>()?);
    let values: BTreeMap<u16, &[u8]> = attributes(payload.get(HEADER..)?).collect();
    let mac = (*values.get(&NDA_LLADDR)?).try_into().ok()?;
    let learnt = kind == RTM_NEWNEIGH && state & NUD_PERMANENT == 0 && values.contains_key(&NDA_MASTER);
    learnt.then_some((mac, ifindex))
}

/// A device, and an address that it sends to.
pub(super) fn entry(kind: u16, payload: &[u8]) -> Option<(u32, std::net::IpAddr)> {
    // struct ndmsg: family and three bytes of padding, then the index.
    let ifindex = payload.get(4..).and_then(crate::topology::netlink::u32_of)?;
    let of_bridge = payload.first() == Some(&u8::from(AddressFamily::Bridge));
    let mut values = attributes(payload.get(HEADER..)?);
    let remote = values.find(|(attribute, _)| *attribute == NDA_DST).and_then(|(_, value)| ip_of(value))?;
    (kind == RTM_NEWNEIGH && of_bridge && !remote.is_unspecified()).then_some((ifindex, remote))
}
