//! An output whose bytes go to stdout by a queue.
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use super::buffer::Buffer;
use super::limit::{Limiter, Rate};
use super::queue::{Backlog, Patience, Queue, Worth};
use super::{Context, Item, Output};

/// One of the outputs that write bytes, without the waiting.
pub(super) struct Queued<O> {
    output: O,
    bytes: Buffer,
    queue: Queue,
    limit: Option<Limiter>,
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
        Ok(Queued { output: make(bytes.clone()), bytes, queue: Queue::new(out)?, limit: None })
    }
}

impl<O> Queued<O> {
    /// The same, with a limit of lines.
    pub(super) fn limited(self, rate: Option<Rate>) -> Queued<O> {
        Queued { limit: rate.map(|rate| Limiter::new(rate, Instant::now())), ..self }
    }
}

impl<O: Output> Output for Queued<O> {
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        self.output.show(item, context)?;
        let queue = &self.queue;
        self.bytes.drain(|lines| match &mut self.limit {
            Some(limit) => limit.show(item, lines, Instant::now(), |lines, worth| queue.push(lines, worth)),
            None => queue.push(lines, worth(item)),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(limit) = &mut self.limit {
            limit.release(Instant::now(), |lines, worth| self.queue.push(lines, worth))?;
        }
        self.queue.flush()
    }

    fn backlog(&self) -> Backlog {
        let limited = self.limit.as_ref().map_or(0, Limiter::left_out);
        Backlog { limited, ..self.queue.backlog() }
    }

    fn settle(&mut self, patience: Patience) -> io::Result<()> {
        self.queue.settle(patience)
    }
}

fn worth(item: &Item<'_>) -> Worth {
    match item {
        Item::Starting { .. } | Item::Event(_) | Item::Report(_) => Worth::Ordinary,
        Item::Status(_) | Item::Standing(_) | Item::Lost(..) | Item::Verdict(_) => Worth::Important,
        Item::End(..) => Worth::Last,
    }
}
