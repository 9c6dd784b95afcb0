//! What dies of its size, and what only looks so.

use super::build::{ETHERNET, File, PLAIN, tcp};
use super::talk::{FULL, Talk};
use super::{Confidence, FindingKind, findings, nothing, only};

fn open() -> Talk {
    Talk::open(File::new(PLAIN, ETHERNET))
}

#[test]
fn a_download_of_which_no_full_size_segment_arrives() {
    let mut talk = open();
    for _ in 0..10 {
        talk.sends(10, FULL);
    }
    talk.in_vain(10, 5001, FULL, 6);
    let findings = findings(&talk.file);
    let finding = only(&findings, FindingKind::StallBySize);
    assert!(findings.problem && finding.problem && finding.confidence == Confidence::Likely, "{finding:?}");
    assert!(
        finding.text.contains("6 retransmissions of 1,460-byte segments (1,500 bytes at L3)"),
        "{}",
        finding.text
    );
    let way = &findings.connections[0].to_client;
    let stall = way.stall.as_ref().unwrap();
    assert_eq!((stall.sends, stall.backs_off, way.mss), (7, true, Some(1460)));
    assert_eq!((way.retransmissions, way.largest), (6, 1500));
    assert_eq!((findings.paths[0].at_least, findings.paths[0].less_than), (Some(44), Some(1500)));
}

#[test]
fn what_is_behind_the_hole_arrived() {
    let mut talk = open();
    talk.sends(10, FULL).sends(10, FULL).sends(10, 550);
    talk.sacks(11, 5001, (5001 + 2 * FULL, talk.next));
    talk.in_vain(11, 5001, FULL, 4);
    let findings = findings(&talk.file);
    let finding = only(&findings, FindingKind::StallBySize);
    assert_eq!((finding.problem, finding.confidence), (true, Confidence::Likely));
    assert!(finding.text.contains("up to 590 bytes were"), "{}", finding.text);
    assert_eq!((findings.paths[0].at_least, findings.paths[0].less_than), (Some(590), Some(1500)));
}

#[test]
fn full_size_segments_arrived_before_so_it_is_an_outage() {
    let mut talk = open();
    talk.sends(10, FULL).acks(11, 5001 + FULL).sends(12, FULL);
    talk.in_vain(12, 5001 + FULL, FULL, 6);
    let findings = findings(&talk.file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    only(&findings, FindingKind::LossNotBySize);
}

#[test]
fn small_segments_are_lost_so_it_is_an_outage() {
    let mut talk = open();
    talk.sends(10, 200);
    talk.in_vain(10, 5001, 200, 6);
    let findings = findings(&talk.file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    only(&findings, FindingKind::LossNotBySize);
}

#[test]
fn losses_that_are_made_good() {
    let mut talk = open();
    for at in 0..200_u32 {
        let seq = talk.next;
        talk.sends(10 + u64::from(at) * 20, FULL);
        if at % 5 == 0 {
            talk.acks(12 + u64::from(at) * 20, seq);
            talk.in_vain(12 + u64::from(at) * 20, seq, FULL, 1 + at % 3);
        }
        talk.acks(19 + u64::from(at) * 20, talk.next);
    }
    let findings = findings(&talk.file);
    nothing(&findings);
    assert!(findings.connections[0].to_client.retransmissions > 40);
    assert_eq!(findings.paths[0].at_least.max(findings.paths[1].at_least), Some(1500));
}

#[test]
fn idle_with_keep_alives_then_reset() {
    let mut talk = open();
    talk.sends(10, FULL).acks(11, 5001 + FULL);
    for minute in 1..10 {
        talk.says(minute * 60_000, 5000 + FULL, 1).acks(minute * 60_000 + 1, 5001 + FULL);
    }
    let reset = tcp((talk.client, talk.server, 900), (180, 0), 0, |header| header.rst = true);
    talk.file.frame(700_000, &reset);
    let findings = findings(&talk.file);
    nothing(&findings);
    assert!(findings.connections[0].reset && findings.connections[0].to_client.retransmissions == 0);
}

#[test]
fn the_receiver_has_no_room() {
    let mut talk = open();
    talk.sends(10, FULL);
    let closed = tcp((talk.client, talk.server, 901), (180, 5001), 0, |header| header.window_size = 0);
    talk.file.frame(11, &closed);
    talk.in_vain(11, 5001, FULL, 6);
    assert!(!findings(&talk.file).problem);
}

#[test]
fn super_packets_of_a_sender_are_no_oversized_ones() {
    let mut talk = open();
    talk.sends(10, 30 * FULL).acks(11, 5001 + 30 * FULL).sends(12, 20 * FULL).acks(13, 5001 + 50 * FULL);
    let findings = findings(&talk.file);
    assert!(!findings.problem);
    let finding = only(&findings, FindingKind::BeforeSegmentation);
    assert!(finding.text.starts_with("2 packets of up to 43,840 bytes"), "{}", finding.text);
    let way = &findings.connections[0].to_client;
    assert_eq!(way.largest_super_packet, Some(43_840));
    assert_eq!(way.largest, 44, "the largest that is one on the wire");
}

#[test]
fn a_super_packet_whose_first_segment_is_sent_in_vain() {
    let mut talk = open();
    talk.sends(10, 10 * FULL);
    talk.in_vain(10, 5001, FULL, 5);
    let findings = findings(&talk.file);
    assert!(findings.problem, "{:#?}", findings.findings);
    let stall = findings.connections[0].to_client.stall.as_ref().unwrap();
    assert_eq!((stall.data, stall.length, stall.sends), (1460, 1500, 6));
}

#[test]
fn a_sender_that_finds_the_size_itself() {
    let mut talk = open();
    talk.sends(10, FULL).sends(10, FULL);
    let at = talk.in_vain(10, 5001, FULL, 3);
    talk.says(at + 3000, 5001, 512).acks(at + 3001, 5001 + 512);
    talk.says(at + 3002, 5001 + 512, 948).acks(at + 3003, 5001 + FULL);
    talk.says(at + 3004, 5001 + FULL, 730).says(at + 3004, 5001 + FULL + 730, 730);
    talk.acks(at + 3005, 5001 + 2 * FULL);
    let findings = findings(&talk.file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    let finding = only(&findings, FindingKind::WentSmaller);
    assert!(
        finding.text.contains("packets of 1,500 bytes got through in packets of 552"),
        "{}",
        finding.text
    );
}

#[test]
fn only_the_receivers_side_was_captured() {
    let mut talk = open();
    // Two full-size segments died before this place, the last and small one came.
    talk.says(10, 5001 + 2 * FULL, 550);
    for at in 0..8 {
        talk.sacks(20 + at * 1000, 5001, (5001 + 2 * FULL, 5551 + 2 * FULL));
    }
    let findings = findings(&talk.file);
    let finding = only(&findings, FindingKind::ReceiverHole);
    assert!(finding.problem && finding.confidence == Confidence::Likely, "{finding:?}");
    assert!(finding.text.contains("2,920 bytes never came by"), "{}", finding.text);
}

#[test]
fn large_packets_arrive_damaged() {
    let mut talk = open();
    for at in 0..6 {
        let mut segment = talk.segment(5001, FULL);
        *segment.last_mut().unwrap() ^= 0x55;
        talk.file.frame(10 + (200 << at), &segment);
    }
    let findings = findings(&talk.file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    let finding = only(&findings, FindingKind::DamagedPackets);
    assert!(finding.text.contains("checksums are wrong"), "{}", finding.text);
}
