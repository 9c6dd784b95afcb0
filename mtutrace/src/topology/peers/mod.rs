//! Which device is at the other end: veth peers and lower devices, also across namespaces.
//!
//! A device names its counterpart by index (`IFLA_LINK`) and, if that is elsewhere, by a number for the other namespace
//! (`IFLA_LINK_NETNSID`) that means something only in its own namespace. Indices repeat from namespace to namespace, so
//! they only make candidates; the number is settled by asking the kernel (RTM_GETNSID).
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};

use super::dump::RawPeer;
use super::netlink::{Conversation, attributes, i32_of};
use crate::model::{DeviceId, LinkKind, NetnsId, Node};
use crate::topology::netns_exec::open;

// linux/rtnetlink.h, linux/net_namespace.h
const RTM_NEWNSID: u16 = 88;
const NETNSA_NSID: u16 = 1;
/// Bytes of `struct rtgenmsg`, aligned.
const NSID_HEADER: usize = 4;

/// What the devices of each namespace say of their counterparts.
pub(crate) type RawPeers = BTreeMap<NetnsId, Vec<RawPeer>>;

/// The numbers by which namespaces know each other, as far as the kernel was asked.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    known: BTreeMap<(NetnsId, i32), NetnsId>,
}

impl Peers {
    /// Forgets a namespace that is gone: its number may go to another one next.
    pub(crate) fn forget(&mut self, gone: NetnsId) {
        self.known.retain(|(asker, _), answer| *asker != gone && *answer != gone);
    }

    /// Sets `peer` of every device anew.
    ///
    /// `ask(a, candidates)` asks inside `a` by which number it knows each candidate; those that it does not know are
    /// left out of the answer. It is called at most once for each namespace, and not at all when everything is known.
    pub(crate) fn resolve(
        &mut self,
        node: &mut Node,
        raw: &RawPeers,
        mut ask: impl FnMut(NetnsId, &BTreeSet<NetnsId>) -> Vec<(NetnsId, i32)>,
    ) {
        for (&netns, candidates) in &self.open_questions(node, raw) {
            for (candidate, nsid) in ask(netns, candidates) {
                self.known.insert((netns, nsid), candidate);
            }
        }
        let claims: Claims = raw
            .iter()
            .flat_map(|(&netns, peers)| peers.iter().map(move |peer| (netns, peer)))
            .map(|(netns, peer)| (DeviceId { netns, ifindex: peer.ifindex }, *peer))
            .collect();
        let found: Vec<(DeviceId, Option<DeviceId>)> = node
            .netns
            .iter()
            .flat_map(|(&netns, n)| n.links.keys().map(move |&ifindex| DeviceId { netns, ifindex }))
            .map(|device| (device, self.peer(node, &claims, device)))
            .filter(|(device, peer)| node.link(*device).is_some_and(|link| link.peer != *peer))
            .collect();
        for (device, peer) in found {
            if let Some(link) =
                node.netns.get_mut(&device.netns).and_then(|n| n.links.get_mut(&device.ifindex))
            {
                link.peer = peer;
            }
        }
        for (&id, netns) in &mut node.netns {
            if !netns.has_tunnels() {
                continue;
            }
            for tunnel in netns.links.values_mut().filter_map(|link| link.tunnel.as_mut()) {
                tunnel.netns = tunnel.nsid.and_then(|nsid| self.known.get(&(id, nsid))).copied();
            }
        }
    }

    /// For each namespace the candidates for the numbers that it uses and that are not known yet.
    fn open_questions(&self, node: &Node, raw: &RawPeers) -> BTreeMap<NetnsId, BTreeSet<NetnsId>> {
        let mut questions: BTreeMap<NetnsId, BTreeSet<NetnsId>> = BTreeMap::new();
        let index = Index::new(raw);
        for (&netns, peers) in raw {
            for peer in peers {
                let Some(nsid) = peer.nsid.filter(|nsid| *nsid >= 0) else { continue };
                if !self.known.contains_key(&(netns, nsid)) {
                    let candidates = index.candidates(node, netns, *peer);
                    if !candidates.is_empty() {
                        questions.entry(netns).or_default().extend(candidates);
                    }
                }
            }
        }
        questions
    }

