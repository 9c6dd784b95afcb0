//! What pcapng says about an interface: its link type, its clock, its losses.

use pcap_parser::pcapng::InterfaceDescriptionBlock;
use pcap_parser::{InterfaceStatisticsBlock, OptionCode, PcapNGOption};

/// Characters of a name that are kept.
const NAME: usize = 64;
const NS: u128 = 1_000_000_000;

/// An interface of the file.
#[derive(Debug, Clone)]
pub(in crate::capture) struct Interface {
    /// Without control characters.
    pub(in crate::capture) name: Option<String>,
    pub(in crate::capture) link: u16,
    /// Packets that the capture lost there, if the file says so.
    pub(in crate::capture) dropped: Option<u64>,
    /// Packets of it in the file.
    pub(in crate::capture) packets: u64,
    units: u128,
    offset_ns: i128,
}

impl Interface {
    /// That of a pcap file, whose times are already nanoseconds.
    pub(super) fn of_pcap(link: i32) -> Self {
        Self { name: None, link: link_type(link), dropped: None, packets: 0, units: NS, offset_ns: 0 }
    }

    pub(super) fn of_pcapng(block: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        // The library reads this option as little-endian whatever the section says.
        let offset = if big_endian { block.if_tsoffset.swap_bytes() } else { block.if_tsoffset };
        Self {
            name: block.if_name().and_then(Result::ok).map(clean),
            link: link_type(block.linktype.0),
            dropped: None,
            packets: 0,
            units: units(block.if_tsresol),
            offset_ns: i128::from(offset) * NS as i128,
        }
    }

    /// Nanoseconds since 1970.
    pub(super) fn time_ns(&self, high: u32, low: u32) -> u64 {
        let ticks = (u128::from(high) << 32) | u128::from(low);
        let ns = (ticks * NS / self.units) as i128 + self.offset_ns;
        u64::try_from(ns.max(0)).unwrap_or(u64::MAX)
    }

    pub(super) fn statistics(&mut self, block: &InterfaceStatisticsBlock<'_>, big_endian: bool) {
        let counters = [OptionCode::IsbIfDrop, OptionCode::IsbOsDrop];
        let said = counters.map(|code| block.options.iter().find(|option| option.code == code));
        let said = said.into_iter().flatten().filter_map(|option| number(option, big_endian));
        // Each block has the sums so far.
        self.dropped = said.fold(None, |sum, value| Some(sum.unwrap_or(0_u64).saturating_add(value)));
    }
}

/// `if_tsresol`: a negative power of ten, or of two if the highest bit is set.
fn units(resolution: u8) -> u128 {
    let power = u32::from(resolution & 0x7f);
    let units = if resolution & 0x80 == 0 { 10_u128.checked_pow(power) } else { 1_u128.checked_shl(power) };
    units.filter(|units| *units > 0).unwrap_or(1_000_000)
}

fn number(option: &PcapNGOption<'_>, big_endian: bool) -> Option<u64> {
    let bytes = *option.value().first_chunk()?;
    (option.len == 8).then(|| if big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}

/// The lower half of the field: the upper one has flags about checksums of frames.
fn link_type(link: i32) -> u16 {
    (link & 0xffff) as u16
}

fn clean(name: &str) -> String {
    name.chars().take(NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
