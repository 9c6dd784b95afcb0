//! A thread of its own that goes into network namespaces and does jobs there.
//!
//! `setns(2)` changes the calling thread only, so nothing else of the process ever leaves its namespace.
use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ThreadId};

use crate::container_fs::{self, Refusal, Wanted};
use crate::model::NetnsId;

/// Why a job was not done in its namespace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnterError {
    /// The path leads nowhere, or to another namespace by now (a pid was reused, a name was mounted anew).
    #[error("the namespace is no longer at {}", .0.display())]
    Gone(PathBuf),
    /// Nothing is known of a namespace with this number.
    #[error("unknown network namespace {0}")]
    Unknown(NetnsId),
    /// Opening the path failed; reading `/proc/PID/ns/net` takes CAP_SYS_PTRACE (ptrace(2), PTRACE_MODE_READ).
    #[error("cannot open {}: {source}", .path.display())]
    Open {
        /// What was opened.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// `setns(2)` refused; it takes CAP_SYS_ADMIN.
    #[error("cannot enter {}: {source}", .path.display())]
    Enter {
        /// What was to be entered.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The job panicked; its message, where it is text.
    #[error("a job inside a network namespace panicked: {0}")]
    Panicked(String),
    /// A job asked for another job, which would wait for itself.
    #[error("a job inside a network namespace asked for another one")]
    Nested,
    /// The thread could not return home, or is gone. Nothing can be done in other namespaces any more.
    #[error("the namespace thread could not return to its own network namespace")]
    Broken,
}

struct Task {
    path: PathBuf,
    expect: NetnsId,
    job: Box<dyn FnOnce() + Send>,
    done: Sender<Result<(), EnterError>>,
}

/// Does jobs in network namespaces, one at a time, in the order they were asked for.
#[derive(Debug)]
pub(crate) struct NetnsExecutor {
    tasks: Sender<Task>,
    worker: ThreadId,
}

impl NetnsExecutor {
    /// Starts the thread; the namespace of the caller is its home. It ends when the `NetnsExecutor` is dropped.
    pub(crate) fn new() -> io::Result<NetnsExecutor> {
        let home = File::open("/proc/thread-self/ns/net")?;
        let (tasks, queue) = channel();
        let thread = thread::Builder::new().name("netns".into()).spawn(move || serve(&home, &queue))?;
        Ok(NetnsExecutor { tasks, worker: thread.thread().id() })
    }

    /// Does `job` in the namespace at `path`, if that is still the namespace `expect`, and waits for its result.
    ///
    /// The path's descriptor is closed before the job begins: an open one would keep a dead namespace alive.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        path: &Path,
        expect: NetnsId,
        job: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, EnterError> {
        if thread::current().id() == self.worker {
            return Err(EnterError::Nested);
        }
        let (result, answer) = channel();
        let (done, outcome) = channel();
        let job = Box::new(move || drop(result.send(job())));
        let task = Task { path: path.to_owned(), expect, job, done };
        self.tasks.send(task).map_err(|_| EnterError::Broken)?;
        outcome.recv().map_err(|_| EnterError::Broken)??;
        answer.try_recv().map_err(|_| EnterError::Broken)
    }
}

fn serve(home: &File, queue: &Receiver<Task>) {
    while let Ok(Task { path, expect, job, done }) = queue.recv() {
        let outcome = visit(home, &path, expect, job);
        let broken = matches!(outcome, Err(EnterError::Broken));
        // Whoever asked may have gone.
        let _nobody_waits = done.send(outcome);
        if broken {
            return;
        }
    }
}

fn visit(home: &File, path: &Path, expect: NetnsId, job: Box<dyn FnOnce() + Send>) -> Result<(), EnterError> {
    let namespace = open(path, expect)?;
    set(namespace.as_fd()).map_err(|source| EnterError::Enter { path: path.to_owned(), source })?;
    drop(namespace);
    let outcome = catch_unwind(AssertUnwindSafe(job));
    set(home.as_fd()).map_err(|_| EnterError::Broken)?;
    outcome.map_err(|payload| EnterError::Panicked(message(payload.as_ref())))
}

/// Opens a namespace and checks that it is still the one that is meant.
pub(crate) fn open(path: &Path, expect: NetnsId) -> Result<File, EnterError> {
    let opened = match container_fs::split(path) {
        Some((pid, inside)) => open_inside(pid, &inside),
        // O_NONBLOCK: a FIFO under that name must not stop the thread for good.
        None => OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path),
    };
    let file = match opened {
        Ok(file) => file,
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => {
            return Err(EnterError::Gone(path.to_owned()));
        }
        Err(source) => return Err(EnterError::Open { path: path.to_owned(), source }),
    };
    match file.metadata() {
        Ok(status) if status.ino() == u64::from(expect.0) => Ok(file),
        Ok(_) => Err(EnterError::Gone(path.to_owned())),
        Err(source) => Err(EnterError::Open { path: path.to_owned(), source }),
    }
}

/// Opens what a container has mounted somewhere in its root, which must not stop the thread for good either.
fn open_inside(pid: u32, path: &Path) -> io::Result<File> {
    let process = container_fs::process(pid)?;
    match container_fs::open(process.as_fd(), path, Wanted::Namespace) {
        Ok(opened) => Ok(opened.fd.into()),
        Err(Refusal::Io(error)) => Err(error),
        Err(refusal) => Err(io::Error::other(refusal)),
    }
}

fn set(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is borrowed and so open; setns touches no memory of ours.
    match unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests;
