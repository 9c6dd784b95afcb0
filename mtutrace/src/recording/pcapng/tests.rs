use super::numbers::{BYTE_ORDER, LARGEST, kind};
use super::*;
use bytes::Bytes;

/// A file with each kind of block.
fn file() -> Vec<u8> {
    let packet_of = |comment| Packet {
        interface: 0,
        time_ns: 1_700_000_000_123_456_789,
        data: &[0x45, 0, 0, 20],
        length: 1500,
        outbound: Some(true),
        id: 7,
        dropped: 2,
        comment,
    };
    let counts = Statistics { interface: 0, start_ns: 1, end_ns: 2, received: 3, left_out: 4, lost: 5 };
    [
        section("x86_64", "Linux 6.18", "mtutrace", "héllo"),
        local(1, 5, b"head", true),
        interface("docker0", "the host"),
        packet(&packet_of("drop")),
        local(3, 6, &[7; 5000], true),
        names([("10.0.0.1".parse().unwrap(), "web\0x"), ("2001:db8::1".parse().unwrap(), "")]),
        statistics(&counts),
        local(10, u64::MAX, b"", false),
    ]
    .concat()
}

fn read(bytes: &[u8]) -> (Vec<Payload>, Option<ReadError>) {
    let (mut all, mut error) = (Vec::new(), None);
    for payload in Reader::new(bytes) {
        match payload {
            Ok(payload) => all.push(payload),
            Err(e) => assert!(error.replace(e).is_none(), "one error"),
        }
    }
    (all, error)
}

fn expected() -> Vec<Payload> {
    let of = |number, time_ns, payload: &[u8]| Payload {
        number,
        time_ns,
        payload: Bytes::copy_from_slice(payload),
    };
    vec![of(1, 5, b"head"), of(3, 6, &[7; 5000]), of(10, u64::MAX, b"")]
}

#[test]
fn payloads_come_back_and_other_blocks_are_passed_over() {
    let (all, error) = read(&file());
    assert_eq!(all, expected());
    assert!(error.is_none());
    assert!(local(3, 6, &[7; 5000], true).len() < 200, "compressed");
    let twice = [file(), file()].concat();
    assert_eq!(read(&twice).0.len(), 6, "two sections");
}

#[test]
fn what_ends_early_is_read_up_to_there() {
    let whole = file();
    let ends: Vec<usize> = (1..=whole.len()).filter(|end| read(&whole[..*end]).1.is_none()).collect();
    assert_eq!(ends.len(), 8, "after each block");
    for end in 0..whole.len() {
        let (all, error) = read(&whole[..end]);
        assert!(expected().starts_with(&all), "{end}");
        assert!(error.is_some() || ends.contains(&end), "{end}");
    }
}

#[test]
fn nothing_that_is_flipped_is_fatal_and_no_payload_is_other_than_it_was() {
    let whole = file();
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            assert!(read(&bytes).0.iter().all(|payload| expected().contains(payload)), "{at}");
        }
    }
}

#[test]
fn garbage_is_refused() {
    let mut random = fastrand::Rng::with_seed(1);
    let whole = file();
    for n in 0..100_000 {
        let mut bytes: Vec<u8> = (0..random.usize(0..64)).map(|_| random.u8(..)).collect();
        if n % 2 == 0 {
            let from = whole[..random.usize(0..whole.len())].to_vec();
            bytes = [from, bytes].concat();
        }
        read(&bytes);
    }
    assert!(matches!(read(b"").1, Some(ReadError::Damaged { .. })));
    assert!(matches!(read(b"\xd4\xc3\xb2\xa1\x02\0\x04\0").1, Some(ReadError::Foreign)));
    assert!(matches!(read(b"hello").1, Some(ReadError::Foreign)));
    // A length alone takes no memory.
    let mut large = section("", "", "", "");
    large.extend([kind::LOCAL.to_le_bytes(), (LARGEST as u32).to_le_bytes()].concat());
    assert!(read(&large).1.unwrap().to_string().ends_with("it ends within a block"));
    large.truncate(large.len() - 4);
    large.extend(u32::MAX.to_le_bytes());
    assert!(read(&large).1.is_some());
}

#[test]
fn a_small_payload_that_stands_for_a_large_one_is_refused() {
    let bomb = ruzstd::encoding::compress_to_vec(
        &vec![0u8; LARGEST + 1][..],
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let block = local::block_of(3, 1, 0, &bomb);
    let whole = [section("", "", "", ""), block].concat();
    assert!(read(&whole).1.unwrap().to_string().ends_with("its compressed payload is too large"));
}

#[test]
fn the_other_byte_order_is_read_too() {
    let mut bytes = Vec::new();
    for number in [kind::SECTION, 28, BYTE_ORDER, 0x0001_0000, u32::MAX, u32::MAX, 28, 9, 12, 12] {
        bytes.extend(number.to_be_bytes());
    }
    assert!(read(&bytes).1.is_none());
}
