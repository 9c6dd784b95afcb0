//! A thread that writes to the terminal: a slow one (SSH) must not hold up the tracing.
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// The screen is given back after this time, whether or not the last drawing got through.
const SETTLE: Duration = Duration::from_millis(300);

/// The thread's end here.
pub(super) struct FrameWriter {
    frames: Sender<Vec<u8>>,
    /// Frames that are not written yet.
    waiting: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl FrameWriter {
    /// Starts the thread, which ends with this.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn new() -> io::Result<FrameWriter> {
        // Not `Stdout`: its lock would be held as long as the terminal does not read.
        let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (frames, receive) = channel::<Vec<u8>>();
        let (waiting, gone) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let writer = FrameWriter { frames, waiting: Arc::clone(&waiting), gone: Arc::clone(&gone) };
        std::thread::Builder::new().name("screen".to_owned()).spawn(move || {
            for frame in receive {
                if out.write_all(&frame).is_err() {
                    gone.store(true, Ordering::SeqCst);
                }
                waiting.fetch_sub(1, Ordering::SeqCst);
            }
        })?;
        Ok(writer)
    }

    /// Whether everything is written.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }

    /// Has something written.
    ///
    /// # Errors
    /// `BrokenPipe` when nothing can be any more.
    pub(super) fn send(&self, frame: Vec<u8>) -> io::Result<()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.gone.load(Ordering::SeqCst) || self.frames.send(frame).is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    /// Waits until everything is written, but not for ever.
    pub(super) fn settle(&self) {
        let start = Instant::now();
        while !self.is_idle() && start.elapsed() < SETTLE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
