//! Routers' messages, and whether they are heeded.

use super::build::{ETHERNET, File, PLAIN, end, frag_needed, udp};
use super::talk::{FULL, Talk};
use super::{Confidence, FindingKind, findings, only};

#[test]
fn told_nine_times_and_deaf() {
    let mut talk = Talk::open(File::new(PLAIN, ETHERNET));
    talk.sends(10, FULL);
    let mut at = 10;
    for time in 0..9 {
        let segment = talk.segment(5001, FULL);
        talk.file.frame(at, &segment);
        talk.file.frame(at + 1, &frag_needed("10.1.0.1", 1450, &segment));
        at += 200 << time;
    }
    let findings = findings(&talk.file);
    let finding = only(&findings, FindingKind::TooBigIgnored);
    assert!(finding.problem && finding.confidence == Confidence::Confirmed);
    assert!(finding.text.contains("router 10.1.0.1 told 10.0.0.2 9 times"), "{}", finding.text);
    assert!(finding.text.contains("1,450 bytes"), "{}", finding.text);
    assert_eq!(only(&findings, FindingKind::StallBySize).confidence, Confidence::Confirmed);
    let path = findings.paths.iter().find(|path| path.from == "10.0.0.2").unwrap();
    assert_eq!(path.less_than, Some(1451));
    assert_eq!((findings.too_big[0].times, findings.too_big[0].packet), (9, 1500));
}

#[test]
fn told_once_and_heeded() {
    let mut talk = Talk::open(File::new(PLAIN, ETHERNET));
    talk.sends(10, FULL);
    let segment = talk.segment(5001, FULL);
    talk.file.frame(11, &frag_needed("10.1.0.1", 1450, &segment));
    talk.says(12, 5001, 1410).says(12, 5001 + 1410, 50).acks(13, 5001 + FULL);
    for at in 0..20 {
        talk.sends(14 + at * 100, 1410);
        talk.acks(15 + at * 100, talk.next);
    }
    let findings = findings(&talk.file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    assert!(only(&findings, FindingKind::TooBigHeeded).text.contains("larger than 1,450 bytes"));
    let path = findings.paths.iter().find(|path| path.from == "10.0.0.2").unwrap();
    assert_eq!((path.at_least, path.less_than), (Some(1450), Some(1451)));
}

/// QUIC looks for the largest size that fits, by datagrams that may be lost.
#[test]
fn a_probing_datagram_sender_is_no_black_hole() {
    let mut file = File::new(PLAIN, ETHERNET);
    let (client, server) = (end("10.1.0.7:50000"), end("10.0.0.2:443"));
    for at in 0..20 {
        file.frame(at * 500, &udp(client, server, &[0; 1200]));
        file.frame(at * 500 + 5, &udp(server, client, &[0; 1200]));
        let probe = udp(client, server, &[0; 1472]);
        file.frame(at * 500 + 10, &probe);
        file.frame(at * 500 + 11, &frag_needed("10.1.0.1", 1450, &probe));
    }
    let findings = findings(&file);
    assert!(!findings.problem, "{:#?}", findings.findings);
    assert_eq!(only(&findings, FindingKind::TooBigTold).confidence, Confidence::Possible);
    let path = findings.paths.iter().find(|path| path.from == "10.1.0.7").unwrap();
    assert_eq!((path.datagrams, path.largest_datagram, path.largest_datagram_df), (40, 1500, 1500));
}
