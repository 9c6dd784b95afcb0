//! pcap and pcapng in both byte orders say the same.

use std::io::{Read, Result};

use super::build::{ETHERNET, File, Form};
use super::talk::{FULL, Talk};
use super::{Findings, analyse, findings, small};
use crate::capture::{CaptureError, is_capture};

const FORMS: [Form; 6] = [
    Form::Pcap { big_endian: false, nanoseconds: false },
    Form::Pcap { big_endian: true, nanoseconds: false },
    Form::Pcap { big_endian: false, nanoseconds: true },
    Form::Pcap { big_endian: true, nanoseconds: true },
    Form::Pcapng { big_endian: false },
    Form::Pcapng { big_endian: true },
];

fn stalled(form: Form) -> File {
    let mut talk = Talk::open(File::new(form, ETHERNET));
    talk.sends(10, FULL).sends(10, FULL);
    talk.in_vain(10, 5001, FULL, 5);
    talk.file
}

/// Without what the formats themselves differ in.
fn same(mut findings: Findings) -> Findings {
    findings.capture.format.clear();
    findings.capture.interfaces.clear();
    for way in findings.connections.iter_mut().flat_map(|one| [&mut one.to_server, &mut one.to_client]) {
        way.seen_at = None;
    }
    findings
}

#[test]
fn every_form_says_the_same() {
    let first = findings(&stalled(FORMS[0]));
    assert!(first.problem && first.capture.seconds == 6.21, "{:?}", first.capture);
    for form in FORMS {
        let file = stalled(form);
        assert!(is_capture(&file.bytes), "{form:?}");
        assert_eq!(same(findings(&file)), same(first.clone()), "{form:?}");
    }
}

#[test]
fn names_and_losses_of_pcapng() {
    for big_endian in [false, true] {
        let mut file = stalled(Form::Pcapng { big_endian });
        file.dropped(3);
        file.dropped(17);
        let findings = findings(&file);
        let interface = &findings.capture.interfaces[0];
        assert_eq!((interface.name.as_str(), interface.dropped), ("wg0", Some(17)));
        assert!(
            findings.cannot_say.iter().any(|text| text.contains("17 packets")),
            "{:?}",
            findings.cannot_say
        );
    }
}

#[test]
fn a_block_that_is_too_large_is_passed_over() {
    let form = Form::Pcapng { big_endian: false };
    let mut file = File::new(form, ETHERNET);
    file.block(0x0bad, |file| file.bytes.resize(file.bytes.len() + 3_000_000, 0));
    let mut talk = Talk::open(file);
    talk.sends(10, FULL).acks(11, 5001 + FULL);
    let findings = findings(&talk.file);
    assert_eq!((findings.capture.packets, &findings.capture.damage), (6, &None));
    assert_eq!(findings.capture.unread["block_too_large"], 1);
}

/// A pipe that gives a byte at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

#[test]
fn through_a_slow_pipe() {
    for form in FORMS {
        let file = stalled(form);
        assert_eq!(analyse(Slow(&file.bytes)).unwrap(), findings(&file), "{form:?}");
    }
}

#[test]
fn cut_at_every_byte() {
    for form in FORMS {
        let mut talk = Talk::open(File::new(form, ETHERNET));
        talk.sends(10, 50);
        let file = talk.file;
        let all = findings(&file).capture.packets;
        let mut seen = 0;
        for end in 0..file.bytes.len() {
            match small(&file.bytes[..end]) {
                Ok(findings) => {
                    assert!((seen..=all).contains(&findings.capture.packets), "{form:?} at {end}");
                    assert!(findings.capture.packets < all || findings.capture.damage.is_none());
                    seen = findings.capture.packets;
                }
                Err(error) => {
                    assert!(seen == 0, "{form:?} at {end}: {error}");
                }
            }
        }
        assert_eq!(seen, all - 1, "{form:?}: only the last packet is cut");
    }
}

#[test]
fn what_is_no_capture() {
    for bytes in [&b""[..], b"\x1f\x8b\x08\x00 gzip", b"hello, world", &[0; 100]] {
        assert!(matches!(analyse(bytes), Err(CaptureError::NotACapture)), "{bytes:?}");
    }
    assert!(matches!(analyse(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0][..]), Err(CaptureError::Header)));
}
