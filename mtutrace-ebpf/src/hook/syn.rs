//! TC: a TCP SYN or SYN-ACK passes.
use mtutrace_common::Signal;
use mtutrace_common::event::SynEvent;

use super::seen::Seen;
use crate::emit::emit;
use crate::packet::Source;

/// Most options that are looked through: the MSS comes first from every stack there is, padding aside.
const MAX_OPTIONS: usize = 8;

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

/// The MSS option (RFC 9293 §3.1: kind 2, length 4), 0 without one.
#[inline(always)]
fn mss(seen: &Seen<'_>) -> u32 {
    let mut at = seen.transport + 20;
    for _ in 0..MAX_OPTIONS {
        let Some([kind, length]) = seen.source.get::<[u8; 2]>(at) else { return 0 };
        match kind {
            0 => return 0,
            1 => at += 1,
            2 => return seen.source.get::<[u8; 2]>(at + 2).map_or(0, |b| u32::from(u16::from_be_bytes(b))),
            _ if length < 2 => return 0,
            _ => at += usize::from(length),
        }
    }
    0
}
