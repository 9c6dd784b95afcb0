//! The last words of a run: what still stands, what is over, who was affected, what it cost.
use std::io::{self, Write};

use super::{Text, closing, standing};
use crate::model::{Ended, NetnsId, Tally, Verdict};
use crate::output::only::Kind;
use crate::output::{Context, Totals, TraceStatus, unseen};

/// Verdicts that get a line each in the brief end, besides the first.
const BRIEF: usize = 5;

impl<W: Write> Text<W> {
    fn unexplained(&mut self, totals: &Totals) -> io::Result<()> {
        let outcomes = &totals.outcomes;
        let lines =
            [closing::unexplained(outcomes), closing::unanswered(outcomes), closing::forged(totals.forged)];
        for line in lines.into_iter().flatten() {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    pub(super) fn end(
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
        let standing = standing::lines(&totals.standing, verdicts, self.look.colour);
        let (words, counters) = (self.look.only.has(Kind::Status), self.look.only.has(Kind::Report));
        let counters = counters && !self.look.brief;
        if verdicts.iter().all(|v| v.ended == Some(Ended::Replaced)) {
            let proven = standing.is_empty() && unseen::is_proven(status, totals);
            let verb = if proven { "No MTU problem" } else { "No verdict" };
            if words {
                standing.iter().try_for_each(|line| writeln!(self.out, "{line}"))?;
                writeln!(
                    self.out,
                    "{verb} in {seconds:.1} s on {} interfaces in {} network namespaces, {} containers{} ({cost}).",
                    status.interfaces,
                    status.namespaces,
                    status.containers,
                    closing::quiet(&totals.outcomes)
                )?;
                self.unexplained(totals)?;
                if let Some(line) = closing::open(&unseen::unseen(status, totals)) {
                    writeln!(self.out, "{line}")?;
                }
            }
            return if counters { self.tallies(tallies, None, context) } else { Ok(()) };
        }
        if self.look.only.has(Kind::Verdict) {
            self.blocks(verdicts, context)?;
        }
        if words {
            standing.iter().try_for_each(|line| writeln!(self.out, "{line}"))?;
            self.unexplained(totals)?;
            if let Some(line) = closing::disagreements(totals.disagreements) {
                writeln!(self.out, "{line}")?;
            }
        }
        if !tallies.is_empty() && counters {
            writeln!(self.out, "\nAffected containers, {seconds:.1} s:")?;
            self.tallies(tallies, None, context)?;
        }
        if words {
            writeln!(self.out, "\nCost: {cost}; {} events.", totals.events)?;
        }
        Ok(())
    }

    /// The verdicts that stand, then those that are over; those that gave way to another are neither.
    fn blocks(&mut self, verdicts: &[Verdict], context: &Context<'_>) -> io::Result<()> {
        let known = verdicts.iter().filter(|v| v.ended != Some(Ended::Replaced));
        let (active, over): (Vec<_>, Vec<_>) = known.partition(|v| v.active);
        for (title, verdicts) in [("Still active", active), ("Resolved", over)] {
            if verdicts.is_empty() {
                continue;
            }
            let heading = format!("{title} ({}):", verdicts.len());
            writeln!(self.out, "\n{}", self.paint("1", &heading))?;
            let most = if self.look.brief { BRIEF } else { verdicts.len() };
            for (n, verdict) in verdicts.iter().take(most).enumerate() {
                // The first one is the worst.
                if self.look.brief && (n > 0 || !verdict.active) {
                    self.line(verdict, context)?;
                } else {
                    self.last_word(verdict, context)?;
                }
            }
            if let Some(more) = verdicts.len().checked_sub(most).filter(|more| *more > 0) {
                writeln!(self.out, "and {more} more: see them all with -o text")?;
            }
        }
        let hidden = |v: &&Verdict| v.active && v.fix.len() > 2;
        if !self.look.all_fixes && verdicts.iter().any(|v| hidden(&v)) {
            writeln!(self.out, "\nOther remedies: --all-fixes")?;
        }
        Ok(())
    }
}
