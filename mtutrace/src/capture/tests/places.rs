//! One packet at several devices, as `tcpdump -i any` has it.

use super::build::{File, PLAIN, SLL2, end, mss, tcp};
use super::talk::FULL;
use super::{FindingKind, findings, nothing, only};

/// An Ethernet frame as a cooked one, seen at a device.
fn cooked(frame: &[u8], ifindex: u32, outgoing: bool) -> Vec<u8> {
    let mut bytes = frame[12..14].to_vec();
    bytes.extend([0, 0]);
    bytes.extend(ifindex.to_be_bytes());
    bytes.extend([0, 1, if outgoing { 4 } else { 0 }, 6]);
    bytes.extend([2; 8]);
    bytes.extend(&frame[14..]);
    bytes
}

#[test]
fn each_packet_counts_once_and_clamping_shows() {
    let (client, server) = (end("10.1.0.7:40000"), end("10.0.0.2:443"));
    let mut file = File::new(PLAIN, SLL2);
    let mut both = |ms: u64, from: u32, to: u32, first: Vec<u8>, then: Vec<u8>| {
        file.frame(ms, &cooked(&first, from, false));
        file.frame(ms, &cooked(&then, to, true));
    };
    let syn = |value| {
        tcp((client, server, 1), (99, 0), 0, move |header| {
            mss(value)(header);
            header.ack = false;
        })
    };
    both(0, 3, 7, syn(1460), syn(1360));
    let answer = tcp((server, client, 0), (5000, 100), 0, mss(1360));
    both(1, 7, 3, answer.clone(), answer);
    for at in 0..20_u32 {
        let data = tcp((server, client, 10 + at as u16), (5001 + at * 1360, 100), 1360, |_| {});
        both(10 + u64::from(at), 7, 3, data.clone(), data);
        let ack = tcp((client, server, 10 + at as u16), (100, 5001 + (at + 1) * 1360), 0, |_| {});
        both(10 + u64::from(at), 3, 7, ack.clone(), ack);
    }
    let findings = findings(&file);
    assert!(!findings.problem);
    let finding = only(&findings, FindingKind::MssClamped);
    assert!(
        finding
            .text
            .contains("1,460 at the device with index 3 (in) and 1,360 at the device with index 7 (out)"),
        "{}",
        finding.text
    );
    let way = &findings.connections[0].to_client;
    assert_eq!((way.packets, way.retransmissions, way.duplicate_acks), (21, 0, 0), "{way:?}");
    assert_eq!((way.largest, way.acknowledged), (1400, Some(1400)));
    assert_eq!(findings.capture.packets, 84);
}

#[test]
fn the_same_frame_twice_at_one_interface() {
    let mut talk = super::talk::Talk::open(File::new(PLAIN, super::build::ETHERNET));
    for at in 0..10 {
        let seq = talk.next;
        let frame = talk.segment(seq, FULL);
        talk.next += FULL;
        talk.file.frame(10 + at, &frame).frame(10 + at, &frame);
        talk.acks(10 + at, talk.next);
    }
    let findings = findings(&talk.file);
    nothing(&findings);
    assert_eq!(findings.connections[0].to_client.retransmissions, 0);
}

#[test]
fn behind_nat_it_is_the_same_connection() {
    let server = end("10.0.0.2:443");
    let mut file = File::new(PLAIN, SLL2);
    for (client, device) in [("172.17.0.2:40000", 3), ("10.1.0.7:61000", 7)] {
        let syn = tcp((end(client), server, 1), (99, 0), 0, |header| {
            mss(1460)(header);
            header.ack = false;
        });
        file.frame(0, &cooked(&syn, device, device == 7));
    }
    let findings = findings(&file);
    let inner = findings.connections.iter().find_map(|one| one.also.as_deref());
    assert_eq!(inner, Some("10.0.0.2:443 ↔ 172.17.0.2:40000"));
}
