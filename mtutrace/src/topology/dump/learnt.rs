//! Path MTUs that the kernel has learnt (`ip route show cache`).
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteFlags, RouteHeader};

use super::route::{ROUTE_HEADER, RTA_DST, RTA_METRICS, RTAX_MTU};
use crate::model::Learnt;
use crate::topology::netlink::{attributes, ip_of, u32_of};

/// Most that are kept of a namespace, the smallest ones.
pub(super) const MOST: usize = 256;

/// An exception from a route for one destination (`fib_nh_exception`, `rt6_exception`), if it is about an MTU and not
/// about a gateway (ICMP redirects make such too).
pub(super) fn learnt(family: AddressFamily, payload: &[u8]) -> Option<Learnt> {
    let header = RouteHeader::parse(payload).ok()?;
    if header.address_family != family || !header.flags.contains(RouteFlags::Cloned) {
        return None;
    }
    let (mut destination, mut mtu) = (None, None);
    for (attribute, value) in attributes(payload.get(ROUTE_HEADER..)?) {
        match attribute {
            RTA_DST => destination = ip_of(value),
            RTA_METRICS => {
                mtu = attributes(value).find(|(metric, _)| *metric == RTAX_MTU).and_then(|m| u32_of(m.1));
            }
            _ => {}
        }
    }
    Some(Learnt { destination: destination?, mtu: mtu? })
}
