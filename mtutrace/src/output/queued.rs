//! An output whose bytes go to stdout by a queue.
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use super::buffer::Buffer;
use super::queue::{Backlog, Patience, Queue, Worth};
use super::{Context, Item, Output};

/// One of the outputs that write bytes, without the waiting.
pub(super) struct Queued<O> {
    output: O,
    bytes: Buffer,
    queue: Queue,
}

impl<O: Output> Queued<O> {
    /// `make` gets what the output is to write to.
    ///
    /// # Errors
    /// When there is no thread or descriptor to be had.
    pub(super) fn new(make: impl FnOnce(Buffer) -> O) -> io::Result<Queued<O>> {
        // Not `Stdout`: its lock would be held as long as nobody reads.
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let bytes = Buffer::default();
        Ok(Queued { output: make(bytes.clone()), bytes, queue: Queue::new(out)? })
    }
}

impl<O: Output> Output for Queued<O> {
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        self.output.show(item, context)?;
        self.bytes.drain(|lines| self.queue.push(lines, worth(item)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.queue.flush()
    }

    fn backlog(&self) -> Backlog {
        self.queue.backlog()
    }

    fn settle(&mut self, patience: Patience) -> io::Result<()> {
        self.queue.settle(patience)
    }
}

fn worth(item: &Item<'_>) -> Worth {
    match item {
        Item::Event(_) | Item::Report(_) => Worth::Ordinary,
        Item::Status(_) | Item::Standing(_) | Item::Lost(..) | Item::Verdict(_) => Worth::Important,
        Item::End(..) => Worth::Last,
    }
}
