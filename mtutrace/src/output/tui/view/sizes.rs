//! Packet sizes as bars, with the MTUs of the path as lines between them.
use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;
use ratatui::text::Line;

use super::cell::{count, fit, right};
use super::theme::Theme;
use crate::model::Hop;

/// About this many bars.
const BARS: u64 = 8;
/// Width of the sizes and of the counts beside the bars.
const SIZES: usize = 12;
const COUNT: usize = 6;

/// Bars from the smallest size to the largest.
pub(super) fn lines(sizes: &Histogram<u32>, path: &[Hop], room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("Packet sizes, bytes including the IP header", theme.strong())];
    if sizes.is_empty() {
        lines.push(Line::from("no packets yet"));
        return lines;
    }
    let mut mtus: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    path.iter().for_each(|hop| {
        mtus.entry(u64::from(hop.mtu)).or_default().insert(&hop.interface);
    });
    let bins = bins(sizes.min(), sizes.max(), mtus.keys().copied());
    let counts: Vec<u64> = bins.windows(2).map(|edge| sizes.count_between(edge[0] + 1, edge[1])).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let width = room.saturating_sub(SIZES + COUNT + 1) as u64;
    for (edge, n) in bins.windows(2).zip(counts) {
        let bar = if n == 0 { 0 } else { (n * width / most).max(1) };
        let range = right(&format!("{}-{}", edge[0] + 1, edge[1]), SIZES - 1);
        let bar = "█".repeat(usize::try_from(bar).unwrap_or(0));
        lines.push(Line::from(format!("{range} {} {bar}", right(&count(n), COUNT))));
        if let Some(names) = mtus.get(&edge[1]) {
            let names = names.iter().copied().collect::<Vec<_>>().join(", ");
            let text = fit(&format!("MTU {} {names} ", edge[1]), room);
            let rest = room.saturating_sub(super::cell::width(&text) + SIZES);
            lines.push(Line::styled(
                format!("{} {text}{}", "─".repeat(SIZES - 1), "─".repeat(rest)),
                theme.wrong(),
            ));
        }
    }
    lines
}

/// Edges of the bins: round numbers and the MTUs, so that what fits one is never in a bin with what does not.
fn bins(min: u64, max: u64, mtus: impl Iterator<Item = u64>) -> Vec<u64> {
    let mtus: Vec<u64> = mtus.collect();
    let low = mtus.iter().copied().chain([min]).min().unwrap_or(min).min(min).saturating_sub(1);
    let high =
        mtus.iter().copied().filter(|mtu| *mtu <= max.saturating_mul(4)).chain([max]).max().unwrap_or(max);
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]
        .into_iter()
        .find(|step| (high - low) / step <= BARS)
        .unwrap_or(20_000);
    let first = low / step * step;
    let round = (0..=BARS + 2).map(|n| first + n * step).take_while(|edge| *edge < high + step);
    let edges: BTreeSet<u64> =
        round.chain(mtus.into_iter().filter(|mtu| (low..=high).contains(mtu))).collect();
    edges.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(1490, 1500, &[1450, 1500]; "close together")]
    #[test_case(40, 65535, &[1450, 1500, 9000]; "from tiny to huge")]
    #[test_case(1500, 1500, &[1500]; "one size")]
    #[test_case(1, 1, &[]; "the smallest")]
    #[test_case(576, 1400, &[65536]; "below them all")]
    fn every_size_has_a_bin(min: u64, max: u64, mtus: &[u64]) {
        let bins = bins(min, max, mtus.iter().copied());
        assert!(bins[0] < min && bins[bins.len() - 1] >= max, "{bins:?}");
        assert!(bins.windows(2).all(|pair| pair[0] < pair[1]), "{bins:?}");
        assert!(bins.len() <= 16, "{bins:?}");
        let between = |mtu: &&u64| **mtu <= max && **mtu >= min;
        assert!(mtus.iter().filter(between).all(|mtu| bins.contains(mtu)), "{bins:?}");
    }
}