    fn peer(&self, node: &Node, claims: &Claims, device: DeviceId) -> Option<DeviceId> {
        let kind = node.link(device)?.kind;
        let own = claims.get(&device)?;
        let netns = match own.nsid {
            None => device.netns,
            Some(nsid) => *self.known.get(&(device.netns, nsid))?,
        };
        let other = DeviceId { netns, ifindex: own.link };
        let fits = match kind {
            LinkKind::Veth => claims.get(&other).is_some_and(|back| back.link == device.ifindex),
            LinkKind::Vlan | LinkKind::Macvlan | LinkKind::Ipvlan => other != device,
            _ => false,
        };
        (fits && node.link(other).is_some()).then_some(other)
    }
}

/// What each device says of its counterpart.
type Claims = BTreeMap<DeviceId, RawPeer>;

/// Devices that hang on a device elsewhere, by their own index and the one they name.
struct Index(BTreeMap<(u32, u32), Vec<NetnsId>>);

impl Index {
    fn new(raw: &RawPeers) -> Index {
        let mut index: BTreeMap<(u32, u32), Vec<NetnsId>> = BTreeMap::new();
        for (&netns, peers) in raw {
            for peer in peers.iter().filter(|peer| peer.nsid.is_some()) {
                index.entry((peer.ifindex, peer.link)).or_default().push(netns);
            }
        }
        Index(index)
    }

    /// Namespaces other than `netns` that may hold what `peer` names. The ends of a veth name each other; a lower
    /// device does not name what is on top of it.
    fn candidates(&self, node: &Node, netns: NetnsId, peer: RawPeer) -> Vec<NetnsId> {
        let link = node.link(DeviceId { netns, ifindex: peer.ifindex });
        // Tunnels are moved as a rule to where they were not made: the other end is where their own address is.
        if let Some(tunnel) = link.and_then(|link| link.tunnel.as_ref()) {
            let here = |id: NetnsId| tunnel.local.is_none_or(|local| node.has_address(id, local));
            return node.netns.keys().copied().filter(|id| *id != netns && here(*id)).collect();
        }
        let mut found: Vec<NetnsId> = match link.map(|link| link.kind) {
            Some(LinkKind::Veth) => self.0.get(&(peer.link, peer.ifindex)).cloned().unwrap_or_default(),
            Some(LinkKind::Vlan | LinkKind::Macvlan | LinkKind::Ipvlan) => node
                .netns
                .iter()
                .filter(|(_, n)| n.links.contains_key(&peer.link))
                .map(|(&id, _)| id)
                .collect(),
            _ => Vec::new(),
        };
        found.retain(|candidate| *candidate != netns);
        found
    }
}

/// Asks, inside the current namespace, by which number it knows each of `others`, which are opened by their paths
/// (RTM_GETNSID with NETNSA_FD). Those that are gone, or that have no number here, are left out.
pub(crate) fn nsids_of(others: &[(NetnsId, PathBuf)]) -> io::Result<Vec<(NetnsId, i32)>> {
    let mut kernel = Conversation::open()?;
    let mut found = Vec::new();
    for (id, path) in others {
        let Ok(other) = open(path, *id) else { continue };
        let Ok(fd) = u32::try_from(other.as_raw_fd()) else { continue };
        let mut question = NsidMessage::default();
        question.attributes.push(NsidAttribute::Fd(fd));
        let answer = kernel.ask(RouteNetlinkMessage::GetNsId(question), |kind, payload| {
            let mut answer = attributes(payload.get(NSID_HEADER..)?);
            answer
                .find(|(attribute, _)| kind == RTM_NEWNSID && *attribute == NETNSA_NSID)
                .and_then(|(_, id)| i32_of(id))
        })?;
        // NETNSA_NSID_NOT_ASSIGNED is -1.
        found.extend(answer.filter(|nsid| *nsid >= 0).map(|nsid| (*id, nsid)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
