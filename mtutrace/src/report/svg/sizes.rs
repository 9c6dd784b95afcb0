//! How large the packets were that events are about, with lines where MTUs stand.
use maud::{Markup, html};

use super::super::incident::Incident;
use super::{at, round_up};

const LEFT: f64 = 56.0;
const WIDTH: f64 = 600.0;
const TALL: f64 = 120.0;
const TOP: f64 = 34.0;
/// Bars.
const BINS: usize = 48;

/// The sizes; nothing where there were none.
pub(in crate::report) fn draw(incident: &Incident) -> Option<Markup> {
    let all = incident.sizes.keys().chain(&incident.limits).copied();
    let (smallest, most) = (all.clone().min()?, all.max()?);
    // Far beyond every MTU are super-packets, before they are cut into segments: the last bar has them all.
    let enough = incident.limits.iter().max().map_or(most, |limit| limit.saturating_add(limit / 10));
    let largest = most.min(enough);
    if incident.sizes.is_empty() {
        return None;
    }
    // Room on both sides, so that a line is not the edge.
    let low = smallest.saturating_sub(20) / 10 * 10;
    let high = (largest.saturating_add(29) / 10 * 10).max(low + 10);
    let span = f64::from(high - low);
    let x = |length: f64| LEFT + WIDTH * (length - f64::from(low)) / span;
    let edges = edges(f64::from(low), span, &incident.limits);
    let mut bins = vec![0u64; edges.len() - 1];
    for (length, count) in &incident.sizes {
        // A bar ends with its upper edge: what has exactly the MTU stands left of the line.
        let bin = edges.partition_point(|edge| *edge < f64::from(*length)).saturating_sub(1);
        bins[bin.min(edges.len() - 2)] += count;
    }
    let tallest = round_up(bins.iter().copied().max().unwrap_or(1));
    let bottom = TOP + TALL;
    let words: Vec<String> = incident.limits.iter().map(u32::to_string).collect();
    Some(html! {
        svg class="sizes" viewBox=(format!("0 0 {} {}", at(LEFT + WIDTH + 24.0), at(bottom + 38.0))) role="img" aria-labelledby="sizes-title sizes-desc" {
            title id="sizes-title" { "Sizes of the packets that events are about" }
            desc id="sizes-desc" { "From " (smallest) " to " (most) " bytes; MTUs: " (words.join(", ")) }
            @for (n, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
                @let tall = (TALL * *count as f64 / tallest as f64).max(1.5);
                @let (from, to) = (x(edges[n]), x(edges[n + 1]));
                @let gap = ((to - from) / 4.0).min(0.5);
                rect class="bar size" x=(at(from + gap)) y=(at(bottom - tall)) width=(at(to - from - 2.0 * gap)) height=(at(tall)) {}
            }
            line class="axis" x1=(LEFT) x2=(at(LEFT + WIDTH)) y1=(at(bottom)) y2=(at(bottom)) {}
            text class="small" x=(at(LEFT - 6.0)) y=(at(TOP + 4.0)) text-anchor="end" { (tallest) }
            text class="small" x=(at(LEFT - 6.0)) y=(at(bottom)) text-anchor="end" { "0" }
            @for (n, limit) in incident.limits.iter().enumerate() {
                @let at_x = at(x(f64::from(*limit)));
                line class="limit-line" x1=(at_x) x2=(at_x) y1=(at(TOP - 6.0 - 14.0 * (n % 2) as f64)) y2=(at(bottom)) {}
                text class="label" x=(at_x) y=(at(TOP - 9.0 - 14.0 * (n % 2) as f64)) text-anchor="middle" { "MTU " (limit) }
            }
            text class="small" x=(LEFT) y=(at(bottom + 15.0)) { (low) " bytes" }
            text class="small" x=(at(LEFT + WIDTH)) y=(at(bottom + 15.0)) text-anchor="end" { @if most > largest { "≥ " } (high) " bytes" }
            text class="small" x=(at(LEFT + WIDTH / 2.0)) y=(at(bottom + 31.0)) text-anchor="middle" { "length at L3; height: events" }
        }
    })
}

/// Where bars begin and end: at each limit, and between at so many even steps that none is narrower than half of them.
fn edges(low: f64, span: f64, limits: &[u32]) -> Vec<f64> {
    let step = span / BINS as f64;
    let limits =
        limits.iter().map(|limit| f64::from(*limit)).filter(|limit| (low..low + span).contains(limit));
    let is_free = |n: usize, edge: f64| {
        n == 0 || n == BINS || limits.clone().all(|limit| (edge - limit).abs() >= step / 2.0)
    };
    let even = (0..=BINS).map(|n| (n, low + step * n as f64)).filter(|(n, edge)| is_free(*n, *edge));
    let mut edges: Vec<f64> = even.map(|(_, edge)| edge).chain(limits.clone()).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::collect::tests::collected;

    /// From where to where each bar reaches.
    fn bars(page: &str) -> Vec<(f64, f64)> {
        let number = |bar: &str, name: &str| -> f64 {
            bar.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0.parse().unwrap()
        };
        let bars = page.split("<rect class=\"bar size\"").skip(1);
        bars.map(|bar| (number(bar, " x"), number(bar, " x") + number(bar, "width"))).collect()
    }

    #[test]
    fn what_has_exactly_the_mtu_is_not_beyond_its_line() {
        for limits in [vec![1500], vec![1450, 1500], vec![1499, 1500, 1501], vec![576, 9000]] {
            for limit in &limits {
                let mut incident = collected(|_| {}).incident();
                incident.limits.clone_from(&limits);
                let of = |sizes: &[u32], incident: &mut Incident| {
                    incident.sizes = sizes.iter().map(|size| (*size, 1)).collect();
                    draw(incident).unwrap().into_string()
                };
                // Three bars each, on one axis: it ends a little beyond the largest limit.
                let at_limit = of(&[60, *limit, 20_000], &mut incident);
                let beyond = of(&[60, limit + 1, 20_000], &mut incident);
                let line = at_limit.split_once(&format!("text-anchor=\"middle\">MTU {limit}<")).unwrap().0;
                let line = line.rsplit_once(" x=\"").unwrap().1.split_once('"').unwrap().0;
                let line: f64 = line.parse().unwrap();
                // Coordinates have one digit behind the point.
                assert!(bars(&at_limit)[1].1 <= line + 0.1, "{limits:?} {limit}: {at_limit}");
                assert!(bars(&beyond)[1].0 >= line - 0.1, "{limits:?} {limit}: {beyond}");
            }
        }
    }
}
