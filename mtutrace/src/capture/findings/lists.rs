//! The tables of the findings: connections, paths, the file.

use std::net::IpAddr;

use super::stalls::{self, Cause};
use super::words::{also, place, seconds, time};
use super::{CaptureFacts, Confidence, ConnectionFacts, InterfaceFacts, PathFacts, StallFacts, WayFacts};
use crate::capture::facts::{Connection, Facts, Path, Stall, Way};
use crate::capture::read::Source;

pub(super) fn connection(connection: &Connection, source: &Source) -> ConnectionFacts {
    ConnectionFacts {
        client: connection.client.to_string(),
        server: connection.server.to_string(),
        also: also(connection),
        seconds: seconds(connection.last_ns.saturating_sub(connection.first_ns)),
        reset: connection.reset,
        to_server: way(&connection.to_server, source),
        to_client: way(&connection.to_client, source),
    }
}

fn way(way: &Way, source: &Source) -> WayFacts {
    WayFacts {
        seen_at: way.place.map(|at| place(at, source)),
        mss: way.mss,
        packets: way.packets,
        data: way.data,
        largest: way.largest_single,
        largest_super_packet: (way.super_packets > 0).then_some(way.largest),
        acknowledged: (way.acknowledged > 0).then_some(way.acknowledged),
        retransmissions: way.retransmissions,
        duplicate_acks: way.duplicate_acks,
        sack_holes: way.sacks,
        df: match (way.df, way.without_df) {
            (1.., 0) => Some(true),
            (0, 1..) => Some(false),
            _ => None,
        },
        stall: way.stall().map(|segment| stall(&segment)),
    }
}

fn stall(stall: &Stall) -> StallFacts {
    let pauses = stall.times_ns.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect::<Vec<_>>();
    // Each about twice the one before; the first may be a probe of the tail (RFC 8985).
    let grows = |pair: &[u64]| pair[1] * 2 > pair[0] * 3;
    let later = pauses.get(1..).unwrap_or_default();
    StallFacts {
        data: stall.data,
        length: stall.length,
        sends: stall.sends,
        backs_off: later.len() >= 2 && later.windows(2).all(grows),
        pauses: pauses.into_iter().map(seconds).collect(),
        smaller_arrived: stall.sacked,
    }
}

pub(super) fn path(facts: &Facts, (from, to): (IpAddr, IpAddr), path: &Path) -> PathFacts {
    let ways = facts.ended.iter().flat_map(Connection::ways);
    let ours = ways.filter(|(_, _, src, dst)| (src.ip(), dst.ip()) == (from, to));
    let in_vain = ours.filter_map(|(way, ..)| way.stall()).filter(|stall| {
        let cause = stalls::cause(facts, stall, from, to);
        matches!(cause, Cause::Size(confidence) if confidence <= Confidence::Likely)
    });
    let told = facts.told.about(from, to).filter(|(_, told)| told.mtu > 0 && told.mtu < told.quoted);
    let bounds = in_vain.map(|stall| stall.length).chain(told.map(|(_, told)| told.mtu + 1));
    PathFacts {
        from: from.to_string(),
        to: to.to_string(),
        at_least: path.acknowledged,
        less_than: bounds.min(),
        largest_seen: path.largest,
        datagrams: path.datagrams,
        largest_datagram: path.largest_datagram,
        largest_datagram_df: path.largest_datagram_df,
    }
}

pub(super) fn capture(facts: &Facts, source: &Source) -> CaptureFacts {
    let mut unread = facts
        .unread
        .iter()
        .map(|(why, count)| (why.name().to_owned(), *count))
        .collect::<std::collections::BTreeMap<_, _>>();
    for (why, count) in [
        ("without_interface", source.without_interface),
        ("block_too_large", source.blocks_too_large),
        ("too_big_without_packet", facts.told.without_packet),
    ] {
        if count > 0 {
            unread.insert(why.to_owned(), count);
        }
    }
    let interface = |(at, interface): (usize, &crate::capture::read::Interface)| InterfaceFacts {
        name: interface.name.clone().unwrap_or_else(|| at.to_string()),
        link_type: interface.link,
        packets: interface.packets,
        dropped: interface.dropped,
    };
    CaptureFacts {
        format: source.format.to_owned(),
        packets: facts.packets,
        bytes: facts.bytes,
        snapped: facts.snapped,
        first: facts.first_ns.and_then(time),
        last: facts.first_ns.and_then(|_| time(facts.last_ns)),
        seconds: facts.first_ns.map_or(0.0, |first| seconds(facts.last_ns.saturating_sub(first))),
        interfaces: source.interfaces.iter().enumerate().map(interface).collect(),
        unread,
        damage: source.damage.clone(),
    }
}
