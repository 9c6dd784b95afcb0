//! Datagrams in pieces.

use std::net::IpAddr;

use etherparse::{IpFragOffset, Ipv4Header};

use super::build::{ETHERNET, File, PLAIN, ip};
use super::{Confidence, FindingKind, findings, only};
use etherparse::PacketBuilder;

fn piece(id: u16, offset: u16, bytes: usize, more: bool) -> Vec<u8> {
    let mut header = Ipv4Header::new(bytes as u16, 64, 17.into(), [10, 0, 0, 2], [10, 1, 0, 7]).unwrap();
    header.identification = id;
    header.dont_fragment = false;
    header.more_fragments = more;
    header.fragment_offset = IpFragOffset::try_new(offset / 8).unwrap();
    let mut frame = vec![2; 12];
    frame.extend([8, 0]);
    header.write(&mut frame).unwrap();
    // Begins as a UDP header does, whatever it is.
    frame.extend([0, 53, 200, 0].iter().chain(std::iter::repeat(&0)).take(bytes));
    frame
}

fn reassembly_timed_out(about: &[u8]) -> Vec<u8> {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let mut frame = Vec::new();
    let builder =
        PacketBuilder::ethernet2([2; 6], [4; 6]).ip(ip(address("10.1.0.7"), address("10.0.0.2"), 7));
    builder.icmpv4_raw(11, 1, [0; 4]).write(&mut frame, &about[14..42]).unwrap();
    frame
}

#[test]
fn all_of_them_come_by() {
    let mut file = File::new(PLAIN, ETHERNET);
    for id in 0..5 {
        file.frame(u64::from(id), &piece(id, 0, 1424, true));
        file.frame(u64::from(id), &piece(id, 1424, 584, false));
    }
    let findings = findings(&file);
    assert!(!findings.problem);
    let finding = only(&findings, FindingKind::Fragmented);
    assert!(finding.text.contains("5 datagrams"), "{}", finding.text);
    assert!(finding.text.contains("an MTU of 1,444 to 1,451 cut them"), "{}", finding.text);
    let fact = &findings.fragments[0];
    assert_eq!((fact.datagrams, fact.incomplete, fact.first_piece, fact.largest), (5, 0, 1444, 2028));
}

#[test]
fn the_receiver_says_that_they_do_not_come() {
    let mut file = File::new(PLAIN, ETHERNET);
    for id in 0..5 {
        let first = piece(id, 0, 1424, true);
        file.frame(u64::from(id), &first);
        file.frame(30_000 + u64::from(id), &reassembly_timed_out(&first));
    }
    let findings = findings(&file);
    let finding = only(&findings, FindingKind::FragmentsLost);
    assert!(finding.problem && finding.confidence == Confidence::Confirmed, "{finding:?}");
    assert_eq!((findings.fragments[0].incomplete, findings.fragments[0].timed_out), (5, 5));
}

#[test]
fn a_filter_by_port_captures_first_pieces_alone() {
    let mut file = File::new(PLAIN, ETHERNET);
    for id in 0..5 {
        file.frame(u64::from(id), &piece(id, 0, 1424, true));
    }
    let findings = findings(&file);
    let finding = only(&findings, FindingKind::FragmentsLost);
    assert!(!findings.problem && finding.confidence == Confidence::Possible, "{finding:?}");
}
