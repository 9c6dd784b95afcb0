//! The ring buffer, drained asynchronously: records leave as `Bytes` that share one allocation a batch.
use std::io;

use aya::maps::{MapData, RingBuf};
use bytes::{Bytes, BytesMut};
use tokio::io::unix::AsyncFd;

/// Most records of one batch, so that a flood cannot starve the rest of the program.
pub(crate) const BATCH: usize = 1024;

/// The consumer of the ring.
pub(crate) struct Ring {
    fd: AsyncFd<RingBuf<MapData>>,
}

impl Ring {
    /// Takes the ring over.
    ///
    /// # Errors
    /// When its file descriptor cannot be polled.
    pub(crate) fn new(ring: RingBuf<MapData>) -> io::Result<Ring> {
        // SAFETY: the ring owns its map's descriptor and never changes it.
        Ok(Ring { fd: unsafe { AsyncFd::register(ring)? } })
    }

    /// Waits until there are records, and takes up to a batch of them, oldest first.
    ///
    /// # Errors
    /// When polling fails.
    pub(crate) async fn next(&mut self) -> io::Result<Vec<Bytes>> {
        let mut guard = self.fd.readable_mut().await?;
        let records = take(guard.get_inner_mut());
        if records.len() < BATCH {
            guard.clear_ready();
        }
        Ok(records)
    }

    /// Takes what is there without waiting.
    pub(crate) fn now(&mut self) -> Vec<Bytes> {
        take(self.fd.get_mut())
    }
}

fn take(ring: &mut RingBuf<MapData>) -> Vec<Bytes> {
    let mut buffer = BytesMut::new();
    let mut lengths = Vec::new();
    while lengths.len() < BATCH {
        let Some(record) = ring.next() else { break };
        buffer.extend_from_slice(&record);
        lengths.push(record.len());
    }
    let mut all = buffer.freeze();
    lengths.into_iter().map(|length| all.split_to(length)).collect()
}
