//! Frames become packets: one for each IP header, from the outside of a tunnel to its inside.

mod icmp;
mod ip;
mod link;
mod segment;
mod tcp;
mod tunnel;
mod types;

pub(super) use segment::{Sack, Tcp};
pub(super) use types::{Inside, Packet, Place, Quoted, TooBig, Unread};

use super::read::Frame;

/// IP headers of one frame that are looked at.
const DEPTH: u8 = 4;

/// Hands each packet of a frame to `take`, from the outside to the inside.
pub(super) fn parse(frame: Frame<'_>, mut take: impl FnMut(&Packet)) -> Result<(), Unread> {
    let link = link::parse(frame.link, frame.bytes)?;
    let mut next = Some((link.ether_type, link.payload, frame.length.saturating_sub(link.header)));
    let mut place =
        Place { interface: frame.interface, ifindex: link.ifindex, outgoing: link.outgoing, depth: 0 };
    while let Some((ether_type, bytes, length)) = next {
        if place.depth == DEPTH {
            return Err(Unread::TooDeep);
        }
        if !matches!(ether_type, link::IPV4 | link::IPV6) {
            // What a tunnel carries need not be IP.
            return if place.depth == 0 { Err(Unread::NotIp) } else { Ok(()) };
        }
        let (packet, payload) = ip::parse(bytes, length, frame.time_ns, place)?;
        take(&packet);
        next = tunnel::inside(&packet, payload);
        place.depth += 1;
    }
    Ok(())
}
