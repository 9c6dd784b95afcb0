//! TC: a TCP SYN or SYN-ACK passes.
use mtutrace_common::Signal;
use mtutrace_common::event::SynEvent;

use super::options;
use super::seen::Seen;
use crate::emit::emit;
use crate::packet::Source;

/// The option's kind and length (RFC 9293 §3.2).
const MSS: u8 = 2;
const LENGTH: u8 = 4;

/// Reports the segment with its MSS option.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    emit(Signal::Syn, seen.origin(), |event: &mut SynEvent| {
        event.packet = *seen.packet;
        event.mss = mss(seen);
        event.identity = match seen.packet.family {
            4 => u32::from(seen.packet.ip_id),
            // RFC 8200 §3: the low 20 bits of the first word.
            _ => u32::from_be(seen.source.get(0)?) & 0x000f_ffff,
        };
        Some(())
    });
}

/// The MSS option, 0 without one. What is behind the header is data, whatever it looks like.
#[inline(always)]
fn mss(seen: &Seen<'_>) -> u32 {
    let at = options::end(seen).and_then(|end| options::find(seen, end, MSS, usize::from(LENGTH)));
    match at.and_then(|at| seen.source.get::<[u8; 4]>(at)) {
        Some([_, LENGTH, high, low]) => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    }
}
