//! Text for people: the verdicts first, then the affected containers, then cost and losses.
pub(crate) mod closing;
mod end;
mod look;
mod matter;
mod paint;
mod remedies;
mod shown;
mod standing;
mod tallies;
mod verdict;

use std::collections::HashMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;

use lru::LruCache;

use super::delta::Deltas;
use super::escape::escape;
use super::only::Kind;
use super::{Context, Item, Output};
use crate::model::{AttributedEvent, Container, Pod, Severity, Verdict, VerdictId};
use look::Counted;
pub(crate) use look::Look;
pub(crate) use matter::describe;
use shown::Shown;

pub(crate) use paint::{paint, severity};

/// Writes text; with colours only where somebody asked for them.
pub(crate) struct Text<W> {
    out: Counted<W>,
    look: Look,
    /// What was shown of each verdict.
    shown: LruCache<VerdictId, Shown>,
    /// The verdicts that stand: about which container, by its id, and how bad.
    active: HashMap<VerdictId, (String, Severity)>,
    deltas: Deltas,
}

/// Verdicts that are known to have been shown; one that comes again after so many others is shown in full again.
const SHOWN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

impl<W: Write> Text<W> {
    /// To this writer.
    pub(crate) fn new(out: W, look: Look) -> Text<W> {
        Text {
            out: Counted::new(out),
            look,
            shown: LruCache::sparse(SHOWN),
            active: HashMap::new(),
            deltas: Deltas::default(),
        }
    }

    /// Remembers whose verdicts stand: their counters come first.
    fn note(&mut self, v: &Verdict) {
        match v.container.as_ref().filter(|_| v.active) {
            Some(container) => self.active.insert(v.id, (container.id.clone(), v.severity)),
            None => self.active.remove(&v.id),
        };
    }

    fn paint(&self, code: &str, text: &str) -> String {
        paint(self.look.colour, code, text)
    }

    fn event(&mut self, e: &AttributedEvent, context: &Context<'_>) -> io::Result<()> {
        let event = &e.event;
        let who = e.container.as_ref().map_or("-", Container::short_id);
        let device = event.device().and_then(|d| context.node.link(d)).map_or("-", |l| l.name.as_str());
        writeln!(
            self.out,
            "{} {:<16} {who} {} {} > {} {} bytes",
            context.clock.wall(event.time_ns).strftime("%H:%M:%S%.3f"),
            event.kind.signal().name(),
            escape(device),
            event.flow.src,
            event.flow.dst,
            event.length,
        )
    }
}

impl<W: Write> Output for Text<W> {
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        match item {
            // Progress belongs to stderr; the run says it there.
            Item::Starting { .. } | Item::Status(_) | Item::Standing(_) => Ok(()),
            Item::Event(event) if self.look.only.names(Kind::Event) => self.event(event, context),
            Item::Event(_) => Ok(()),
            Item::Report(tallies) => {
                let (grown, _) = self.deltas.take(tallies, context.clock.now_ns());
                if self.look.only.has(Kind::Report) && tallies.iter().any(|(_, tally)| tally.changed) {
                    writeln!(self.out, "{}", context.clock.local(context.clock.now_ns()))?;
                    self.tallies(tallies, Some(&grown), context)?;
                }
                Ok(())
            }
            Item::Lost(..) if !self.look.only.has(Kind::Status) => Ok(()),
            Item::Lost(_, losses) => {
                let now = context.clock.local(context.clock.now_ns());
                closing::losses(losses).iter().try_for_each(|line| writeln!(self.out, "{now} {line}"))
            }
            Item::Verdict(verdict) => {
                self.note(verdict);
                if self.look.only.has(Kind::Verdict) { self.verdict(verdict, context) } else { Ok(()) }
            }
            Item::End(verdicts, tallies, status, totals) => {
                verdicts.iter().for_each(|verdict| self.note(verdict));
                self.end(verdicts, tallies, status, totals, context)
            }
        }
    }
}

/// A container with those that it runs in, on one line.
fn line_of(container: &Container) -> String {
    let mut chain = vec![label(container)];
    chain.extend(container.parents.iter().map(label));
    chain.join(" in ")
}

/// A container by name, short id and pod, as far as they are known. Safe to print.
pub(crate) fn label(container: &Container) -> String {
    let mut text = match &container.name {
        Some(name) => format!("{} {}", escape(name), escape(container.short_id())),
        None => escape(container.short_id()).into_owned(),
    };
    match container.pod.as_ref() {
        Some(Pod { namespace: Some(namespace), name: Some(name), .. }) => {
            text = format!("{text} (pod {}/{})", escape(namespace), escape(name));
        }
        Some(Pod { uid: Some(uid), .. }) => text = format!("{text} (pod {})", escape(uid)),
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests;
