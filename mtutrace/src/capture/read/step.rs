//! One step of the reader: a block, or why there is none.

use pcap_parser::pcapng::Block;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{PcapBlockOwned, PcapError};

use super::interface::Interface;
use super::source::{Frame, Source};

/// Interfaces of a file that are kept.
const INTERFACES: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A block of that many bytes.
    Took(usize),
    /// The window was filled up.
    More,
    End,
    /// It does not fit into the window.
    TooLarge,
    Cut,
    Unreadable,
    Damaged,
}

/// What holds from one section header to the next.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) big_endian: bool,
    /// Where its interfaces begin among those of the file, and how many it has described.
    first: usize,
    described: usize,
    nanoseconds: bool,
    last_ns: u64,
}

pub(super) fn next(reader: &mut dyn PcapReaderIterator, take: impl FnOnce(&PcapBlockOwned<'_>)) -> Step {
    let ended = match reader.next() {
        Ok((bytes, block)) => {
            take(&block);
            return Step::Took(bytes);
        }
        Err(PcapError::Eof) => return Step::End,
        Err(PcapError::BufferTooSmall) => return Step::TooLarge,
        Err(PcapError::ReadError) => return Step::Unreadable,
        Err(PcapError::UnexpectedEof) => true,
        Err(PcapError::Incomplete(_)) => false,
        Err(_) => return Step::Damaged,
    };
    let before = reader.data().len();
    match ended {
        true if before == 0 => Step::End,
        true => Step::Cut,
        false if reader.refill().is_err() => Step::Unreadable,
        // Full to the brim, and still not all of the block.
        false if reader.data().len() == before && !reader.reader_exhausted() => Step::TooLarge,
        false => Step::More,
    }
}

pub(super) fn handle(
    block: &PcapBlockOwned<'_>,
    section: &mut Section,
    source: &mut Source,
    take: &mut impl FnMut(Frame<'_>),
) {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            section.nanoseconds = header.is_nanosecond_precision();
            source.interfaces.push(Interface::of_pcap(header.network.0));
            section.described = 1;
        }
        PcapBlockOwned::Legacy(packet) => {
            let fraction = u64::from(packet.ts_usec) * if section.nanoseconds { 1 } else { 1000 };
            let time_ns = u64::from(packet.ts_sec) * 1_000_000_000 + fraction;
            frame(section, source, 0, Some(time_ns), packet.origlen, packet.data, take);
        }
        PcapBlockOwned::NG(Block::SectionHeader(header)) => {
            let big_endian = header.big_endian();
            let (first, last_ns) = (source.interfaces.len(), section.last_ns);
            *section = Section { big_endian, first, last_ns, ..Section::default() };
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
            section.described += 1;
            if source.interfaces.len() < INTERFACES {
                source.interfaces.push(Interface::of_pcapng(described, section.big_endian));
            }
        }
        PcapBlockOwned::NG(Block::InterfaceStatistics(statistics)) => {
            let big_endian = section.big_endian;
            if let Some(interface) = find(section, source, statistics.if_id) {
                interface.statistics(statistics, big_endian);
            }
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let time = find(section, source, packet.if_id);
            let time = time.map(|interface| interface.time_ns(packet.ts_high, packet.ts_low));
            frame(section, source, packet.if_id, time, packet.origlen, packet.packet_data(), take);
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            frame(section, source, 0, None, packet.origlen, packet.packet_data(), take);
        }
        PcapBlockOwned::NG(_) => {}
    }
}

/// An interface of this section, by its number there.
fn find<'a>(section: &Section, source: &'a mut Source, number: u32) -> Option<&'a mut Interface> {
    let number = usize::try_from(number).ok().filter(|number| *number < section.described)?;
    source.interfaces.get_mut(section.first + number)
}

fn frame(
    section: &mut Section,
    source: &mut Source,
    number: u32,
    time_ns: Option<u64>,
    length: u32,
    bytes: &[u8],
    take: &mut impl FnMut(Frame<'_>),
) {
    let Some(interface) = find(section, source, number) else {
        source.without_interface += 1;
        return;
    };
    interface.packets += 1;
    let link = interface.link;
    section.last_ns = time_ns.unwrap_or(section.last_ns);
    // A file that says it kept more than there was means what it kept.
    let length = length.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let interface = section.first + number as usize;
    take(Frame { time_ns: section.last_ns, interface, link, length, bytes });
}
