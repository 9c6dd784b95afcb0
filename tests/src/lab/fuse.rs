//! A FUSE server that answers the first question and no other: whoever looks into its file system waits for ever.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result};

/// `FUSE_INIT`, with the 64 bytes of `struct fuse_init_out` (linux/fuse.h).
const INIT: u32 = 26;
const INIT_OUT: usize = 64;
/// Bytes of `struct fuse_out_header`.
const OUT: usize = 16;
/// More than `FUSE_MIN_READ_BUFFER`.
const LONGEST: usize = 1 << 16;

/// The server. When it is dropped the kernel ends all that waits.
#[derive(Debug)]
pub struct DeafFuse {
    device: Arc<File>,
    ending: Arc<AtomicBool>,
    unanswered: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl DeafFuse {
    /// Starts it; its file system is mounted with [`DeafFuse::options`].
    pub fn serve() -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let device = Arc::new(options.open("/dev/fuse").context("/dev/fuse")?);
        let (ending, unanswered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (stop, count, served) = (Arc::clone(&ending), Arc::clone(&unanswered), Arc::clone(&device));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                one(&served, &count);
            }
        });
        Ok(Self { device, ending, unanswered, thread: Some(thread) })
    }

    /// The descriptor that a mount needs.
    pub(crate) fn fd(&self) -> RawFd {
        self.device.as_raw_fd()
    }

    /// Questions that somebody asks and will get no answer to.
    pub fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::Relaxed)
    }
}

/// Waits a moment for a question, and takes it.
fn one(mut device: &File, unanswered: &AtomicUsize) {
    let mut question = libc::pollfd { fd: device.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut buffer = vec![0; LONGEST];
    // SAFETY: one descriptor, which is open.
    if unsafe { libc::poll(&raw mut question, 1, 20) } < 1 {
        return;
    }
    // Before the mount, and after its end, there is nothing to read.
    let Ok(length) = device.read(&mut buffer) else { return std::thread::yield_now() };
    // struct fuse_in_header: length, opcode, unique.
    let number = |at: usize| {
        buffer[..length].get(at..at + 4).map(|bytes| u32::from_ne_bytes(bytes.try_into().unwrap_or_default()))
    };
    if number(4) != Some(INIT) {
        unanswered.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let mut answer = vec![0; OUT + INIT_OUT];
    answer[..4].copy_from_slice(&((OUT + INIT_OUT) as u32).to_ne_bytes());
    answer[8..16].copy_from_slice(&buffer[8..16]);
    // Version 7.31, 4 KiB a write.
    for (at, value) in [(0, 7_u32), (4, 31), (20, 4096)] {
        answer[OUT + at..OUT + at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    if let Err(error) = device.write_all(&answer) {
        eprintln!("lab: FUSE_INIT: {error}");
    }
}

impl Drop for DeafFuse {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}
