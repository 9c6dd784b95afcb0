//! Connections from before an MTU was lowered: they keep the MSS of their handshake until they end. Pure.
use crate::diagnosis::attribution::{End, Ends};
use crate::diagnosis::flows::Flows;
use crate::model::{Event, Flow, LinkKind, NetnsId, Node, Route};
use crate::topology;

/// The end of the event's TCP connection that cannot have agreed on more than `limit` bytes (L3) with the devices that it has
/// now: it had others, or larger ones, when it did. The receiver before the sender.
pub(crate) fn older_end(event: &Event, ends: &Ends, limit: u32, node: &Node) -> Option<End> {
    let both = [ends.dst, ends.src].into_iter().flatten().filter(|_| event.flow.is_tcp());
    both.into_iter().find(|end| end.netns != node.host && takes_at_most(end.netns, limit, node))
}

/// Whether no connection that `netns` begins now carries more than `limit` bytes (L3), as far as all of it is known: no device takes
/// more, and no route says another MTU or MSS, which the kernel asks first (`ip_dst_mtu_maybe_forward`, `ipv4_default_advmss`).
pub(crate) fn takes_at_most(netns: NetnsId, limit: u32, node: &Node) -> bool {
    let Some(netns) = node.netns.get(&netns).filter(|netns| !netns.is_cut()) else { return false };
    let says_no_more = |route: &Route| route.advmss.is_none() && route.mtu.is_none_or(|mtu| mtu <= limit);
    let up = netns.links.values().filter(|link| link.up && link.kind != LinkKind::Loopback);
    up.map(|link| link.mtu).max().is_some_and(|mtu| mtu <= limit) && netns.routes.iter().all(says_no_more)
}

/// When the event's connection began, CLOCK_MONOTONIC nanoseconds; absent if its SYN was not seen: before the run.
pub(crate) fn begun_ns(netns: NetnsId, flow: Flow, flows: &Flows) -> Option<u64> {
    let (connection, _) = flows.find(netns, flow)?;
    connection.first().map(|first| first.time_ns)
}

/// Whether the event is about a packet for a container that is gone: its SYN was seen near it, and nobody near there has its
/// address now.
pub(crate) fn is_for_nobody(event: &Event, ends: &Ends, flows: &Flows, node: &Node) -> bool {
    if ends.dst.is_some() {
        return false;
    }
    let Some((connection, true)) = flows.find(event.netns, event.flow) else { return false };
    let Some(first) = connection.first().filter(|first| !first.forged && !first.egress) else { return false };
    topology::resolve(node, first.netns, first.flow.src.ip()).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::model::EventKind;
    use crate::testing::node::{incident, ip};

    const TO_INNER: (&str, &str) = ("192.0.2.10:80", "172.17.0.2:33333");

    fn ends() -> Ends {
        Ends { src: None, dst: Some(End { netns: NetnsId(3), remote: ip("192.0.2.10") }) }
    }

    fn lowered() -> Node {
        let mut node = incident().0;
        node.netns.get_mut(&NetnsId(3)).unwrap().links.get_mut(&7).unwrap().mtu = 1450;
        node
    }

    #[test]
    fn an_end_without_a_device_so_large_is_older() {
        let event = event(1, flow(TO_INNER.0, TO_INNER.1), EventKind::Retransmit);
        assert_eq!(older_end(&event, &ends(), 1450, &incident().0), None, "its device takes 1500");
        assert_eq!(older_end(&event, &ends(), 1450, &lowered()), ends().dst);
        assert_eq!(older_end(&event, &ends(), 1400, &lowered()), None, "it may have agreed on 1450");
        let datagram = Event { flow: crate::model::Flow { protocol: 17, ..event.flow }, ..event };
        assert_eq!(older_end(&datagram, &ends(), 1450, &lowered()), None, "nobody agrees on those");
    }

    fn routes_of(node: &mut Node) -> &mut Vec<Route> {
        &mut node.netns.get_mut(&NetnsId(3)).unwrap().routes
    }

    #[test]
    fn a_route_that_says_another_mtu_or_mss_makes_new_ones_as_large() {
        let mut node = lowered();
        assert!(takes_at_most(NetnsId(3), 1450, &node));
        routes_of(&mut node).iter_mut().for_each(|route| route.advmss = Some(1460));
        assert!(!takes_at_most(NetnsId(3), 1450, &node));
        routes_of(&mut node).iter_mut().for_each(|route| (route.advmss, route.mtu) = (None, Some(1500)));
        assert!(!takes_at_most(NetnsId(3), 1450, &node));
        routes_of(&mut node).iter_mut().for_each(|route| route.mtu = Some(1400));
        assert!(takes_at_most(NetnsId(3), 1450, &node));
        node.netns.get_mut(&NetnsId(3)).unwrap().routes_cut = 1;
        assert!(!takes_at_most(NetnsId(3), 1450, &node), "others may say more");
        assert!(!takes_at_most(NetnsId(9), 1450, &node), "nothing is known of it");
    }
}
