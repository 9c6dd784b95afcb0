//! A limit of lines (`--rate-limit`): what flaps must not fill a log, and the last word about it must not be missing.
use std::io;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::Item;
use super::queue::Worth;
use crate::model::VerdictId;

/// So many lines in so much time, and as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    lines: u32,
    per: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let (lines, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3600),
            _ => None,
        };
        let lines = lines.parse().ok().filter(|lines| *lines > 0);
        let rate = lines.zip(seconds).map(|(lines, s)| Rate { lines, per: Duration::from_secs(s) });
        rate.ok_or_else(|| format!("{text:?} is not a number of lines in a time; write 10/s, 60/m or 1000/h"))
    }
}

/// What lines are about of which the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Status,
    Verdict(VerdictId),
}

/// A token bucket. Where it is empty, events and reports are left out (counters go on counting), and of statuses and each
/// verdict the newest line waits.
pub(super) struct Limiter {
    rate: Rate,
    tokens: f64,
    filled: Instant,
    waiting: Vec<(About, Vec<u8>)>,
    left_out: u64,
}

impl Limiter {
    /// Full.
    pub(super) fn new(rate: Rate, now: Instant) -> Limiter {
        Limiter { rate, tokens: f64::from(rate.lines), filled: now, waiting: Vec::new(), left_out: 0 }
    }

    /// Lines that were left out, from the start.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Writes the lines of an item, now or later or never; the end at once, with all that waits.
    ///
    /// # Errors
    /// As for `write`.
    pub(super) fn show(
        &mut self,
        item: &Item<'_>,
        lines: &[u8],
        now: Instant,
        mut write: impl FnMut(&[u8], Worth) -> io::Result<()>,
    ) -> io::Result<()> {
        let (about, worth) = match item {
            Item::End(..) => {
                std::mem::take(&mut self.waiting)
                    .iter()
                    .try_for_each(|(_, held)| write(held, Worth::Last))?;
                return write(lines, Worth::Last);
            }
            Item::Status(_) | Item::Lost(..) => (Some(About::Status), Worth::Important),
            Item::Verdict(verdict) => (Some(About::Verdict(verdict.id)), Worth::Important),
            Item::Starting { .. } | Item::Standing(_) | Item::Event(_) | Item::Report(_) => {
                (None, Worth::Ordinary)
            }
        };
        let count = lines.iter().filter(|byte| **byte == b'\n').count();
        self.release(now, &mut write)?;
        if let Some((_, held)) = self.waiting.iter_mut().find(|(older, _)| Some(*older) == about) {
            self.left_out += 1;
            *held = lines.to_vec();
        } else if count > 0 && self.waiting.is_empty() && self.take(count) {
            write(lines, worth)?;
        } else if let Some(about) = about.filter(|_| count > 0) {
            self.waiting.push((about, lines.to_vec()));
        } else {
            self.left_out += count as u64;
        }
        Ok(())
    }

    /// Writes what has waited, as far as there is room for it by now.
    ///
    /// # Errors
    /// As for `write`.
    pub(super) fn release(
        &mut self,
        now: Instant,
        mut write: impl FnMut(&[u8], Worth) -> io::Result<()>,
    ) -> io::Result<()> {
        let most = f64::from(self.rate.lines);
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * most / self.rate.per.as_secs_f64()).min(most);
        while !self.waiting.is_empty() && self.take(1) {
            let (_, held) = self.waiting.remove(0);
            write(&held, Worth::Important)?;
        }
        Ok(())
    }

    /// More lines than there ever is room for take all of it, and the time of the rest.
    fn take(&mut self, lines: usize) -> bool {
        let enough = self.tokens >= (lines as f64).min(f64::from(self.rate.lines));
        if enough {
            self.tokens -= lines as f64;
        }
        enough
    }
}

#[cfg(test)]
mod tests;
