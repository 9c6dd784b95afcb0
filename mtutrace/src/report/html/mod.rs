//! The page: one file, which needs no network and no script. What comes from outside is escaped by maud, and what acts on
//! text (direction, control characters) by [`escape`].
mod comparison;
mod frame;
mod parts;

use maud::{Markup, html};

use super::compare::Comparison;
use super::incident::{FULL, Incident};
use super::svg;
use super::words::{self, moment};
use crate::output::escape::escape;
pub(super) use frame::frame;
pub(super) use parts::sentences;

/// A report as a page.
pub(crate) fn page(incident: &Incident) -> String {
    let title = format!("MTU report: {}", escape(&incident.machine.host));
    // Where each history goes on counting: the marks of the timeline are numbered through.
    let numbers: Vec<usize> = incident
        .verdicts
        .iter()
        .scan(1, |next, story| Some(std::mem::replace(next, *next + story.history.len())))
        .collect();
    let changes: usize = incident.verdicts.iter().map(|story| story.history.len()).sum();
    frame(
        &title,
        &html! {
            header {
                (badge(incident))
                h1 { (escape(&incident.headline)) }
                p class="weak" {
                    (escape(&incident.machine.host)) ", "
                    time datetime=(incident.start) { (moment(&incident.start)) } " to "
                    time datetime=(incident.end) { (moment(&incident.end)) } " UTC ("
                    (format!("{:.1}", incident.duration_ms as f64 / 1000.0)) " s)"
                }
            }
            main id="main" {
                @for (n, story) in incident.verdicts.iter().take(FULL).enumerate() {
                    (parts::story(story, n, numbers.get(n).copied().unwrap_or(1)))
                }
                (parts::others(incident))
                (parts::standing(incident))
                @if let Some(drawing) = svg::timeline::draw(incident) {
                    section aria-labelledby="timeline" {
                        h2 id="timeline" { "Timeline" }
                        figure {
                            (parts::scrolled("Timeline", &drawing))
                            figcaption { "Numbers on top are changes of verdicts, as they are numbered in the histories"
                                @if changes > svg::timeline::MARKS { " (the first " (svg::timeline::MARKS) " of " (changes) ")" } "." }
                        }
                    }
                }
                @if let Some(drawing) = svg::sizes::draw(incident) {
                    section aria-labelledby="sizes" {
                        h2 id="sizes" { "Packet sizes" }
                        figure {
                            (parts::scrolled("Packet sizes", &drawing))
                            @if incident.sizes_left_out > 0 {
                                figcaption { (incident.sizes_left_out) " events about packets of further lengths are not in it." }
                            }
                        }
                    }
                }
                (parts::flows(incident))
                (parts::containers(incident))
                (parts::sentences("notes", "What led to no verdict", &incident.notes))
                (parts::sentences("unseen", "What could not be seen", &incident.unseen))
                (parts::machine(incident))
            }
        },
    )
}

/// A comparison as a page.
pub(crate) fn compared(comparison: &Comparison) -> String {
    frame("MTU report: before and after", &comparison::page(comparison))
}

fn badge(incident: &Incident) -> Markup {
    let class = match incident.severity {
        Some(severity) => severity.word().to_lowercase(),
        None if incident.proven => "fine".to_owned(),
        None => "info".to_owned(),
    };
    html! { p { span class=(format!("badge {class}")) { (words::badge(incident)) } } }
}
