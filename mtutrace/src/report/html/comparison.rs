//! A comparison as a page.
use maud::{Markup, html};

use super::super::compare::{Comparison, Fate, Side};
use super::super::words::moment;
use super::parts::scrolled;
use crate::output::escape::escape;

/// Its header and its body.
pub(super) fn page(comparison: &Comparison) -> Markup {
    let (class, word) = if comparison.fixed { ("fine", "FIXED") } else { ("critical", "NOT FIXED") };
    html! {
        header {
            p { span class=(format!("badge {class}")) { (word) } }
            h1 { (escape(&comparison.headline)) }
        }
        main id="main" {
            section aria-labelledby="sides" {
                h2 id="sides" { "Compared" }
                dl { dt { "Before" } dd { (side(&comparison.before)) } dt { "After" } dd { (side(&comparison.after)) } }
            }
            section aria-labelledby="verdicts" {
                h2 id="verdicts" { "Verdicts" }
                @for change in &comparison.verdicts {
                    h3 { span class=(if change.state == Fate::Fixed { "fine" } else { "critical" }) { (change.state.word()) } }
                    p { (escape(&change.what)) }
                    p { (escape(&change.why)) }
                }
            }
            section aria-labelledby="figures" {
                h2 id="figures" { "Figures" }
                (scrolled("Figures", &html! { table {
                    caption { "Events in a minute" }
                    thead { tr { th scope="col" { "Signal" } th scope="col" class="number" { "Before" } th scope="col" class="number" { "After" } } }
                    tbody { @for figure in &comparison.figures { tr {
                        th scope="row" { (figure.name) }
                        td class="number" { (format!("{:.1}", figure.before)) } td class="number" { (format!("{:.1}", figure.after)) }
                    } } }
                } }))
            }
        }
    }
}

fn side(side: &Side) -> Markup {
    html! {
        (escape(&side.host)) ", " time datetime=(side.start) { (moment(&side.start)) } " ("
        (format!("{:.1}", side.duration_ms as f64 / 1000.0)) " s), kernel " (escape(&side.kernel))
    }
}
