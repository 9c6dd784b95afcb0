//! The files of a recording, written by a thread of its own: a slow disk must not hold up the ring.
mod create;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

pub(crate) use create::CreateError;
use create::Target;
pub(crate) use shared::Plan;
use shared::{QUEUE, Shared};
use writer::{Message, Writer};

/// The files of a recording.
#[derive(Debug)]
pub(crate) struct Files {
    messages: Sender<Message>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Files {
    /// Opens the first file if `now`, and starts the thread.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn create(plan: Plan, now: bool) -> Result<Files, CreateError> {
        let target = Target::new(&plan.path)?;
        let first = now.then(|| target.open(None)).transpose()?;
        let shared = Arc::new(Shared::default());
        let (messages, receiver) = channel();
        let writer = Writer::new(target, plan, first, Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("recording".to_owned());
        let thread = thread.spawn(move || writer.run(&receiver)).map_err(CreateError::Io)?;
        Ok(Files { messages, shared, thread: Some(thread) })
    }

    /// Appends bytes, which are whole blocks; false if there is no room for them.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> bool {
        let length = bytes.len();
        if self.shared.queued.load(Ordering::Relaxed).saturating_add(length) > QUEUE {
            return false;
        }
        self.shared.queued.fetch_add(length, Ordering::Relaxed);
        self.messages.send(Message::Append(bytes)).is_ok()
    }

    /// Goes on in another file, whose name has `mark` in it.
    pub(crate) fn next(&self, mark: String) {
        let _ = self.messages.send(Message::Next(mark));
    }

    /// Bytes that could not be written so far.
    pub(crate) fn unwritten(&self) -> u64 {
        self.shared.unwritten.load(Ordering::Relaxed)
    }
}

/// Writes a file that is created as those of a recording are.
///
/// # Errors
/// When it cannot be created or written.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), CreateError> {
    let (mut file, _) = Target::new(path)?.open(None)?;
    file.write_all(bytes).map_err(|source| CreateError::File { path: path.to_owned(), source })
}

/// Waits until all is written.
impl Drop for Files {
    fn drop(&mut self) {
        let (nobody, _) = channel();
        drop(std::mem::replace(&mut self.messages, nobody));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recording's thread died; please report this");
        }
    }
}
