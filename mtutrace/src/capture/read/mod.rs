//! Bytes become frames: pcap and pcapng of both byte orders, over a window of fixed size.

mod full;
mod interface;
mod source;
mod step;

use std::io::{Error, Read};

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{LegacyPcapReader, PcapNGReader};

use full::Full;
pub(super) use interface::Interface;
pub(super) use source::{Frame, Source};
use step::{Section, Step, handle, next};

/// The window in bytes: the largest snaplen that libpcap takes (262,144) with its block, and room. Options of one
/// block take ten times their bytes at most, so memory is bounded by this.
pub(super) const WINDOW: usize = 512 * 1024;

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It begins as neither does.
    #[error("not a capture: it begins neither as pcap nor as pcapng")]
    NotACapture,
    /// Its header is cut or wrong.
    #[error("the capture's header is damaged or cut off")]
    Header,
    /// The file could not be read from its start.
    #[error("cannot read the capture")]
    Read(#[source] Error),
}

/// The format, by its first four bytes.
pub(super) fn format(head: &[u8]) -> Option<&'static str> {
    match head.first_chunk()? {
        [0x0a, 0x0d, 0x0d, 0x0a] => Some("pcapng"),
        [0xa1, 0xb2, 0xc3, 0xd4] | [0xd4, 0xc3, 0xb2, 0xa1] => Some("pcap"),
        [0xa1, 0xb2, 0x3c, 0x4d] | [0x4d, 0x3c, 0xb2, 0xa1] | [0x34, 0xcd, 0xb2, 0xa1] => Some("pcap"),
        _ => None,
    }
}

/// Hands each frame to `take`, in the order of the file.
pub(super) fn read<R: Read>(
    window: usize,
    mut file: R,
    mut take: impl FnMut(Frame<'_>),
) -> Result<Source, CaptureError> {
    let mut head = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut head).map_err(CaptureError::Read)?;
    let format = format(&head).ok_or(CaptureError::NotACapture)?;
    let file = Full::new(head.as_slice().chain(file));
    let mut reader: Box<dyn PcapReaderIterator> = match format {
        "pcapng" => Box::new(PcapNGReader::new(window, file).map_err(|_| CaptureError::Header)?),
        _ => Box::new(LegacyPcapReader::new(window, file).map_err(|_| CaptureError::Header)?),
    };
    let mut source = Source { format, ..Source::default() };
    let mut section = Section::default();
    loop {
        let step = next(reader.as_mut(), |block| handle(block, &mut section, &mut source, &mut take));
        let at = reader.consumed();
        let damage = match step {
            Step::Took(bytes) => {
                reader.consume(bytes);
                continue;
            }
            Step::More => continue,
            Step::TooLarge if format == "pcapng" => {
                source.blocks_too_large += 1;
                match skip(reader.as_mut(), section.big_endian) {
                    Ok(()) => continue,
                    Err(damage) => damage,
                }
            }
            Step::End => return Ok(source),
            Step::TooLarge => "a packet is larger than any capture may have",
            Step::Cut => "the file ends in the middle of a packet",
            Step::Unreadable => "the file could not be read further",
            Step::Damaged => "what follows is no block of a capture",
        };
        source.damage = Some(format!("{damage} (at byte {at})"));
        return Ok(source);
    }
}

/// Passes over a block that has no room in the window, by the length that it says.
fn skip(reader: &mut dyn PcapReaderIterator, big_endian: bool) -> Result<(), &'static str> {
    let length = reader.data().get(4..8).and_then(|bytes| bytes.first_chunk()).copied();
    let length =
        length.map(|bytes| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) });
    let mut left = match length {
        Some(length) if length >= 12 => u64::from(length),
        _ => return Err("a block's length is wrong"),
    };
    while left > 0 {
        let here = reader.data().len();
        if here == 0 {
            if reader.refill().is_err() || reader.data().is_empty() {
                return Err("the file ends in the middle of a block");
            }
            continue;
        }
        let now = usize::try_from(left).map_or(here, |left| left.min(here));
        reader.consume(now);
        left -= now as u64;
    }
    Ok(())
}
