//! Events by time: a row of bars for each signal, and a mark for each change of a verdict.
use maud::{Markup, html};

use super::super::incident::Incident;
use super::{at, round_up};

const LEFT: f64 = 128.0;
const WIDTH: f64 = 560.0;
const ROW: f64 = 40.0;
const BARS: f64 = 26.0;
const TOP: f64 = 18.0;
/// Marks of changes that are drawn; the histories have them all.
pub(in crate::report) const MARKS: usize = 12;

/// The timeline; nothing where there were no events.
pub(in crate::report) fn draw(incident: &Incident) -> Option<Markup> {
    let series = &incident.timeline.series;
    let parts = series.values().map(Vec::len).max().filter(|parts| *parts > 0)?;
    let bottom = TOP + ROW * series.len() as f64;
    let (height, right) = (bottom + 22.0, LEFT + WIDTH);
    let step = WIDTH / parts as f64;
    let span_ms = (incident.timeline.step_ms * parts as u64).max(1);
    let x = |ms: u64| LEFT + WIDTH * ms.min(span_ms) as f64 / span_ms as f64;
    let words: Vec<String> = series
        .iter()
        .map(|(signal, steps)| format!("{} {}", signal.name(), steps.iter().sum::<u64>()))
        .collect();
    let marks = incident.verdicts.iter().flat_map(|story| &story.history).take(MARKS);
    Some(html! {
        svg class="timeline" viewBox=(format!("0 0 {} {}", at(right + 12.0), at(height))) role="img" aria-labelledby="timeline-title timeline-desc" {
            title id="timeline-title" { "Events by time, a row for each signal" }
            desc id="timeline-desc" { "In all: " (words.join(", ")) }
            @for (n, (signal, steps)) in series.iter().enumerate() {
                @let base = TOP + ROW * n as f64 + BARS + 8.0;
                @let most = round_up(steps.iter().copied().max().unwrap_or(1));
                text class="label" x=(at(LEFT - 8.0)) y=(at(base - 8.0)) text-anchor="end" { (signal.name()) }
                text class="small" x=(at(LEFT - 8.0)) y=(at(base + 4.0)) text-anchor="end" { "full height: " (most) }
                line class="axis" x1=(LEFT) x2=(at(right)) y1=(at(base)) y2=(at(base)) {}
                @for (part, count) in steps.iter().enumerate().filter(|(_, count)| **count > 0) {
                    // Never too low to be seen.
                    @let tall = (BARS * *count as f64 / most as f64).max(1.5);
                    rect class=(format!("bar {}", signal.name())) x=(at(LEFT + step * part as f64)) y=(at(base - tall)) width=(at((step - 0.5).max(0.8))) height=(at(tall)) {}
                }
            }
            @for (n, change) in marks.enumerate() {
                @let at_x = at(x(change.at_ms));
                line class="mark" x1=(at_x) x2=(at_x) y1="12" y2=(at(bottom)) {}
                text class="small" x=(at_x) y="9" text-anchor="middle" { (n + 1) }
            }
            text class="small" x=(LEFT) y=(at(bottom + 16.0)) { "0 s" }
            text class="small" x=(at(right)) y=(at(bottom + 16.0)) text-anchor="end" { (seconds(span_ms)) }
        }
    })
}

fn seconds(ms: u64) -> String {
    format!("{} s", at(ms as f64 / 1000.0))
}
