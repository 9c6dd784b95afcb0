//! TCP's options.

use etherparse::TcpOptionReadError;
use etherparse::{TcpOptionElement, TcpOptionsIterator};

use super::headers::Read;

/// Limit: most options that are looked at.
const MOST: usize = 8;
const SACK: u8 = 5;

/// An option: what etherparse reads, or the bytes of one that it does not know or whose length it does not take.
enum Option_<'a> {
    Known(TcpOptionElement),
    Other(&'a [u8]),
}

/// The bytes of a header's options, as far as they are there.
pub(super) fn of<'a>(ip: &'a [u8], read: &Read) -> &'a [u8] {
    let end = (read.transport + read.transport_header).min(ip.len());
    ip.get(read.transport + 20..end).unwrap_or_default()
}

/// The MSS option. Limit: the first one, and none if its length is wrong; the kernel takes the last right one.
pub(super) fn mss(options: &[u8]) -> Option<u16> {
    all(options).into_iter().find_map(|option| match option {
        Option_::Known(TcpOptionElement::MaximumSegmentSize(mss)) => Some(Some(mss)),
        Option_::Other([2, ..]) => Some(None),
        _ => None,
    })?
}

/// The blocks of the first SACK option, left and right. Limit: of one whose length fits no whole number of blocks, which no
/// stack writes, those that are whole count.
pub(super) fn sack(options: &[u8]) -> Vec<(u32, u32)> {
    let found = all(options).into_iter().find_map(|option| match option {
        Option_::Known(TcpOptionElement::SelectiveAcknowledgement(first, [b, c, d])) => {
            Some([Some(first), b, c, d].into_iter().flatten().collect())
        }
        Option_::Other([SACK, length, blocks @ ..]) => {
            let within = usize::from(*length).saturating_sub(2).min(blocks.len());
            let number = |bytes: &[u8]| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let pair = |block: &[u8]| (number(&block[..4]), number(&block[4..]));
            Some(blocks[..within].chunks_exact(8).take(4).map(pair).collect())
        }
        _ => None,
    });
    found.unwrap_or_default()
}

fn all(mut rest: &[u8]) -> Vec<Option_<'_>> {
    let mut found = Vec::new();
    while found.len() < MOST {
        let mut iterator = TcpOptionsIterator::from_slice(rest);
        match iterator.next() {
            None => break,
            Some(Ok(option)) => {
                found.push(Option_::Known(option));
                rest = iterator.rest();
            }
            Some(Err(
                TcpOptionReadError::UnknownId(_)
                | TcpOptionReadError::UnexpectedSize { .. }
                | TcpOptionReadError::UnexpectedEndOfSlice { .. },
            )) => {
                found.push(Option_::Other(rest));
                // RFC 9293 §3.1: kind, length, data.
                match rest.get(1) {
                    Some(length @ 2..) => rest = rest.get(usize::from(*length)..).unwrap_or_default(),
                    _ => break,
                }
            }
        }
    }
    found
}
