//! A FUSE server that answers nothing but what a mount takes: whoever looks into its file system waits for ever.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result};

// linux/fuse.h: kinds of questions, and bytes of what answers them.
const LOOKUP: u32 = 1;
const GETATTR: u32 = 3;
const STATFS: u32 = 17;
const INIT: u32 = 26;
const ATTR_OUT: usize = 104;
const STATFS_OUT: usize = 80;
const INIT_OUT: usize = 64;
/// `FUSE_FORGET`, `FUSE_INTERRUPT` and `FUSE_BATCH_FORGET` have no answer.
const UNANSWERABLE: [u32; 3] = [2, 36, 42];
/// Bytes of `struct fuse_out_header`.
const OUT: usize = 16;
/// More than `FUSE_MIN_READ_BUFFER`.
const LONGEST: usize = 1 << 16;

/// The server. When it is dropped the kernel ends all that waits.
#[derive(Debug)]
pub struct DeafFuse {
    device: Arc<File>,
    ending: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DeafFuse {
    /// Starts it.
    pub fn serve() -> Result<Self> {
        Self::start(true)
    }

    /// Starts one that says of itself that it is an empty directory, until [`DeafFuse::fall_silent`].
    pub fn serve_at_first() -> Result<Self> {
        Self::start(false)
    }

    fn start(deaf: bool) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let device = Arc::new(options.open("/dev/fuse").context("/dev/fuse")?);
        let ending = Arc::<AtomicBool>::default();
        let deaf = Arc::new(AtomicBool::new(deaf));
        let (stop, silent, served) = (Arc::clone(&ending), Arc::clone(&deaf), Arc::clone(&device));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                one(&served, &silent);
            }
        });
        Ok(Self { device, ending, deaf, thread: Some(thread) })
    }

    /// The descriptor that a mount needs.
    pub(crate) fn fd(&self) -> RawFd {
        self.device.as_raw_fd()
    }

    /// From now on it answers nothing.
    pub fn fall_silent(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }
}

/// Waits a moment for a question, and takes it.
fn one(mut device: &File, deaf: &AtomicBool) {
    let mut question = libc::pollfd { fd: device.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut buffer = vec![0; LONGEST];
    // SAFETY: one descriptor, which is open.
    if unsafe { libc::poll(&raw mut question, 1, 20) } < 1 {
        return;
    }
    // Before the mount, and after its end, there is nothing to read.
    let Ok(40..) = device.read(&mut buffer) else { return std::thread::yield_now() };
    // struct fuse_in_header: length, kind, and a number of 8 bytes that the answer repeats.
    let kind = u32::from_ne_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
    if UNANSWERABLE.contains(&kind) || (kind != INIT && deaf.load(Ordering::Relaxed)) {
        return;
    }
    let (error, body) = answer(kind);
    let length = (OUT + body.len()) as u32;
    let header = [&length.to_ne_bytes()[..], &(-error).to_ne_bytes(), &buffer[8..16]].concat();
    if let Err(error) = device.write_all(&[header, body].concat()) {
        eprintln!("lab: answering {kind} of FUSE: {error}");
    }
}

/// An error, or what an empty directory says: 32-bit words at their places, the others 0.
fn answer(kind: u32) -> (i32, Vec<u8>) {
    let (length, words): (usize, &[(usize, u32)]) = match kind {
        // Version 7.31, 4 KiB a write.
        INIT => (INIT_OUT, &[(0, 7), (4, 31), (20, 4096)]),
        // Inode 1, a directory with two links.
        GETATTR => (ATTR_OUT, &[(16, 1), (76, 0o40755), (80, 2), (96, 4096)]),
        // Blocks of 4 KiB, names of 255 bytes.
        STATFS => (STATFS_OUT, &[(40, 4096), (44, 255), (48, 4096)]),
        LOOKUP => return (libc::ENOENT, Vec::new()),
        _ => return (libc::ENOSYS, Vec::new()),
    };
    let mut body = vec![0; length];
    for (at, word) in words {
        body[*at..at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    (0, body)
}

impl Drop for DeafFuse {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}
