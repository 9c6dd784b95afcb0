//! Valid input made wrong: what a fuzzer does first, without its measuring of what is reached.

use fastrand::Rng;

/// What is at the limits of numbers, and between the parts of texts.
const TELLING: [&[u8]; 24] = [
    b"0",
    b"-1",
    b"4294967296",
    b"18446744073709551616",
    b"1e999",
    b" ",
    b"\n",
    b"\t",
    b":",
    b"=",
    b"/",
    b"\\",
    b"\"",
    b"{",
    b"[",
    b"]",
    b"null",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff",
    b"\x80",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"[::]",
];

/// One to four changes.
pub(super) fn mutate(random: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.u8(1..5) {
        let at = random.usize(..=bytes.len());
        let end = at + random.usize(..=(bytes.len() - at).min(64));
        match random.u8(0..9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            // A part twice, here or elsewhere.
            2 => {
                let part = bytes[at..end].to_vec();
                let to = random.usize(..=bytes.len());
                drop(bytes.splice(to..to, part));
            }
            3 => drop(bytes.splice(at..end, TELLING[random.usize(..TELLING.len())].iter().copied())),
            4 => drop(bytes.splice(at..at, TELLING[random.usize(..TELLING.len())].iter().copied())),
            5 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.u8(..)),
            _ if bytes.is_empty() => bytes.push(random.u8(..)),
            6 => {
                let at = random.usize(..bytes.len());
                bytes[at] ^= 1 << random.u8(0..8);
            }
            7 => {
                let at = random.usize(..bytes.len());
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.usize(..5)];
            }
            _ => {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
        }
    }
    bytes
}
