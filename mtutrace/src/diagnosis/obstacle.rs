//! What an event itself says of where a packet died: it wins where the model of the node knows of nothing wrong, because a
//! mark, a policy, a program or another tunnel may lead packets elsewhere than the model can follow. Pure.
use std::net::{IpAddr, SocketAddr};

use mtutrace_common::config::DropCause;

use crate::diagnosis::attribution::{End, Ends};
use crate::diagnosis::before;
use crate::diagnosis::checks::was_put_together;
use crate::diagnosis::recent::Recent;
use crate::model::{DeviceId, Event, EventKind, Flow, Hop, LinkKind, Mismatch, NetnsId, Node};
use crate::topology;

/// A device that took less than a packet had, by the event about that packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The device.
    pub(crate) device: DeviceId,
    /// The most that it took, bytes at L3.
    pub(crate) limit: u32,
    /// Whether a device on the sufferer's own side promises more than that.
    pub(crate) is_ours: bool,
    /// The other end of the connection, if that is from before the sufferer's MTU was lowered.
    pub(crate) older: Option<IpAddr>,
    /// Whether the routes lead there as well.
    pub(crate) is_on_path: bool,
}

impl Obstacle {
    /// The obstacle at the device that the event names, and whom it is charged to: the end whose MTU was lowered since, else
    /// the one whose own network promises more than the device takes, else a container, else whoever is known, else the
    /// namespace in which the packet died.
    fn of(event: &Event, ends: &Ends, (device, limit): (DeviceId, u32), node: &Node) -> (NetnsId, Obstacle) {
        let older = before::older_end(event, ends, limit, node);
        let (netns, is_ours) = match older {
            Some(end) => (end.netns, false),
            None => charged(event, ends, (device, limit), node),
        };
        let leads_there =
            |remote| topology::path(node, netns, Some(remote)).iter().any(|hop| hop.id() == device);
        // Where it is not known whereto they went, nothing says that the routes lead elsewhere.
        let is_on_path = ends.remote(netns).is_none_or(leads_there);
        (netns, Obstacle { device, limit, is_ours, older: older.map(|end| end.remote), is_on_path })
    }

    /// The devices from `netns` to the obstacle on the way to `remote`, and the one whose number is wrong if any is; absent
    /// once the obstacle is gone, or takes what the sender's network promises.
    pub(crate) fn mismatch(&self, netns: NetnsId, remote: IpAddr, node: &Node) -> Option<Mismatch> {
        let link = node.link(self.device)?;
        let bottleneck = Hop { mtu: self.limit, ..Hop::new(self.device, link) };
        let mut path = topology::path(node, netns, Some(remote));
        match path.iter().position(|hop| hop.id() == self.device) {
            Some(at) => path.truncate(at),
            None => path.truncate(parting(&path, self.device)),
        }
        let own = path.first().filter(|hop| hop.mtu > self.limit).cloned();
        if self.is_ours && own.is_none() {
            return None;
        }
        let bridge = path.iter().find(|hop| hop.kind == LinkKind::Bridge && hop.mtu > self.limit);
        let culprit = bridge.cloned().or(own).unwrap_or_else(|| bottleneck.clone());
        path.push(bottleneck.clone());
        Some(Mismatch { path, culprit, bottleneck })
    }
}

/// How long, and of how many, it is remembered what obstacles are: it takes some walks along paths, and a bad day has many events of
/// few obstacles.
const HOLD_NS: u64 = 2_000_000_000;
const KNOWN: usize = 1024;

/// On what it depends what an obstacle is: ends, device and limit, and where the packet was seen and went to.
type Asked = (Ends, DeviceId, u32, NetnsId, Flow);

/// Whom an obstacle is charged to, and what is wrong if it is still there.
pub(crate) type Found = (NetnsId, Obstacle, Option<Mismatch>);

/// The obstacles that events have named lately.
pub(crate) struct Obstacles(Recent<Asked, (u64, Found)>);

