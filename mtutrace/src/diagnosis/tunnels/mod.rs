//! Packets that have grown inside a tunnel: what happens to them outside of it, and whose tunnel that was. Pure.
use crate::topology;
use mtutrace_common::config::DropCause;

use crate::diagnosis::evidence::Evidence;
use crate::model::{DeviceId, Event, EventKind, Hop, LinkKind, Mismatch, NetnsId, Node};
use crate::topology::underlay::tunnels;
use crate::topology::{Underlay, underlay};

const UDP: u8 = 17;
/// IP in IP, IPv6 in IP, GRE (IANA's protocol numbers).
const IN_IP: [u8; 3] = [4, 41, 47];

/// The tunnels of the node whose number is wrong, as of one generation of it: few nodes have any.
#[derive(Debug, Default)]
pub(crate) struct Wrong {
    generation: Option<u64>,
    tunnels: Vec<(Underlay, Option<u16>)>,
}

impl Wrong {
    /// The tunnel that made the event's packet, if it was cut or died for what that put around it.
    pub(crate) fn around(&mut self, event: &Event, node: &Node) -> Option<Underlay> {
        let at = match event.kind {
            EventKind::Fragmented { mtu: Some(_) } | EventKind::Drop { cause: DropCause::FragFailed, .. } => {
                event.device()?
            }
            // Without kprobes fragments are only seen to pass: those of this namespace's own are of a tunnel's making.
            EventKind::Fragmented { .. } => {
                left_by(event, node).filter(|at| node.has_address(at.netns, event.flow.src.ip()))?
            }
            _ => return None,
        };
        if self.generation != Some(node.generation) {
            self.generation = Some(node.generation);
            let all = node.netns.keys().flat_map(|netns| tunnels(node, *netns)).filter(|below| below.wrong);
            let port = |below: &Underlay| node.link(below.tunnel.id())?.tunnel.as_ref()?.port;
            self.tunnels =
                all.map(|below| (port(&below), below)).map(|(port, below)| (below, port)).collect();
        }
        let flow = event.flow;
        let ours = |port: &Option<u16>| match port {
            Some(port) => flow.protocol == UDP && flow.dst.port() == *port,
            None => IN_IP.contains(&flow.protocol),
        };
        let found = self.tunnels.iter().find(|(below, port)| below.device.id() == at && ours(port));
        found.map(|(below, _)| below.clone())
    }
}

/// The device by which a packet has left a namespace just before it was seen: what comes in at one end of a veth.
fn left_by(event: &Event, node: &Node) -> Option<DeviceId> {
    let at = event.device()?;
    if event.egress() {
        return Some(at);
    }
    node.link(at).filter(|link| link.kind == LinkKind::Veth)?.peer
}

/// A tunnel's own mismatch, whoever uses it; nothing once its number fits.
pub(crate) fn own(node: &Node, tunnel: DeviceId) -> Option<Mismatch> {
    let below = underlay(node, tunnel).filter(|below| below.wrong)?;
    let bottleneck = Hop { mtu: below.fits, ..below.tunnel.clone() };
    Some(Mismatch { path: vec![bottleneck.clone()], culprit: below.tunnel, bottleneck })
}

/// What is wrong now with the way of those who use a tunnel; nothing once the tunnel's number fits.
pub(crate) fn standing(trouble: &Evidence, of_way: Option<Mismatch>, node: &Node) -> Option<Mismatch> {
    let tunnel = trouble.tunnel.as_ref()?.tunnel.id();
    let by_tunnel = |m: &Mismatch| topology::wrong_tunnel(node, &m.bottleneck).is_some();
    let nobody = || (trouble.netns == tunnel.netns).then(|| own(node, tunnel)).flatten();
    of_way.filter(by_tunnel).or_else(nobody)
}

/// Whether the trouble is that of a user of the tunnel, rather than the tunnel's own.
pub(crate) fn is_users(trouble: &Evidence, tunnel: DeviceId, home: NetnsId) -> bool {
    trouble.netns != home && trouble.tunnel.as_ref().is_some_and(|below| below.tunnel.id() == tunnel)
}

#[cfg(test)]
mod tests;
