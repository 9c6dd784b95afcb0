//! Hostile input: nothing in it makes a panic or takes memory.

use fastrand::Rng;

use super::build::{ETHERNET, File, Form, PLAIN, end, frag_needed, mss, tcp, udp, with_options};
use super::talk::{FULL, Talk};
use super::{findings, small};

const INPUTS: usize = 100_000;

/// Some of everything that is parsed.
fn seed(random: &mut Rng) -> Vec<u8> {
    let forms = [
        PLAIN,
        Form::Pcap { big_endian: true, nanoseconds: true },
        Form::Pcapng { big_endian: random.bool() },
    ];
    let links = [ETHERNET, ETHERNET, ETHERNET, 101, 113, 276, 0, 108, 228, 229];
    let link = links[random.usize(..links.len())];
    let mut talk = Talk::open(File::new(forms[random.usize(..3)], link));
    talk.sends(10, 40).sacks(11, 5001, (5041, 5051)).says(12, 5001, 40).says(400, 5001, 20);
    let inner = talk.segment(5001, FULL);
    talk.file.frame(13, &frag_needed("10.1.0.1", 1450, &inner));
    let tunnel = [&[8, 0, 0, 0, 0, 0, 42, 0], &inner[..80]].concat();
    talk.file.frame(14, &udp(end("192.0.2.1:3300"), end("192.0.2.2:4789"), &tunnel));
    let six = tcp((end("[fd00::7]:40000"), end("[fd00::2]:443"), 0), (1, 1), 10, mss(1440));
    talk.file.frame(15, &six).frame(16, &with_options(&six, random.u8(..)));
    talk.file.bytes
}

#[test]
fn garbled_captures() {
    let mut random = Rng::with_seed(0x6d74_7574);
    let seeds = (0..64).map(|_| seed(&mut random)).collect::<Vec<_>>();
    let (mut read, mut packets) = (0_u64, 0);
    for input in 0..INPUTS {
        let mut bytes = seeds[input % seeds.len()].clone();
        // The header is mostly left alone: else nothing behind it would be reached.
        let from = if random.u8(..) < 16 { 0 } else { 24 };
        for _ in 0..random.usize(1..24) {
            let at = random.usize(from..bytes.len());
            bytes[at] = [random.u8(..), 0, 0xff, 0x7f][random.usize(..4)];
        }
        if random.u8(..) < 32 {
            bytes.truncate(random.usize(..bytes.len()));
        }
        if let Ok(findings) = small(&bytes) {
            read += 1;
            packets += findings.capture.packets;
        }
    }
    assert!(
        read > INPUTS as u64 / 2 && packets > read * 3,
        "{read} read, {packets} packets: it reaches nothing"
    );
}

#[test]
fn noise() {
    let mut random = Rng::with_seed(1);
    for _ in 0..2_000 {
        let mut file = File::new(PLAIN, [1, 101, 276][random.usize(..3)]);
        for at in 0..8 {
            let frame = (0..random.usize(..200)).map(|_| random.u8(..)).collect::<Vec<_>>();
            file.frame(at, &frame);
        }
        assert!(!small(&file.bytes).unwrap().problem);
    }
}

#[test]
fn a_length_that_no_packet_has() {
    let mut file = File::new(PLAIN, ETHERNET);
    [1, 1, 0xffff_fff0, 0xffff_fff0].into_iter().for_each(|word| file.u32(word));
    file.bytes.extend([0; 64]);
    let damage = findings(&file).capture.damage.unwrap();
    assert!(damage.contains("at byte 24"), "{damage}");
}

/// More connections, paths, messages and pieces than there is room for: counted, and the trouble is kept.
#[test]
fn a_flood_leaves_the_tables_bounded() {
    let mut talk = Talk::open(File::new(PLAIN, ETHERNET));
    talk.sends(10, FULL);
    talk.in_vain(10, 5001, FULL, 5);
    let mut random = Rng::with_seed(2);
    for at in 0..30_000_u32 {
        let other = end(&format!("10.{}.{}.{}:80", 100 + at / 65_536, at / 256 % 256, at % 256));
        let from = end(&format!("172.16.0.1:{}", random.u16(1024..)));
        let syn = tcp((from, other, 1), (random.u32(..), 0), 0, |header| {
            mss(1460)(header);
            header.ack = false;
        });
        talk.file.frame(20_000 + u64::from(at), &syn);
        talk.file.frame(20_000 + u64::from(at), &frag_needed("10.1.0.1", 1400, &syn));
    }
    let findings = findings(&talk.file);
    assert!(findings.problem, "the stall is still there");
    assert!(findings.left_out.connections > 25_000, "{:?}", findings.left_out);
    assert!(findings.left_out.paths > 25_000, "{:?}", findings.left_out);
    assert!(findings.left_out.too_big > 25_000, "{:?}", findings.left_out);
    assert!(findings.findings.len() <= 50 && findings.connections.len() <= 20);
}
