//! What packets alone can say: captures of tcpdump, ptcpdump and Wireshark, read without root on any machine.
//!
//! `read/` makes frames of bytes, `packet/` packets of frames, `facts/` keeps figures of connections and paths,
//! `findings/` says in words what they prove. All of it is hostile input: no length in a file makes room, each table
//! has a bound, and what was left out is counted.

mod facts;
mod findings;
mod packet;
mod read;
#[cfg(test)]
mod tests;

use std::io::Read;

use facts::Facts;
pub use findings::{
    CaptureFacts, Confidence, ConnectionFacts, Finding, FindingKind, Findings, FragmentFacts, InterfaceFacts,
    LeftOut, PathFacts, StallFacts, TooBigFacts, WayFacts,
};
pub use read::CaptureError;

/// Reads a capture to its end (or up to where it is damaged, which the findings say) and judges it.
///
/// # Errors
/// If the bytes are neither pcap nor pcapng, or nothing at all can be read.
pub fn analyse(file: impl Read) -> Result<Findings, CaptureError> {
    within(read::WINDOW, file)
}

/// The same with a window of that many bytes.
fn within(window: usize, file: impl Read) -> Result<Findings, CaptureError> {
    let mut facts = Facts::default();
    let source = read::read(window, file, |frame| facts.frame(frame))?;
    Ok(findings::judge(&facts.finish(), &source))
}

/// Whether bytes begin as a capture does (pcap or pcapng of either byte order), by the first four.
#[must_use]
pub fn is_capture(head: &[u8]) -> bool {
    read::format(head).is_some()
}
