//! Whose packet it was: the ends of a flow as namespaces, and the one of them whose own network is too large.
use crate::model::Mismatch;
use crate::topology::mismatch;
use std::net::IpAddr;

use crate::diagnosis::flows::Flows;
use crate::diagnosis::nat::Translation;
use crate::model::{DeviceId, Event, Flow, NatQuery, NetnsId, Node};
use crate::topology::{self};

/// Deepest nesting that is followed through NAT.
const DEPTH: usize = 8;

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    /// The namespace that holds it.
    pub(crate) netns: NetnsId,
    /// The other end's address, as this end knows it.
    pub(crate) remote: IpAddr,
}

/// Both ends, as far as they are on this node; the sender first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    /// Who sends.
    pub(crate) src: Option<End>,
    /// Who receives.
    pub(crate) dst: Option<End>,
}

impl Ends {
    /// The other end's address as the end in `netns` knows it; absent if neither is there.
    pub(crate) fn remote(&self, netns: NetnsId) -> Option<IpAddr> {
        let end = [self.src, self.dst].into_iter().flatten().find(|end| end.netns == netns);
        end.map(|end| end.remote)
    }
}

/// Finds the ends of the event's flow: by the connection's SYN, and by addresses and the NAT tables where that was not
/// seen, or not from the start.
///
/// # Errors
/// A question about NAT whose answer must be waited for; others may have been asked with it.
pub(crate) fn ends(
    event: &Event,
    flows: &Flows,
    node: &Node,
    nat: &mut dyn FnMut(NatQuery) -> Translation,
) -> Result<Ends, NatQuery> {
    let Some((connection, reversed)) = flows.find(event.netns, event.flow) else {
        let src = end(event.netns, event.flow, true, node, nat);
        let dst = end(event.netns, event.flow, false, node, nat);
        return Ok(Ends { src: src.transpose()?, dst: dst.transpose()? });
    };
    let client = connection.first().filter(|s| !s.forged).and_then(|s| {
        let netns = if s.egress {
            // Nothing nearer to the client is watched: it is here, or in a namespace that cannot be entered.
            topology::resolve(node, s.netns, s.flow.src.ip()).unwrap_or(s.netns)
        } else {
            // A device that is gone took its container along: whoever has the address now is another one.
            let link = node.link(DeviceId { netns: s.netns, ifindex: s.ifindex })?;
            // A bridge shows the SYN too, but only after the port, whose other end is the container.
            match link.peer {
                Some(peer) => behind(node, peer.netns, s.flow.src.ip()),
                None => topology::resolve(node, s.netns, s.flow.src.ip())?,
            }
        };
        // What is nested deeper may have no classifiers yet: then its SYN was seen only after NAT.
        Some(descend(netns, s.flow, true, node, nat))
    });
    let server = connection.last().and_then(|s| {
        let netns = topology::resolve(node, s.netns, s.flow.dst.ip())?;
        Some(descend(netns, s.flow, false, node, nat))
    });
    let (client, server) = (client.transpose()?, server.transpose()?);
    Ok(if reversed { Ends { src: server, dst: client } } else { Ends { src: client, dst: server } })
}

/// Who sent what came from `peer` under the address `ip`: that namespace, or, without NAT, one inside of it.
pub(crate) fn behind(node: &Node, peer: NetnsId, ip: IpAddr) -> NetnsId {
    let owner = topology::resolve(node, peer, ip);
    owner.filter(|owner| *owner != peer && topology::is_inside(node, *owner, peer)).unwrap_or(peer)
}

/// The end of a flow whose SYN was not seen.
fn end(
    near: NetnsId,
    flow: Flow,
    sender: bool,
    node: &Node,
    nat: &mut dyn FnMut(NatQuery) -> Translation,
) -> Option<Result<End, NatQuery>> {
    let mine = if sender { flow.src } else { flow.dst };
    let netns = topology::resolve(node, near, mine.ip())?;
    Some(descend(netns, flow, sender, node, nat))
}

/// The end of a flow that `netns` has, or a container behind its NAT: then its NAT table says which one.
fn descend(
    netns: NetnsId,
    flow: Flow,
    sender: bool,
    node: &Node,
    nat: &mut dyn FnMut(NatQuery) -> Translation,
) -> Result<End, NatQuery> {
    let mine = |f: &Flow| if sender { f.src } else { f.dst };
    let (mut flow, mut netns) = (flow, netns);
    for _ in 0..DEPTH {
        if topology::inside(node, netns).is_empty() {
            break;
        }
        let query = NatQuery { netns, flow };
        let inner = match nat(query) {
            Translation::Known(inner) => inner,
            Translation::Unknown => None,
            Translation::Asked => return Err(query),
        };
        let Some(inner) = inner.filter(|inner| *inner != flow) else { break };
        let Some(next) = topology::resolve(node, netns, mine(&inner).ip()).filter(|next| *next != netns)
        else {
            break;
        };
        (flow, netns) = (inner, next);
    }
    Ok(End { netns, remote: if sender { flow.dst.ip() } else { flow.src.ip() } })
}

/// To whom an event is charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// The namespace that suffers.
    pub(crate) netns: NetnsId,
    /// What is wrong with its network, if anything is.
    pub(crate) mismatch: Option<Mismatch>,
}

/// Charges an event to that end of its flow whose network is wrong; if none is, to the sender, else the receiver.
/// The host itself is charged only when nobody else can be.
pub(crate) fn attribute(ends: Ends, node: &Node) -> Option<Attribution> {
    let both = [ends.src, ends.dst];
    let candidates = || both.iter().flatten();
    let wrong = candidates()
        .filter_map(|end| Some((end, mismatch(node, end.netns, Some(end.remote))?)))
        // Containers before bare namespaces, then the narrower way out.
        .min_by_key(|(end, m)| (node.container(end.netns).is_none(), m.bottleneck.mtu));
    if let Some((end, mismatch)) = wrong {
        return Some(Attribution { netns: end.netns, mismatch: Some(mismatch) });
    }
    candidates()
        .min_by_key(|end| (node.container(end.netns).is_none(), end.netns == node.host))
        .map(|end| Attribution { netns: end.netns, mismatch: None })
}

#[cfg(test)]
pub(crate) mod tests;
