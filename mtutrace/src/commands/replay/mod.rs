//! `mtutrace replay`: a session that a recording feeds. Needs no root, and asks nobody.
mod pace;
mod window;

use std::future::poll_fn;
use std::path::PathBuf;

use crate::commands::ending;
use crate::commands::outcome::{Failure, Outcome};
use crate::commands::player::Player;
use crate::commands::session::Session;
use crate::commands::shown::Shown;
use crate::commands::signals::Signals;
use crate::output::format::{self, RunFormat};
use crate::output::{Request, stderr};
use pace::Pace;
pub(crate) use pace::Speed;
pub(crate) use window::Moment;
use window::Window;

/// Options of `replay`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The recording; `-` is stdin.
    pub(crate) file: PathBuf,
    /// What is shown; the filter of the recorded run, if none is given.
    pub(crate) shown: Shown,
    /// How fast; by default as it was on the screen, else as fast as can be.
    pub(crate) speed: Option<Speed>,
    /// Packets of before are left out.
    pub(crate) since: Option<Moment>,
    /// Where it ends.
    pub(crate) until: Option<Moment>,
}

/// Replays a recording.
///
/// # Errors
/// When it is none, or what it says cannot be written.
pub(crate) fn replay(options: &Options) -> Result<Outcome, Failure> {
    let format = format::choose(options.shown.output)?;
    let (player, head) = Player::open(&options.file)?;
    let window = Window::new(options.since, options.until, &head)?;
    let mut shown = options.shown.clone();
    if shown.filter.is_empty() {
        shown.filter = head.filter.clone();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let signals = Signals::new()?;
        let output = shown.open(format, Some(&head.host))?;
        let screen = format == RunFormat::Tui;
        let pace =
            Pace::new(options.speed.unwrap_or(if screen { Speed::AS_IT_WAS } else { Speed::Unbounded }));
        let replay = Replay { session: player.session(&shown, output, &head), player, window, pace, signals };
        replay.run(shown.exit_code, screen).await
    })
}

struct Replay {
    session: Session,
    player: Player,
    window: Window,
    pace: Pace,
    signals: Signals,
}

impl Replay {
    async fn run(mut self, exit_code: bool, screen: bool) -> Result<Outcome, Failure> {
        let result = self.play(screen).await;
        let signalled = self.signals.is_ending();
        self.signals.end();
        self.session.output.close();
        let result = result.and_then(|()| self.player.finish(&mut self.session));
        if let Some(said) = self.player.said() {
            stderr::say(&said);
        }
        self.session.ended(result, exit_code, signalled)
    }

    /// Until the recording ends, or somebody wants the end.
    async fn play(&mut self, screen: bool) -> Result<(), Failure> {
        while let Some((at_ns, input)) = self.player.next(&mut self.session) {
            let Some(input) = self.window.admit(at_ns, input) else {
                if self.window.is_over(at_ns) {
                    return Ok(());
                }
                continue;
            };
            let due = self.pace.due(at_ns);
            if self.wait(Some(due)).await? {
                return Ok(());
            }
            self.session.apply(at_ns, input)?;
            self.session.output.flush().map_err(Failure::Output)?;
            if self.session.has_enough() {
                return Ok(());
            }
        }
        // Somebody who watches looks at the end as long as they like.
        if screen {
            self.wait(None).await?;
        }
        Ok(())
    }

    /// Until then, for ever without; whether somebody wants the end first.
    async fn wait(&mut self, until: Option<tokio::time::Instant>) -> Result<bool, Failure> {
        if self.signals.is_ending() {
            return Ok(true);
        }
        if until.is_some_and(|until| until <= tokio::time::Instant::now()) {
            return Ok(false);
        }
        loop {
            tokio::select! {
                wish = poll_fn(|cx| self.session.output.poll_request(cx)) => {
                    if wish.map_err(Failure::Output)? == Request::End {
                        return Ok(true);
                    }
                }
                () = self.signals.wait() => return Ok(true),
                () = ending::until(until) => return Ok(false),
            }
            self.session.output.flush().map_err(Failure::Output)?;
        }
    }
}
