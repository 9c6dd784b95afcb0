//! The thread that writes.
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use super::create::Target;
use super::shared::{Plan, QUEUE, Shared};
use crate::output::stderr::say;

/// What it is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Whole blocks.
    Append(Vec<u8>),
    /// Another file, with this mark in its name.
    Next(String),
}

/// The files, and how much may be written.
pub(super) struct Writer {
    target: Target,
    plan: Plan,
    file: Option<File>,
    /// Those that are there, oldest first.
    kept: VecDeque<(PathBuf, u64)>,
    /// Bytes of the file that is being written.
    size: u64,
    /// Bytes of all files that are there.
    total: u64,
    shared: Arc<Shared>,
    /// Whether somebody was told that nothing more is written.
    told: bool,
}

impl Writer {
    pub(super) fn new(
        target: Target,
        plan: Plan,
        first: Option<(File, Option<PathBuf>)>,
        shared: Arc<Shared>,
    ) -> Writer {
        // Without a first file it is a flight recorder: those of before count too.
        let kept: VecDeque<_> = if first.is_none() { target.left().into() } else { VecDeque::new() };
        let total = kept.iter().map(|(_, size)| size).sum();
        let mut writer = Writer { target, plan, file: None, kept, size: 0, total, shared, told: false };
        if let Some(first) = first {
            writer.begin(first);
        }
        writer
    }

    /// Until nobody sends any more. What was sent is handed to the kernel at once: a crash of this process loses nothing of it.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let mut batch = Vec::new();
            for message in std::iter::once(first).chain(messages.try_iter()) {
                match message {
                    Message::Append(bytes) if batch.is_empty() => batch = bytes,
                    Message::Append(bytes) => batch.extend_from_slice(&bytes),
                    Message::Next(mark) => {
                        self.append(&std::mem::take(&mut batch));
                        self.next(&mark);
                    }
                }
                if batch.len() >= QUEUE / 4 {
                    self.append(&std::mem::take(&mut batch));
                }
            }
            self.append(&batch);
        }
        if let Some(file) = &self.file {
            // A pipe has nothing to be brought to a disk.
            let _ = file.sync_data();
        }
    }

    fn begin(&mut self, (file, path): (File, Option<PathBuf>)) {
        (self.file, self.size) = (Some(file), 0);
        self.kept.extend(path.map(|path| (path, 0)));
    }

    fn next(&mut self, mark: &str) {
        while let Some(count) = self.plan.count
            && self.kept.len() >= usize::try_from(count).unwrap_or(usize::MAX)
            && let Some((oldest, size)) = self.kept.pop_front()
        {
            if let Err(e) = std::fs::remove_file(&oldest) {
                tracing::warn!("cannot remove {}: {e}", oldest.display());
            }
            self.total = self.total.saturating_sub(size);
        }
        self.file = None;
        self.told = false;
        match self.target.open(Some(mark)) {
            Ok(opened) => self.begin(opened),
            Err(e) => self.stop(&e.to_string()),
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.shared.queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.plan.max_size.is_some_and(|most| self.total.saturating_add(length) > most) {
            self.stop("it is as large as --max-size allows");
        }
        let Some(file) = &mut self.file else {
            self.shared.unwritten.fetch_add(length, Ordering::Relaxed);
            return;
        };
        match file.write_all(bytes) {
            Ok(()) => {
                (self.size, self.total) = (self.size + length, self.total + length);
                if let Some((_, size)) = self.kept.back_mut() {
                    *size = self.size;
                }
            }
            Err(e) => {
                // What was written of them is taken back: the file ends with a whole block.
                let _ = rustix::fs::ftruncate(file.as_fd(), self.size);
                self.shared.unwritten.fetch_add(length, Ordering::Relaxed);
                self.stop(&e.to_string());
            }
        }
    }

    /// Nothing more is written to this file.
    fn stop(&mut self, why: &str) {
        self.file = None;
        if !std::mem::replace(&mut self.told, true) {
            say(&format!("the recording ends here, and the run goes on: {why}"));
        }
    }
}
