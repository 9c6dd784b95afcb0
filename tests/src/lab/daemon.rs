//! A daemon that speaks as much of Docker's API as listing containers takes, and says whatever it is told to say.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

/// The daemon; ends when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    socket: PathBuf,
    ending: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Listens at that path, and answers every request with this body.
    pub fn serve(socket: &Path, body: String) -> Result<Self> {
        let listener = UnixListener::bind(socket).with_context(|| socket.display().to_string())?;
        listener.set_nonblocking(true)?;
        let (ending, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (stop, count) = (Arc::clone(&ending), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        count.fetch_add(1, Ordering::Relaxed);
                        let _whoever_asks_may_leave = answer(stream, &body);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    Err(_) => return,
                }
            }
        });
        Ok(Self { socket: socket.to_owned(), ending, asked, thread: Some(thread) })
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn answer(mut stream: UnixStream, body: &str) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend(&buffer[..count]),
        }
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n", body.len()).as_bytes())?;
    stream.write_all(body.as_bytes())?;
    Ok(())
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        let _ended = self.thread.take().map(JoinHandle::join);
        let _gone_with_its_root = std::fs::remove_file(&self.socket);
    }
}