impl Default for Obstacles {
    fn default() -> Obstacles {
        Obstacles(Recent::new(HOLD_NS, KNOWN))
    }
}

impl Obstacles {
    /// The obstacle that the event names, unless it is what the model found wrong.
    pub(crate) fn find(
        &mut self,
        event: &Event,
        ends: &Ends,
        modelled: Option<&Mismatch>,
        node: &Node,
    ) -> Option<Found> {
        let (device, limit) = named(event)?;
        node.link(device)?;
        let known = |m: &Mismatch| m.bottleneck.mtu <= limit || m.path.iter().any(|hop| hop.id() == device);
        if event.length <= limit || modelled.is_some_and(known) || was_put_together(event, node) {
            return None;
        }
        let without_port = |at: SocketAddr| SocketAddr::new(at.ip(), 0);
        let Flow { protocol, src, dst } = event.flow;
        let way = Flow { protocol, src: without_port(src), dst: without_port(dst) };
        let asked = (*ends, device, limit, event.netns, way);
        if let Some((generation, found)) = self.0.get(&asked, event.time_ns)
            && *generation == node.generation
        {
            return Some(found.clone());
        }
        let (netns, obstacle) = Obstacle::of(event, ends, (device, limit), node);
        let remote = ends.remote(netns).unwrap_or(event.flow.dst.ip());
        let found = (netns, obstacle, obstacle.mismatch(netns, remote, node));
        self.0.insert(asked, (node.generation, found.clone()), event.time_ns);
        Some(found)
    }
}

/// Whose the obstacle is, and whether it is that end's own network that promises more than the device takes.
fn charged(event: &Event, ends: &Ends, (device, limit): (DeviceId, u32), node: &Node) -> (NetnsId, bool) {
    let promises = |end: &&End| is_wide(end, device, limit, node);
    // Of a TCP connection both ends promise what they take.
    let side = if event.flow.is_tcp() { ends.dst.as_ref() } else { None };
    // What lies on the receiver's way is the receiver's: a sender need not know it.
    let receivers = ends.dst.is_some_and(|end| leads_through(end.netns, device, node));
    let wide = (!receivers).then_some(ends.src.as_ref()).flatten().into_iter().chain(side);
    let culprit = wide.filter(promises).min_by_key(|end| node.container(end.netns).is_none());
    let both = || [ends.src, ends.dst].into_iter().flatten();
    let known =
        || both().map(|end| end.netns).min_by_key(|n| (node.container(*n).is_none(), *n == node.host));
    let netns = culprit.map(|end| end.netns).or_else(known).unwrap_or(event.netns);
    (netns, culprit.is_some())
}

/// The device that the event names, and the most that it takes.
fn named(event: &Event) -> Option<(DeviceId, u32)> {
    match event.kind {
        EventKind::Drop { icmp_too_big: true, .. } => None,
        EventKind::Drop { cause: DropCause::BridgePort, device_mtu, .. } => {
            Some((event.device()?, device_mtu?))
        }
        EventKind::Drop {
            cause:
                DropCause::VethPeer | DropCause::Reassembly | DropCause::FragmentFiltered | DropCause::Checksum,
            ..
        } => None,
        EventKind::Drop { mtu, .. } | EventKind::Oversized { mtu, .. } => {
            Some((event.egress_device()?, mtu?))
        }
        _ => None,
    }
}

/// Whether the end's own device promises more than the limit, and is not the obstacle itself.
fn is_wide(end: &End, obstacle: DeviceId, limit: u32, node: &Node) -> bool {
    let way = topology::path(node, end.netns, Some(end.remote));
    end.netns != node.host && way.first().is_some_and(|own| own.mtu > limit && own.id() != obstacle)
}

/// Whether the default way out of `netns` goes by this device.
fn leads_through(netns: NetnsId, device: DeviceId, node: &Node) -> bool {
    topology::path(node, netns, None).iter().any(|hop| hop.id() == device)
}

