//! Resource limits.
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process have as many files open as it ever may: each network namespace takes one, and the usual limit
/// of 1,024 is there for programs that use select(2). Where the kernel refuses, the usual one must do.
pub(super) fn raise_open_files() {
    // Raising the soft limit to the hard one needs no privilege (setrlimit(2)).
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(e) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!("cannot raise the limit of open files: {e}");
    }
}
