//! Plays a recording to a session: for `replay` and for `report`.
use std::path::Path;

use crate::commands::outcome::Failure;
use crate::commands::session::{Session, State, View};
use crate::commands::shown::Shown;
use crate::discovery::snapshot::Snapshot;
use crate::kernel::symbols::Symbols;
use crate::output::{KernelNames, Output};
use crate::recording::head::Head;
use crate::recording::input::{Ending, Input};
use crate::recording::journal::{Entry, Gap};
use crate::recording::playback::{Playback, PlaybackError};
use crate::telemetry::clock::Clock;

/// A recording that is being played.
pub(crate) struct Player {
    playback: Playback,
    /// The time of the last input, CLOCK_MONOTONIC nanoseconds.
    last_ns: u64,
    /// What the last report said, for a recording that has no end.
    last: Ending,
    based: bool,
    ended: bool,
    gap: Gap,
    unknown: u64,
    damage: Option<PlaybackError>,
}

impl Player {
    /// Opens a recording, and reads what it says of itself.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(crate) fn open(path: &Path) -> Result<(Player, Head), Failure> {
        let opened = Playback::open(path).map_err(|e| refusal(path, &e))?;
        let (playback, head) = opened;
        let player = Player {
            playback,
            last_ns: head.start_ns,
            last: Ending::default(),
            based: false,
            ended: false,
            gap: Gap::default(),
            unknown: 0,
            damage: None,
        };
        Ok((player, head))
    }

    /// A session with the clock and the names of the recorded machine.
    pub(crate) fn session(&self, shown: &Shown, output: Box<dyn Output>, head: &Head) -> Session {
        let view = View { filter: shown.filter.clone(), count: shown.count };
        let clock = Clock::replayed(head.clock_offset_ns, head.start_ns);
        Session {
            state: State::new(Snapshot::default(), clock, &view.filter),
            view,
            output,
            beside: Vec::new(),
            metrics: None,
            kernel_names: KernelNames { reasons: head.reasons.clone(), symbols: None },
        }
    }

    /// The next input; nothing at the end, or where the recording is damaged. What it says of the kernel's functions goes to
    /// the session.
    pub(crate) fn next(&mut self, session: &mut Session) -> Option<(u64, Input)> {
        while self.damage.is_none() {
            let (at_ns, entry) = match self.playback.next()? {
                Ok(entry) => entry,
                Err(damage) => {
                    self.damage = Some(damage);
                    return None;
                }
            };
            match entry {
                Entry::Input(input) => {
                    // Time does not go back: engines rely on it.
                    self.last_ns = self.last_ns.max(at_ns);
                    match &*input {
                        Input::Interval(interval) => {
                            self.last.records.lost = interval.lost;
                            self.last.cost.clone_from(&interval.cost);
                        }
                        Input::End(end) => {
                            self.last.clone_from(end);
                            self.ended = true;
                            // Told by [`Player::finish`], when the output is ready for it.
                            continue;
                        }
                        _ => {}
                    }
                    return Some((self.last_ns, *input));
                }
                Entry::Symbols(names) => {
                    session.kernel_names.symbols.get_or_insert_with(Symbols::default).add(names);
                }
                Entry::Gap(gap) => self.gap.add(gap),
                Entry::Head(_) => {}
                Entry::Base(base) => {
                    self.last_ns = self.last_ns.max(at_ns);
                    if std::mem::replace(&mut self.based, true) {
                        return Some((self.last_ns, Input::Snapshot(*base)));
                    }
                    let ready = base.ready;
                    session.restart((*base).clone());
                    // It begins in the middle of a run: all is attached.
                    if ready {
                        return Some((self.last_ns, Input::Snapshot(*base)));
                    }
                }
                Entry::Unknown => self.unknown += 1,
            }
        }
        None
    }

    /// The final report.
    ///
    /// # Errors
    /// When nobody reads it.
    pub(crate) fn finish(&mut self, session: &mut Session) -> Result<(), Failure> {
        let end = Input::End(std::mem::take(&mut self.last));
        session.apply(self.last_ns, end).map(drop)
    }

    /// What is wrong with the recording, in words, once it has been played.
    pub(crate) fn said(&self) -> Option<String> {
        let mut said = Vec::new();
        if let Some(damage) = &self.damage {
            said.push(format!("the recording is damaged, and was replayed up to there: {damage}"));
        } else if !self.ended {
            said.push("the recording has no end: mtutrace was killed, or the disk was full".to_owned());
        }
        said.extend(self.gap.words());
        if self.unknown > 0 {
            said.push(format!("{} blocks are of a later mtutrace, and were left out", self.unknown));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

fn refusal(path: &Path, why: &PlaybackError) -> Failure {
    Failure::Usage(format!("cannot replay {}: {why}", path.display()))
}
