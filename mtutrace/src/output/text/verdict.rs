//! One verdict as a block of text: a line that says all by itself, then what it rests on and what to do.
use std::io::{self, Write};

use super::matter::describe;
use super::paint::severity;
use super::remedies::{self, Told};
use super::shown::Shown;
use super::{Text, line_of};
use crate::model::{Bottleneck, Ended, Fix, Verdict, VerdictKind};
use crate::output::Context;
use crate::output::escape::escape;

/// Sentences of evidence that are shown; JSON has them all.
const EVIDENCE: usize = 3;
/// What was printed so few lines before is still in sight.
const IN_SIGHT: u64 = 24;

impl<W: Write> Text<W> {
    /// A verdict that is new or has changed: new in full, else what changed.
    pub(super) fn verdict(&mut self, v: &Verdict, context: &Context<'_>) -> io::Result<()> {
        let now_ns = context.clock.now_ns();
        let age = age(now_ns.saturating_sub(v.since_ns));
        let before = self.shown.get(&v.id).cloned();
        let change = match &before {
            _ if v.ended.is_some() => format!(" after {age}"),
            Some(b) if (b.kind, b.severity) != (v.kind, v.severity) => {
                format!(" (was {} {}, since {age})", b.severity.word(), b.kind.title())
            }
            Some(b) if b.summary != v.summary => format!(" (since {age}, now with more known)"),
            Some(_) => format!(" (since {age})"),
            None => String::new(),
        };
        let (time, host) = (context.clock.local(now_ns), self.look.host.clone());
        let head = self.head(v);
        writeln!(self.out, "\n{head} {time} {host} {}{change}: {}", v.kind.title(), escape(&describe(v)))?;
        if v.ended == Some(Ended::Fixed) {
            return Ok(());
        }
        // What is only foreseen is said briefly: if it comes, all of it will be; if it never does, at the end.
        let whole = v.kind != VerdictKind::MssExceedsPath;
        let new = v.ended.is_none() && before.is_none_or(|b| !b.whole || b.summary != v.summary);
        self.body(v, new, new && whole)
    }

    /// A verdict at the end: in full unless it was shown so, then only what is not in sight any more.
    pub(super) fn last_word(&mut self, v: &Verdict, context: &Context<'_>) -> io::Result<()> {
        self.line(v, context)?;
        if v.ended == Some(Ended::Fixed) {
            return Ok(());
        }
        match self.shown.get(&v.id).cloned() {
            Some(shown) if shown.whole && shown.summary == v.summary => {
                if shown.figures.as_ref() != v.evidence.first() {
                    self.evidence(v, 1)?;
                }
                if self.out.lines.saturating_sub(shown.at_line) > IN_SIGHT {
                    self.remedies(&v.fix, false)?;
                }
                Ok(())
            }
            _ => self.body(v, true, true),
        }
    }

    /// A verdict at the end, in a line.
    pub(super) fn line(&mut self, v: &Verdict, context: &Context<'_>) -> io::Result<()> {
        let age = age(context.clock.now_ns().saturating_sub(v.since_ns));
        let (since, host) = (context.clock.local(v.since_ns), self.look.host.clone());
        let (head, what) = (self.head(v), escape(&describe(v)).into_owned());
        writeln!(self.out, "{head} since {since} ({age}) {host} {}: {what}", v.kind.title())
    }

    /// The word that says how bad it is, or how it ended.
    pub(super) fn head(&self, v: &Verdict) -> String {
        let (code, word) = match v.ended {
            None => return severity(self.look.colour, v.severity),
            Some(Ended::Fixed) => ("32", "SOLVED"),
            Some(Ended::Gone) => ("1;33", "GONE"),
            Some(Ended::Quiet) => ("32", "QUIET"),
            Some(Ended::Replaced) => ("36", "REPLACED"),
        };
        self.paint(code, word)
    }

    fn body(&mut self, v: &Verdict, new: bool, whole: bool) -> io::Result<()> {
        if let Some(container) = v.container.as_ref().filter(|_| new) {
            writeln!(self.out, "  container  {}", line_of(container))?;
        }
        self.path(v)?;
        if whole {
            self.evidence(v, EVIDENCE)?;
        }
        self.remedies(&v.fix, whole)?;
        if v.ended.is_none() {
            let shown = Shown {
                kind: v.kind,
                severity: v.severity,
                summary: v.summary.clone(),
                whole: whole || self.shown.peek(&v.id).is_some_and(|before| before.whole),
                figures: v.evidence.first().cloned(),
                at_line: self.out.lines,
            };
            self.shown.put(v.id, shown);
        }
        Ok(())
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

    fn evidence(&mut self, v: &Verdict, most: usize) -> io::Result<()> {
        for (n, sentence) in v.evidence.iter().take(most).enumerate() {
            writeln!(self.out, "  {:<10} {}", if n == 0 { "evidence" } else { "" }, escape(sentence))?;
        }
        Ok(())
    }

    fn remedies(&mut self, fixes: &[Fix], reasons: bool) -> io::Result<()> {
        let told = Told { reasons, all: self.look.all_fixes, colour: self.look.colour };
        remedies::lines(fixes, told).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }
}

/// `8 s`, `3 min`, `2 h 5 min`.
fn age(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match (seconds / 3600, seconds / 60) {
        (0, 0..=1) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {} min", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_for_people() {
        let said = [0, 59, 119, 120, 3_599, 3_600, 7_500].map(|s| age(s * 1_000_000_000));
        assert_eq!(said, ["0 s", "59 s", "119 s", "2 min", "59 min", "1 h 0 min", "2 h 5 min"]);
    }
}
