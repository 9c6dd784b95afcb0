//! The terminal: raw, on its alternate screen, and as it was before, whatever ends the run.
use std::io;
use std::pin::Pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{clipboard::CopyToClipboard, cursor, execute, queue};
use futures_core::Stream;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};
use rustix::process::{self, getpid, kill_current_process_group, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::frame_writer::FrameWriter;
use crate::output::buffer::Buffer;
use crate::output::stderr;

/// At least so much time between two drawings: ten a second for news, more for somebody who presses keys.
const NEWS: Duration = Duration::from_millis(90);
const KEYS: Duration = Duration::from_millis(20);

/// Signals that would end this process as it stands, and leave the terminal as it is. The run itself listens to SIGINT
/// and SIGTERM.
const ENDS: [i32; 5] = [libc::SIGHUP, libc::SIGQUIT, libc::SIGALRM, libc::SIGUSR1, libc::SIGUSR2];

/// Whether the terminal is ours at the moment.
static HELD: AtomicBool = AtomicBool::new(false);

/// What somebody did.
pub(super) enum Input {
    /// A key, or another size.
    Event(Event),
    /// SIGTSTP.
    Stop,
    /// SIGCONT.
    Continue,
    /// The terminal is gone (SIGHUP, or its input ended), or another signal asks for the end.
    Gone,
}

/// What is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SuspendScope {
    /// This process, as somebody asked by SIGTSTP.
    Process,
    /// Its process group, as Ctrl-Z would without raw mode.
    Job,
}

/// A terminal that is drawn on.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Buffer>>,
    bytes: Buffer,
    writer: FrameWriter,
    events: EventStream,
    ends: Vec<Signal>,
    stop: Signal,
    go_on: Signal,
    drawn: Instant,
    _guard: TerminalGuard,
}

/// Whoever has this has the terminal.
struct TerminalGuard;

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        leave();
    }
}

impl Screen {
    /// Takes the terminal over, with the first drawing: one that takes nothing (stopped by Ctrl-S) is not waited for.
    ///
    /// # Errors
    /// When it does not let itself be.
    pub(super) fn new() -> io::Result<Screen> {
        restore_on_panic();
        enter()?;
        let guard = TerminalGuard;
        let mut bytes = Buffer::default();
        queue!(bytes, EnterAlternateScreen, cursor::Hide)?;
        let mut screen = Screen {
            terminal: Terminal::new(CrosstermBackend::new(bytes.clone()))?,
            bytes,
            writer: FrameWriter::new()?,
            events: EventStream::new(),
            ends: ENDS.into_iter().map(|end| signal(SignalKind::from_raw(end))).collect::<io::Result<_>>()?,
            stop: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
            drawn: Instant::now(),
            _guard: guard,
        };
        screen.renew()?;
        Ok(screen)
    }

    /// What was done, if anything was.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        if self.ends.iter_mut().any(|end| end.poll_recv(cx).is_ready()) {
            return Poll::Ready(Input::Gone);
        }
        if self.stop.poll_recv(cx).is_ready() {
            return Poll::Ready(Input::Stop);
        }
        if self.go_on.poll_recv(cx).is_ready() {
            return Poll::Ready(Input::Continue);
        }
        Pin::new(&mut self.events).poll_next(cx).map(|event| match event {
            Some(Ok(event)) => Input::Event(event),
            Some(Err(_)) | None => Input::Gone,
        })
    }

    /// Whether it is time to draw: `key` if somebody waits for it. Never while an earlier drawing is under way to a
    /// slow terminal.
    pub(super) fn is_ready(&self, key: bool) -> bool {
        self.drawn.elapsed() >= if key { KEYS } else { NEWS } && self.writer.is_idle()
    }

    /// Draws; what has not changed is not sent.
    ///
    /// # Errors
    /// `BrokenPipe` when the terminal is gone.
    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.bytes, BeginSynchronizedUpdate)?;
        self.terminal.draw(picture)?;
        queue!(self.bytes, EndSynchronizedUpdate)?;
        self.drawn = Instant::now();
        self.writer.send(self.bytes.take())
    }

    /// The next drawing sends everything.
    ///
    /// # Errors
    /// When the size cannot be told.
    pub(super) fn renew(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Puts a text into the clipboard of whoever sits in front of the terminal (OSC 52).
    ///
    /// # Errors
    /// As for `draw`.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.bytes, CopyToClipboard::to_clipboard_from(text))?;
        self.writer.send(self.bytes.take())
    }

    /// Gives the terminal back, and stops until somebody continues this process: SIGCONT ends it.
    ///
    /// # Errors
    /// When nothing can be stopped.
    pub(super) fn suspend(&mut self, what: SuspendScope) -> io::Result<()> {
        self.writer.settle();
        leave();
        // A shell waits for the whole of its job, of which this process may be a part (sudo, cargo).
        match what {
            SuspendScope::Job => kill_current_process_group(process::Signal::STOP)?,
            SuspendScope::Process => kill_process(getpid(), process::Signal::STOP)?,
        }
        Ok(())
    }

    /// Takes the terminal over anew, whoever had it meanwhile.
    ///
    /// # Errors
    /// As for `new`.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        leave();
        enter()?;
        queue!(self.bytes, EnterAlternateScreen, cursor::Hide)?;
        self.renew()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.writer.settle();
    }
}

fn enter() -> io::Result<()> {
    stderr::hold();
    HELD.store(true, Ordering::SeqCst);
    enable_raw_mode().inspect_err(|_| leave())
}

/// Everything as it was; nothing if it is already. There is nobody to tell of a terminal that refuses.
fn leave() {
    if HELD.swap(false, Ordering::SeqCst) {
        // One that takes nothing (stopped, or behind a dead SSH) must not hold up the end.
        if stderr::takes_more(&io::stdout(), false) {
            let _ = execute!(io::stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        }
        let _ = disable_raw_mode();
        stderr::release();
    }
}

/// A panic's message belongs on the normal screen.
fn restore_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_the_terminal_back() {
        restore_on_panic();
        stderr::hold();
        HELD.store(true, Ordering::SeqCst);
        let panicked = std::panic::catch_unwind(|| panic!("for the test of the panic hook"));
        assert!(panicked.is_err() && !HELD.load(Ordering::SeqCst));
    }
}
