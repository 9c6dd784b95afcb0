//! Drawn transport headers: TCP with options of all kinds, UDP, ICMP errors with what they quote.

use fastrand::Rng;

/// Protocol numbers of IP.
pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;

/// Draws a packet of that version to be quoted.
pub(super) type Quote<'a> = &'a dyn Fn(&mut Rng, u8) -> Vec<u8>;

/// A protocol number and what stands behind the IP header.
pub(super) fn any(random: &mut Rng, version: u8, quote: Quote<'_>) -> (u8, Vec<u8>) {
    match random.u8(0..16) {
        0..7 => (TCP, tcp(random)),
        7..9 => (UDP, udp(random)),
        9..13 => icmp(random, version, quote),
        // The other family's: no message of this one.
        13 => {
            let (_, message) = icmp(random, 10 - version, quote);
            (if version == 4 { ICMPV6 } else { ICMP }, message)
        }
        _ => (random.u8(..), payload(random)),
    }
}

fn tcp(random: &mut Rng) -> Vec<u8> {
    let mut options = options(random);
    options.truncate(40);
    options.resize(options.len().next_multiple_of(4), 0);
    let flags = match random.u8(0..8) {
        0..3 => 0x02,
        3 => 0x12,
        4..7 => 0x10,
        _ => random.u8(..),
    };
    let mut segment = random.u128(..).to_be_bytes().to_vec();
    segment.extend([0; 4]);
    // Sequence numbers near each other and near the end of their range.
    if random.bool() {
        segment[8..12].copy_from_slice(&u32::from(random.u16(..)).wrapping_sub(0x8000).to_be_bytes());
    }
    segment[12] =
        ((20 + options.len()) as u8 / 4) << 4 | if random.u8(0..8) == 0 { random.u8(0..16) } else { 0 };
    segment[13] = flags;
    segment.extend(options);
    match random.u8(0..4) {
        // Data that could be taken for options.
        0 => segment.extend(self::options(random)),
        1 => segment.extend(payload(random)),
        _ => {}
    }
    segment
}

/// Options as stacks write them, and as none does.
fn options(random: &mut Rng) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..random.u8(0..7) {
        match random.u8(0..12) {
            0..3 => all.push(1),
            3 => all.extend([
                2,
                if random.u8(0..8) == 0 { random.u8(0..8) } else { 4 },
                random.u8(..),
                random.u8(..),
            ]),
            4 => all.extend([3, 3, random.u8(0..15)]),
            5 => all.extend([4, 2]),
            6 => all.extend([&[8, 10][..], &random.u64(..).to_be_bytes()].concat()),
            7 => all.extend([&[1, 1, 8, 10][..], &random.u64(..).to_be_bytes()].concat()),
            8 | 9 => sack(random, &mut all),
            10 => all.extend([random.u8(5..255), 2 + random.u8(0..3), 0, 0, 0]),
            _ if random.bool() => all.push(0),
            _ => all.extend([random.u8(..), random.u8(..)]),
        }
    }
    all
}

fn sack(random: &mut Rng, all: &mut Vec<u8>) {
    let blocks = random.u8(0..5);
    all.extend([5, 2 + 8 * blocks]);
    for _ in 0..blocks {
        let left = u32::from(random.u16(..)).wrapping_sub(0x8000);
        all.extend(left.to_be_bytes());
        all.extend(left.wrapping_add(random.u32(0..100_000)).to_be_bytes());
    }
}

fn udp(random: &mut Rng) -> Vec<u8> {
    let mut datagram = random.u64(..).to_be_bytes().to_vec();
    datagram.extend(payload(random));
    datagram
}

fn icmp(random: &mut Rng, version: u8, quote: Quote<'_>) -> (u8, Vec<u8>) {
    let (protocol, kind) = if version == 4 { (ICMP, [3, 4]) } else { (ICMPV6, [2, 0]) };
    let kind = if random.u8(0..6) == 0 { [random.u8(0..5), random.u8(0..6)] } else { kind };
    let mut message = vec![kind[0], kind[1], 0, 0];
    message.extend([0, 0, 5, 0x14].map(|byte: u8| if random.u8(0..4) == 0 { random.u8(..) } else { byte }));
    let version = if random.u8(0..10) == 0 { 10 - version } else { version };
    let mut quoted = quote(random, version);
    // RFC 792 asks for 8 bytes behind the header, routers send what they like.
    quoted.truncate(if random.bool() { quoted.len() } else { random.usize(0..80) });
    message.extend(quoted);
    (protocol, message)
}

fn payload(random: &mut Rng) -> Vec<u8> {
    let length = match random.u8(0..8) {
        0..3 => 0,
        3..6 => random.usize(0..100),
        // Around the MTU of the route.
        6 => 1300 - random.usize(0..100),
        _ => random.usize(1300..2500),
    };
    (0..length).map(|_| random.u8(..)).collect()
}
