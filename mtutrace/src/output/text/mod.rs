//! Text for people: the verdicts first, then the affected containers, then cost and losses.
mod closing;

use std::io::{self, Write};
use std::num::NonZeroUsize;

use lru::LruCache;

use super::escape::escape;
use super::only::{Kind, Only};
use super::{Context, Item, Output, Totals, TraceStatus};
use crate::model::{
    AttributedEvent, Bottleneck, Container, Ended, Fix, KernelTally, NetnsId, Pod, Severity, SignalKind,
    Tally, Verdict, VerdictId, VerdictKind,
};

/// Writes text; with colours only where somebody asked for them.
pub(crate) struct Text<W> {
    out: W,
    colour: bool,
    only: Only,
    /// What was shown of each, and whether briefly.
    shown: LruCache<VerdictId, (VerdictKind, String, bool)>,
}

/// Sentences of evidence that are shown; JSON has them all.
const EVIDENCE: usize = 3;
/// Verdicts that are known to have been shown; one that comes again after so many others is shown in full again.
const SHOWN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

impl<W: Write> Text<W> {
    /// To this writer; single events only where `only` names them.
    pub(crate) fn new(out: W, colour: bool, only: Only) -> Text<W> {
        Text { out, colour, only, shown: LruCache::sparse(SHOWN) }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        paint(self.colour, code, text)
    }

    /// A verdict that is new in full; one that was shown before, or has ended, with what to do.
    fn verdict(&mut self, v: &Verdict, last: bool) -> io::Result<()> {
        let (code, word) = match (v.ended, v.severity) {
            (Some(Ended::Fixed), _) => ("32", "SOLVED"),
            (Some(Ended::Gone), _) => ("1;33", "GONE"),
            (Some(Ended::Quiet), _) => ("32", "QUIET"),
            (Some(Ended::Replaced), _) => ("36", "REPLACED"),
            (None, Severity::Critical) => ("1;31", "CRITICAL"),
            (None, Severity::Warning) => ("1;33", "WARNING"),
            (None, Severity::Info) => ("36", "INFO"),
        };
        let head = self.paint(code, word);
        writeln!(self.out, "\n{head} {}: {}", kind_name(v), escape(&describe(v)))?;
        if v.ended == Some(Ended::Fixed) {
            return Ok(());
        }
        // What is only foreseen is said briefly: if it comes, all of it will be; if it never does, at the end.
        let brief = v.kind == VerdictKind::MssExceedsPath && !last;
        let says = || (v.kind, v.summary.clone(), brief);
        let new = v.ended.is_none() && self.shown.put(v.id, says()) != Some(says());
        if let Some(container) = v.container.as_ref().filter(|_| new) {
            writeln!(self.out, "  container  {}", line_of(container))?;
        }
        self.path(v)?;
        let whole = new && !brief;
        if whole {
            self.evidence(v)?;
        }
        self.fixes(if whole { &v.fix } else { v.fix.get(..1).unwrap_or_default() })
    }

    fn path(&mut self, v: &Verdict) -> io::Result<()> {
        let hops: Vec<String> = v
            .path
            .iter()
            .map(|hop| {
                let text = format!("{} {}", escape(&hop.interface), hop.mtu);
                let here = hop.device();
                if v.culprit.as_ref() == Some(&here) {
                    self.paint("1;31", &format!("{text} (wrong)"))
                } else if v.bottleneck.as_ref().and_then(Bottleneck::device) == Some(&here) {
                    self.paint("1", &format!("{text} (limit)"))
                } else {
                    text
                }
            })
            .collect();
        let beyond = match &v.bottleneck {
            Some(Bottleneck::Router { address, mtu, .. }) => {
                format!(" > … > {}", self.paint("1", &format!("{address} {mtu} (limit)")))
            }
            _ => String::new(),
        };
        writeln!(self.out, "  path       {}{beyond}", hops.join(" > "))
    }

    fn evidence(&mut self, v: &Verdict) -> io::Result<()> {
        for (n, sentence) in v.evidence.iter().take(EVIDENCE).enumerate() {
            writeln!(self.out, "  {:<10} {}", if n == 0 { "evidence" } else { "" }, escape(sentence))?;
        }
        Ok(())
    }

