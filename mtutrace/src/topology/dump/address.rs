//! Addresses (RTM_NEWADDR).
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::AddressHeader;

use crate::model::Address;
use crate::topology::netlink::{address_bits, attributes, ip_of};

// linux/rtnetlink.h, linux/if_addr.h.
pub(super) const RTM_NEWADDR: u16 = 20;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// Bytes of `struct ifaddrmsg`, which stands before the attributes.
const ADDRESS_HEADER: usize = 8;

/// A kernel without IPv6 answers for all families instead (rtnl_dump_all), so the family is checked.
pub(super) fn address(family: AddressFamily, kind: u16, payload: &[u8]) -> Option<Address> {
    let header = AddressHeader::parse(payload).ok()?;
    if kind != RTM_NEWADDR || header.family != family {
        return None;
    }
    let (mut local, mut network) = (None, None);
    for (attribute, value) in attributes(payload.get(ADDRESS_HEADER..)?) {
        match attribute {
            IFA_LOCAL => local = ip_of(value),
            IFA_ADDRESS => network = ip_of(value),
            _ => {}
        }
    }
    let ip = local.or(network)?;
    // On point-to-point links the prefix is the peer's, which has a route of its own.
    let pointed = network.is_some_and(|network| network != ip);
    let prefix = if pointed { address_bits(ip) } else { header.prefix_len.min(address_bits(ip)) };
    Some(Address { ifindex: header.index, ip, prefix })
}
