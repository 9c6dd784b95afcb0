//! Our own blocks, which carry what replay reads.
use bytes::{Buf, Bytes};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read;

use super::body::Body;
use super::numbers::{LARGEST, kind};

/// Whose block of this type it is: others may use the same one.
const MAGIC: &[u8; 4] = b"mtut";
/// Of the flags: the payload is compressed (RFC 8878).
const ZSTD: u8 = 1;
/// Shorter ones only grow.
const WORTH: usize = 256;
/// Magic, kind, flags, two bytes of nothing, time, length of the payload as it is stored, checksum.
const HEADER: usize = 4 + 1 + 1 + 2 + 8 + 4 + 4;

/// A block with a payload; `time_ns` is CLOCK_MONOTONIC's.
pub(crate) fn local(number: u8, time_ns: u64, payload: &[u8], zstd: bool) -> Vec<u8> {
    let zstd = zstd && payload.len() >= WORTH;
    let compressed = zstd.then(|| compress_to_vec(payload, CompressionLevel::Fastest));
    let stored = compressed.as_deref().unwrap_or(payload);
    block_of(number, if zstd { ZSTD } else { 0 }, time_ns, stored)
}

pub(super) fn block_of(number: u8, flags: u8, time_ns: u64, stored: &[u8]) -> Vec<u8> {
    let length = u32::try_from(stored.len()).unwrap_or(u32::MAX);
    let head = Body::new().bytes(MAGIC).bytes(&[number, flags, 0, 0]).u64(time_ns);
    head.u32(length).u32(checksum(number, flags, time_ns, stored)).bytes(stored).block(kind::LOCAL, false)
}

/// Of all that matters.
fn checksum(number: u8, flags: u8, time_ns: u64, stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    [&[number, flags][..], &time_ns.to_le_bytes(), stored].into_iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

/// What one of our blocks carries: the number of its kind, its time and its payload; nothing if it is another's.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(mut body: Bytes) -> Result<Option<(u8, u64, Bytes)>, &'static str> {
    if body.len() < HEADER || !body.starts_with(MAGIC) {
        return Ok(None);
    }
    body.advance(MAGIC.len());
    let (number, flags) = (body.get_u8(), body.get_u8());
    body.advance(2);
    let time_ns = body.get_u64_le();
    let (length, sum) = (body.get_u32_le(), body.get_u32_le());
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > body.len() {
        return Err("its payload is longer than the block");
    }
    body.truncate(length);
    if checksum(number, flags, time_ns, &body) != sum {
        return Err("its checksum is wrong");
    }
    match flags {
        0 => Ok(Some((number, time_ns, body))),
        ZSTD => Ok(Some((number, time_ns, expand(&body)?))),
        _ => Err("it is packed in a way that this mtutrace does not know"),
    }
}

/// No more than a block may have: a few bytes can stand for very many.
fn expand(compressed: &[u8]) -> Result<Bytes, &'static str> {
    const DAMAGED: &str = "its compressed payload is damaged";
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let decoder = StreamingDecoder::new_with_max_window_size(compressed, limit).map_err(|_| DAMAGED)?;
    let mut payload = Vec::new();
    decoder.take(limit + 1).read_to_end(&mut payload).map_err(|_| DAMAGED)?;
    if payload.len() > LARGEST {
        return Err("its compressed payload is too large");
    }
    Ok(payload.into())
}
