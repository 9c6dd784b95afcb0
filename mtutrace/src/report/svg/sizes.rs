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
    let x = |length: u32| LEFT + WIDTH * f64::from(length.saturating_sub(low)) / span;
    let mut bins = vec![0u64; BINS];
    for (length, count) in &incident.sizes {
        let bin = (f64::from(length.saturating_sub(low)) / span * BINS as f64) as usize;
        bins[bin.min(BINS - 1)] += count;
    }
    let tallest = round_up(bins.iter().copied().max().unwrap_or(1));
    let (bottom, bar) = (TOP + TALL, WIDTH / BINS as f64);
    let words: Vec<String> = incident.limits.iter().map(u32::to_string).collect();
    Some(html! {
        svg class="sizes" viewBox=(format!("0 0 {} {}", at(LEFT + WIDTH + 24.0), at(bottom + 38.0))) role="img" aria-labelledby="sizes-title sizes-desc" {
            title id="sizes-title" { "Sizes of the packets that events are about" }
            desc id="sizes-desc" { "From " (smallest) " to " (most) " bytes; MTUs: " (words.join(", ")) }
            @for (n, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
                @let tall = (TALL * *count as f64 / tallest as f64).max(1.5);
                rect class="bar size" x=(at(LEFT + bar * n as f64 + 0.5)) y=(at(bottom - tall)) width=(at(bar - 1.0)) height=(at(tall)) {}
            }
            line class="axis" x1=(LEFT) x2=(at(LEFT + WIDTH)) y1=(at(bottom)) y2=(at(bottom)) {}
            text class="small" x=(at(LEFT - 6.0)) y=(at(TOP + 4.0)) text-anchor="end" { (tallest) }
            text class="small" x=(at(LEFT - 6.0)) y=(at(bottom)) text-anchor="end" { "0" }
            @for (n, limit) in incident.limits.iter().enumerate() {
                @let at_x = at(x(*limit));
                line class="limit-line" x1=(at_x) x2=(at_x) y1=(at(TOP - 6.0 - 14.0 * (n % 2) as f64)) y2=(at(bottom)) {}
                text class="label" x=(at_x) y=(at(TOP - 9.0 - 14.0 * (n % 2) as f64)) text-anchor="middle" { "MTU " (limit) }
            }
            text class="small" x=(LEFT) y=(at(bottom + 15.0)) { (low) " bytes" }
            text class="small" x=(at(LEFT + WIDTH)) y=(at(bottom + 15.0)) text-anchor="end" { @if most > largest { "≥ " } (high) " bytes" }
            text class="small" x=(at(LEFT + WIDTH / 2.0)) y=(at(bottom + 31.0)) text-anchor="middle" { "length at L3; height: events" }
        }
    })
}
