//! Parts of the page.
use maud::{Markup, html};

use super::super::incident::{FULL, Incident, Story};
use super::super::svg;
use super::super::words::{counters, moment};
use crate::kernel::hooks::State;
use crate::model::{Fix, FixScope};
use crate::output::escape::escape;
use crate::output::text::label;

/// A verdict: who suffers, whose MTU is wrong, what fixes it, and what it rests on.
/// `first`: the number of its first change.
pub(super) fn story(story: &Story, n: usize, first: usize) -> Markup {
    let v = &story.verdict;
    let id = format!("verdict-{n}");
    let state = v.ended.map_or("active", |_| "over");
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (v.severity.word()) ": " (v.kind.title()) " (" (state) ")" }
            @if n > 0 { p { (escape(&v.summary)) } }
            dl {
                @if let Some(container) = &v.container {
                    dt { "Who suffers" } dd { (label(container)) @for outer in &container.parents { " in " (label(outer)) } }
                }
                @if let Some(culprit) = &v.culprit {
                    dt { "Wrong MTU" } dd { (escape(&culprit.interface)) ": " (culprit.mtu) }
                }
                @if let Some(bottleneck) = &v.bottleneck { dt { "What fits" } dd { (bottleneck.mtu()) } }
                dt { "Since" } dd { time datetime=(story.since) { (moment(&story.since)) } }
            }
            (remedies(&v.fix))
            @if let Some(drawing) = svg::chain::draw(story, n) { h3 { "Path" } figure { (drawing) } }
            @if !v.evidence.is_empty() {
                h3 { "Evidence" }
                ul { @for sentence in &v.evidence { li { (escape(sentence)) } } }
            }
            h3 { "History" }
            ol start=[(first > 1).then_some(first)] { @for change in &story.history {
                li { time datetime=(change.time) { (moment(&change.time)) } " " (escape(&change.what)) }
            } }
        }
    }
}

/// Those for which a page has no room: a line each.
pub(super) fn others(incident: &Incident) -> Markup {
    let others = incident.verdicts.get(FULL..).unwrap_or_default();
    html! {
        @if !others.is_empty() {
            section aria-labelledby="others" {
                h2 id="others" { (others.len()) " more verdicts" }
                p class="weak" { "The " (FULL) " worst are told in full; all of them are in " code { "--format json" } "." }
                ul { @for story in others { li { (escape(&story.line())) } } }
            }
        }
    }
}

/// What works at once, what lasts, and all else.
fn remedies(fixes: &[Fix]) -> Markup {
    let (now, lasting) = (Fix::best(fixes, FixScope::Now), Fix::best(fixes, FixScope::Permanent));
    let others: Vec<&Fix> = fixes.iter().filter(|fix| Some(*fix) != now && Some(*fix) != lasting).collect();
    html! {
        @if let Some(fix) = now { h3 { "Fix: now" } (remedy(fix)) }
        @if let Some(fix) = lasting { h3 { "Fix: for good" } (remedy(fix)) }
        @if !others.is_empty() {
            details { summary { "Other remedies (" (others.len()) ")" } @for fix in others { (remedy(fix)) } }
        }
    }
}

fn remedy(fix: &Fix) -> Markup {
    html! {
        p { (escape(&fix.r#where)) ": " (escape(&fix.what)) }
        pre { (escape(&fix.command)) }
        @if let Some(undo) = &fix.undo { p class="weak" { "Undo:" } pre { (escape(undo)) } }
    }
}

/// MTUs that do not fit as the node stands.
pub(super) fn standing(incident: &Incident) -> Markup {
    html! {
        @let open = incident.untold();
        @if !open.is_empty() {
            section aria-labelledby="standing" {
                h2 id="standing" { "MTUs that do not fit, whether or not a packet died of it" }
                @for mismatch in open {
                    p { (mismatch.severity.word()) ": " (escape(&mismatch.summary)) }
                    (remedies(&mismatch.fix))
                }
            }
        }
    }
}

/// What is wider than the page can be scrolled, also by keys.
pub(super) fn scrolled(name: &str, content: &Markup) -> Markup {
    html! { div class="scroll" role="group" aria-label=(name) tabindex="0" { (content) } }
}

/// Flows.
pub(super) fn flows(incident: &Incident) -> Markup {
    let more = incident.flows_left_out;
    html! {
        @if !incident.flows.is_empty() {
            section aria-labelledby="flows" {
                h2 id="flows" { "Flows" }
                (scrolled("Flows", &html! { table {
                    caption { "Those with the most events" @if more > 0 { "; " (more) " more flows or events are not here" } }
                    thead { tr {
                        th scope="col" { "From" } th scope="col" { "To" } th scope="col" { "Container" }
                        th scope="col" class="number" { "Largest" } th scope="col" class="number" { "Limit" } th scope="col" { "Events" }
                    } }
                    tbody { @for flow in &incident.flows { tr {
                        td { (flow.protocol) " " (flow.src) } td { (flow.dst) }
                        td { @if let Some(container) = &flow.container { (label(container)) } @else { "–" } }
                        td class="number" { (flow.largest) }
                        td class="number" { @if let Some(limit) = flow.limit { (limit) } @else { "–" } }
                        td { (counters(&flow.counters)) }
                    } } }
                } }))
            }
        }
    }
}

/// Counters by container.
pub(super) fn containers(incident: &Incident) -> Markup {
    let more = incident.containers_left_out;
    html! {
        @if !incident.containers.is_empty() {
            section aria-labelledby="containers" {
                h2 id="containers" { "Containers" }
                (scrolled("Containers", &html! { table {
                    caption { "Events by whose they are" @if more > 0 { "; " (more) " more are not here" } }
                    thead { tr { th scope="col" { "Who" } th scope="col" { "Events" } } }
                    tbody { @for row in &incident.containers { tr {
                        td { (escape(&row.name)) } td { (counters(&row.counters)) }
                    } } }
                } }))
            }
        }
    }
}

/// A list of sentences.
pub(in crate::report) fn sentences(id: &str, title: &str, all: &[String]) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                ul { @for sentence in all { li { (escape(sentence)) } } }
            }
        }
    }
}

/// The machine, and what could be seen on it.
pub(super) fn machine(incident: &Incident) -> Markup {
    let machine = &incident.machine;
    html! {
        section aria-labelledby="machine" {
            h2 id="machine" { "Machine and hooks" }
            dl {
                dt { "Host" } dd { (escape(&machine.host)) @if machine.anonymized { " (addresses and names are others than they were)" } }
                dt { "Kernel" } dd { (escape(&machine.kernel)) }
                dt { "mtutrace" } dd { (escape(&machine.mtutrace)) }
                dt { "Events" } dd { (incident.events) }
                dt { "Records lost" } dd { (incident.records.lost) }
                dt { "Records left out" } dd { (incident.records.left_out_total()) }
            }
            @if !incident.hooks.is_empty() {
                details {
                    summary { "Hooks (" (incident.hooks.len()) ")" }
                    (scrolled("Hooks", &html! { table {
                        caption { "Where mtutrace looked" }
                        thead { tr { th scope="col" { "Hook" } th scope="col" { "State" } th scope="col" { "Why" } } }
                        tbody { @for hook in &incident.hooks { tr {
                            td { (escape(&hook.hook)) } td { (state(hook.state)) }
                            td { @if let Some(why) = &hook.why { (escape(why)) } }
                        } } }
                    } }))
                }
            }
        }
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Attached => "attached",
        State::Fallback => "stands in",
        State::Standby => "not needed",
        State::Missing => "missing",
    }
}
