//! TC: a first fragment passes.
use mtutrace_common::Signal;
use mtutrace_common::event::FragmentEvent;

use super::tc::Seen;
use crate::emit::{emit, header};

/// Reports a first fragment; the later ones of the packet are only counted.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    emit(Signal::Fragmented, |event: &mut FragmentEvent| {
        event.header = header(Signal::Fragmented, seen.netns(), seen.ifindex, seen.direction());
        event.packet = seen.packet;
        Some(())
    });
}