    fn fixes(&mut self, fixes: &[Fix]) -> io::Result<()> {
        for (n, fix) in fixes.iter().enumerate() {
            let (label, code) = if n == 0 { ("fix", "1;32") } else { ("or", "0") };
            let label = self.paint(code, &format!("{label:<10}"));
            let command = self.paint(if n == 0 { "1" } else { "0" }, &escape(&fix.command));
            writeln!(self.out, "  {label} {command}")?;
            writeln!(self.out, "  {:<10}   {}: {}", "", escape(&fix.r#where), escape(&fix.what))?;
        }
        Ok(())
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

    fn tallies(
        &mut self,
        tallies: &[(NetnsId, Tally)],
        only_new: bool,
        context: &Context<'_>,
    ) -> io::Result<()> {
        for (netns, tally) in tallies.iter().filter(|(_, tally)| tally.changed || !only_new) {
            let counters: Vec<String> = SignalKind::ALL
                .iter()
                .filter_map(|s| Some(format!("{} {}{}", s.name(), tally.counters.get(s)?, causes(*s, tally))))
                .collect();
            let who = match &tally.container {
                Some(container) => line_of(container),
                None => crate::model::describe::owner(*netns, context.node),
            };
            if !counters.is_empty() {
                writeln!(self.out, "  {}  {}", escape(&who), counters.join("  "))?;
            }
            if !only_new {
                self.kernel(&who, counters.is_empty(), &tally.kernel)?;
            }
        }
        Ok(())
    }

    /// What the kernel counted in a namespace, below its counters or, without any, on a line of its own.
    fn kernel(&mut self, who: &str, alone: bool, kernel: &KernelTally) -> io::Result<()> {
        let counters: Vec<String> =
            kernel.counters.moved().iter().map(|(name, n)| format!("{name} {n}")).collect();
        if counters.is_empty() {
            return Ok(());
        }
        let indent = if alone { format!("  {}  ", escape(who)) } else { "    ".to_owned() };
        writeln!(self.out, "{indent}kernel counters: {}", counters.join("  "))?;
        for (name, counted, seen) in kernel.unseen() {
            writeln!(self.out, "    kernel counted {counted} {name}, hooks saw {seen}")?;
        }
        Ok(())
    }

    fn unexplained(&mut self, totals: &Totals) -> io::Result<()> {
        let outcomes = &totals.outcomes;
        let lines =
            [closing::unexplained(outcomes), closing::unanswered(outcomes), closing::forged(totals.forged)];
        for line in lines.into_iter().flatten() {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn end(
        &mut self,
        verdicts: &[Verdict],
        tallies: &[(NetnsId, Tally)],
        status: &TraceStatus,
        totals: &Totals,
        context: &Context<'_>,
    ) -> io::Result<()> {
        let seconds = totals.duration_ms as f64 / 1000.0;
        let mut lost = match (totals.records.lost, totals.undecodable) {
            (0, 0) => "nothing lost".to_owned(),
            (lost, 0) => format!("{lost} events LOST"),
            (lost, bad) => format!("{lost} events LOST, {bad} undecodable"),
        };
        if let Some(missed) = totals.missed.filter(|n| *n > 0) {
            lost = format!("{lost}, {missed} program runs MISSED");
        }
        let left_out = totals.records.left_out_total();
        if left_out > 0 {
            lost = format!("{lost}, {left_out} events of who had sent many left out");
        }
        if totals.unwritten > 0 {
            lost = format!("{lost}, {} lines LEFT OUT", totals.unwritten);
        }
        lost += &closing::untraced(status);
        if totals.unready {
            lost += ", ended BEFORE all interfaces were traced";
        }
        let cost = format!("{}, {lost}", totals.cost.words());
        let (status_too, reports) = (self.only.has(Kind::Status), self.only.has(Kind::Report));
        if verdicts.is_empty() {
            let proven =
                totals.outcomes.unexplained.is_empty() && totals.outcomes.unanswered == 0 && !totals.unready;
            let verb = if proven { "No MTU problem" } else { "No verdict" };
            if status_too {
                writeln!(
                    self.out,
                    "{verb} in {seconds:.1} s on {} interfaces in {} network namespaces, {} containers{} ({cost}).",
                    status.interfaces,
                    status.namespaces,
                    status.containers,
                    closing::quiet(&totals.outcomes)
                )?;
                self.unexplained(totals)?;
            }
            return if reports { self.tallies(tallies, false, context) } else { Ok(()) };
        }
        for verdict in verdicts.iter().filter(|_| self.only.has(Kind::Verdict)).collect::<Vec<_>>() {
            self.verdict(verdict, true)?;
        }
        if status_too {
            self.unexplained(totals)?;
            if let Some(line) = closing::disagreements(totals.disagreements) {
                writeln!(self.out, "{line}")?;
            }
        }
        if !tallies.is_empty() && reports {
            writeln!(self.out, "\nAffected containers, {seconds:.1} s:")?;
            self.tallies(tallies, false, context)?;
        }
        if status_too {
            writeln!(self.out, "\nCost: {cost}; {} events.", totals.events)?;
        }
        Ok(())
    }
}

impl<W: Write> Output for Text<W> {
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        match item {
            // Progress belongs to stderr; the run says it there.
            Item::Starting { .. } | Item::Status(_) => Ok(()),
            Item::Event(event) if self.only.names(Kind::Event) => self.event(event, context),
            Item::Event(_) => Ok(()),
            Item::Report(tallies) => {
                if self.only.has(Kind::Report) && tallies.iter().any(|(_, tally)| tally.changed) {
                    writeln!(
                        self.out,
                        "{}",
                        context.clock.wall(context.clock.now_ns()).strftime("%H:%M:%S")
                    )?;
                    self.tallies(tallies, true, context)?;
                }
                Ok(())
            }
            Item::Lost(..) if !self.only.has(Kind::Status) => Ok(()),
            Item::Lost(_, losses) => {
                let now = context.clock.wall(context.clock.now_ns()).strftime("%H:%M:%S");
                closing::losses(losses).iter().try_for_each(|line| writeln!(self.out, "{now} {line}"))
            }
            Item::Verdict(_) if !self.only.has(Kind::Verdict) => Ok(()),
            Item::Verdict(verdict) => self.verdict(verdict, false),
            Item::End(verdicts, tallies, status, totals) => {
                self.end(verdicts, tallies, status, totals, context)
            }
        }
    }
}

/// Of drops, how many there were of each cause, where there was more than one cause.
fn causes(signal: SignalKind, tally: &Tally) -> String {
    if signal != SignalKind::Drop || tally.causes.len() < 2 {
        return String::new();
    }
    let causes: Vec<String> = tally.causes.iter().map(|(cause, count)| format!("{cause} {count}")).collect();
    format!(" ({})", causes.join(", "))
}

/// What is, or was, the matter.
pub(crate) fn describe(v: &Verdict) -> String {
    match v.ended {
        Some(Ended::Fixed) => format!("the MTUs fit now. It was: {}", v.summary),
        Some(Ended::Gone) => {
            let next = "the container ended; the next one on that network will be affected too";
            format!("{next}. It was: {}", v.summary)
        }
        Some(Ended::Quiet) => format!("not seen for a while. It was: {}", v.summary),
        Some(Ended::Replaced) => format!("another verdict takes its place. It was: {}", v.summary),
        None => v.summary.clone(),
    }
}

/// What is wrong, in words.
pub(crate) fn kind_name(v: &Verdict) -> &'static str {
    match v.kind {
        VerdictKind::Fragmentation => "fragmentation",
        VerdictKind::FragmentsLost => "fragments lost",
        VerdictKind::RemoteBlackholeSuspected => "remote black hole suspected",
        VerdictKind::ChecksumErrors => "checksum errors, not an MTU problem",
        VerdictKind::MssExceedsPath => "MSS exceeds the path",
        VerdictKind::MtuMismatch => "MTU mismatch",
        VerdictKind::PmtuBlackhole => "PMTU black hole",
        VerdictKind::TunnelOverhead => "tunnel overhead",
        VerdictKind::SilentL2Drop => "silent drop between devices",
    }
}

/// Text in a colour (SGR parameters), if colours are wanted.
pub(crate) fn paint(colour: bool, code: &str, text: &str) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
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