/// How many hops of the path the packet has in common with it, if it went by `device` instead: those until its namespace
/// routes it.
fn parting(path: &[Hop], device: DeviceId) -> usize {
    let came = path.iter().take_while(|hop| hop.netns != device.netns).count();
    let carries =
        |hop: &&Hop| hop.netns == device.netns && matches!(hop.kind, LinkKind::Veth | LinkKind::Bridge);
    let inside = path[came..].iter().take_while(carries).count();
    (came + inside).max(1).min(path.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{dropped, event, flow};
    use crate::testing::node::{id, incident, ip, names};

    /// A pod of the node is led by a mark to a tunnel that the model does not know of.
    fn marked() -> (Node, Event, Ends) {
        let node = incident().device(1, 50, "kubespan", LinkKind::Tun, 1420).0;
        let EventKind::Drop { reason, location, device_mtu, .. } = dropped(DropCause::Forward) else {
            panic!()
        };
        let kind = EventKind::Drop {
            cause: DropCause::Forward,
            reason,
            location,
            mtu: Some(1420),
            egress: Some(50),
            device_mtu,
            icmp_too_big: false,
        };
        let mut event = event(1, flow("10.42.0.108:40000", "10.1.0.9:80"), kind);
        event.length = 1450;
        let src = Some(End { netns: NetnsId(2), remote: ip("10.1.0.9") });
        (node, event, Ends { src, dst: None })
    }

    #[test]
    fn the_event_names_the_device_and_the_path_until_the_parting_the_culprit() {
        let (node, event, ends) = marked();
        let (netns, obstacle, _) = Obstacles::default().find(&event, &ends, None, &node).unwrap();
        assert_eq!(
            (netns, obstacle),
            (
                NetnsId(2),
                Obstacle { device: id(1, 50), limit: 1420, is_ours: true, older: None, is_on_path: false }
            )
        );
        let m = obstacle.mismatch(netns, ip("10.1.0.9"), &node).unwrap();
        assert_eq!(names(&m.path), "eth0:1450 veth112:1450 cni0:1450 kubespan:1420");
        assert_eq!((m.culprit.interface.as_str(), m.bottleneck.mtu), ("cni0", 1420));
    }

    #[test]
    fn it_is_over_when_what_promised_too_much_does_no_more() {
        let (mut node, event, ends) = marked();
        let (netns, obstacle, _) = Obstacles::default().find(&event, &ends, None, &node).unwrap();
        node.netns.get_mut(&netns).unwrap().links.values_mut().for_each(|link| link.mtu = 1420);
        assert_eq!(obstacle.mismatch(netns, ip("10.1.0.9"), &node), None);
        let (mut node, ..) = marked();
        node.netns.get_mut(&NetnsId(1)).unwrap().links.remove(&50);
        assert_eq!(obstacle.mismatch(netns, ip("10.1.0.9"), &node), None);
    }

    #[test]
    fn whom_it_is_charged_to_when_nobody_promised_too_much() {
        let (node, event, ends) = marked();
        let from_outside = Ends { src: None, dst: ends.src };
        let udp = Event { flow: crate::model::Flow { protocol: 17, ..event.flow }, ..event.clone() };
        let charged = |event: &Event, ends: &Ends| {
            let found = Obstacles::default().find(event, ends, None, &node);
            found.map(|(netns, obstacle, _)| (netns, obstacle.is_ours))
        };
        assert_eq!(charged(&event, &from_outside), Some((NetnsId(2), true)), "it promised by its SYN");
        assert_eq!(
            charged(&udp, &from_outside),
            Some((NetnsId(2), false)),
            "a datagram was promised by nobody"
        );
        assert_eq!(charged(&event, &Ends::default()), Some((NetnsId(1), false)), "where it died");
        assert_eq!(charged(&Event { length: 1420, ..event.clone() }, &ends), None, "it fits");
    }
}
