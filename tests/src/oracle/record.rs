//! Records of the ring, comparable and readable.

use bytemuck::Pod;
use mtutrace_common::event::{FragmentEvent, IcmpEvent, OversizedEvent, SackEvent, SynEvent};
use mtutrace_common::{EventHeader, Signal};

/// A record that a classifier sends.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "each is what it holds")]
pub enum Record {
    Oversized(OversizedEvent),
    Fragmented(FragmentEvent),
    IcmpSeen(IcmpEvent),
    Syn(SynEvent),
    SackHole(SackEvent),
}

impl Record {
    /// Reads one; none for what no classifier sends, or of a wrong length.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let header: EventHeader =
            bytemuck::try_pod_read_unaligned(bytes.get(..size_of::<EventHeader>())?).ok()?;
        fn whole<T: Pod>(bytes: &[u8]) -> Option<T> {
            bytemuck::try_pod_read_unaligned(bytes).ok()
        }
        match Signal::from_number(header.kind)? {
            Signal::Oversized => whole(bytes).map(Self::Oversized),
            Signal::Fragmented => whole(bytes).map(Self::Fragmented),
            Signal::IcmpSeen => whole(bytes).map(Self::IcmpSeen),
            Signal::Syn => whole(bytes).map(Self::Syn),
            Signal::SackHole => whole(bytes).map(Self::SackHole),
            _ => None,
        }
    }

    /// Which signal it is of.
    pub fn signal(&self) -> Signal {
        match self {
            Self::Oversized(_) => Signal::Oversized,
            Self::Fragmented(_) => Signal::Fragmented,
            Self::IcmpSeen(_) => Signal::IcmpSeen,
            Self::Syn(_) => Signal::Syn,
            Self::SackHole(_) => Signal::SackHole,
        }
    }

    /// When it was made, CLOCK_MONOTONIC in nanoseconds; 0 from then on, for two records are the same at different times.
    pub fn take_time(&mut self) -> u64 {
        std::mem::take(&mut self.header_mut().time_ns)
    }

    /// Its header.
    pub(super) fn header_mut(&mut self) -> &mut EventHeader {
        match self {
            Self::Oversized(e) => &mut e.header,
            Self::Fragmented(e) => &mut e.header,
            Self::IcmpSeen(e) => &mut e.header,
            Self::Syn(e) => &mut e.header,
            Self::SackHole(e) => &mut e.header,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Oversized(e) => bytemuck::bytes_of(e),
            Self::Fragmented(e) => bytemuck::bytes_of(e),
            Self::IcmpSeen(e) => bytemuck::bytes_of(e),
            Self::Syn(e) => bytemuck::bytes_of(e),
            Self::SackHole(e) => bytemuck::bytes_of(e),
        }
    }
}

/// By every byte, padding and what a signal leaves at 0 included.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.signal() == other.signal() && self.bytes() == other.bytes()
    }
}
