//! File descriptors: a link takes one, two a device, and a network namespace takes some. Where they run out, reading /proc
//! fails too, and nothing is known of anybody: so the links leave some.
use std::os::fd::AsRawFd;

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// So many are left for all that is no link.
const RESERVE: u64 = 64;

/// Lets this process have as many files open as it ever may: the usual limit of 1,024 is there for programs that use
/// select(2). With CAP_SYS_RESOURCE that is what the kernel allows at all. Where it refuses, the usual one must do.
pub(crate) fn raise_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = std::fs::read_to_string("/proc/sys/fs/nr_open").ok().and_then(|text| text.trim().parse().ok());
    let highest = most.max(maximum);
    if setrlimit(Resource::Nofile, Rlimit { current: highest, maximum: highest }).is_ok() {
        return;
    }
    // Raising the soft limit to the hard one needs no privilege (setrlimit(2)).
    if let Err(e) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!("cannot raise the limit of open files: {e}");
    }
}

/// How many this process may have open.
pub(crate) fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many devices can carry classifiers under a limit, at most.
pub(crate) fn devices_of(limit: u64) -> u64 {
    limit.saturating_sub(RESERVE) / 2
}

/// Whether there are descriptors for one more device. The kernel gives the lowest number that is free.
pub(super) fn have_room() -> bool {
    let lowest = eventfd(0, EventfdFlags::CLOEXEC);
    lowest.is_ok_and(|fd| u64::from(fd.as_raw_fd().unsigned_abs()) + RESERVE < limit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_room_for_so_many_devices() {
        raise_limit();
        assert!(have_room() && limit() >= 1024, "{}", limit());
        assert_eq!([devices_of(10), devices_of(256), devices_of(1024)], [0, 96, 480]);
    }
}
