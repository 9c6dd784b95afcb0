//! A connection to a daemon that may be anybody's: it ends by itself at a time, and after so many bytes.
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::{Sleep, sleep};

/// A connection, one request long. A daemon under load takes a while to list its containers.
const LONGEST: Duration = Duration::from_secs(2);
/// Some 2 kB a container, for some thousand of them.
pub(super) const HOST_BYTES: usize = 8 << 20;
/// A daemon in a container runs fewer, and there may be many daemons.
pub(super) const INSIDE_BYTES: usize = 2 << 20;

/// The connection. Whoever holds it cannot be held up by the other end.
pub(super) struct BoundedStream {
    stream: UnixStream,
    most: usize,
    left: usize,
    end: Pin<Box<Sleep>>,
}

impl BoundedStream {
    /// `most`: bytes.
    pub(super) fn new(stream: UnixStream, most: usize) -> BoundedStream {
        BoundedStream { stream, most, left: most, end: Box::pin(sleep(LONGEST)) }
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer within 2 s"));
        }
        if self.left == 0 {
            let why = format!("the answer is longer than {} MB", self.most >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        Ok(())
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        read
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
