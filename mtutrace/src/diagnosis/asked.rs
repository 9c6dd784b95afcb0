//! The sockets that the kernel is to be asked about, within a bound and a share for each namespace. Pure.
use std::collections::{BTreeMap, HashMap};

use crate::model::{NetnsId, SocketId};

/// How many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Most sockets that are followed.
    pub(super) all: usize,
    /// Most of one namespace.
    pub(super) share: usize,
    /// Most questions at a time.
    pub(super) questions: usize,
}

#[derive(Clone, Copy, Debug)]
struct Asking<T> {
    about: T,
    asked_ns: u64,
    waiting: bool,
}

/// The sockets that are followed, and what is known of each.
#[derive(Debug)]
pub(super) struct Asked<T> {
    sockets: BTreeMap<SocketId, Asking<T>>,
    shares: HashMap<NetnsId, usize>,
    bounds: Bounds,
}

impl<T> Asked<T> {
    /// None yet.
    pub(super) fn new(bounds: Bounds) -> Asked<T> {
        Asked { sockets: BTreeMap::new(), shares: HashMap::new(), bounds }
    }

    /// What is known of a socket, which is followed from now on; `fresh` if it was not, as if it had been asked about at
    /// `asked_ns`. Absent where there is no room.
    pub(super) fn follow(&mut self, socket: SocketId, fresh: T, asked_ns: u64) -> Option<&mut T> {
        if !self.sockets.contains_key(&socket) {
            let share = self.shares.get(&socket.netns).copied().unwrap_or_default();
            if share >= self.bounds.share || self.sockets.len() >= self.bounds.all {
                return None;
            }
            self.shares.insert(socket.netns, share + 1);
            self.sockets.insert(socket, Asking { about: fresh, asked_ns, waiting: false });
        }
        self.sockets.get_mut(&socket).map(|asking| &mut asking.about)
    }

    /// The sockets that it is time to ask about; `wait` says how long it takes until then, given whether an answer is awaited.
    pub(super) fn questions(&mut self, now_ns: u64, wait: impl Fn(bool, &T) -> u64) -> Vec<SocketId> {
        let due = |asking: &Asking<T>| {
            now_ns.saturating_sub(asking.asked_ns) >= wait(asking.waiting, &asking.about)
        };
        let due = self.sockets.iter_mut().filter(|(_, asking)| due(asking)).take(self.bounds.questions);
        due.map(|(socket, asking)| {
            (asking.waiting, asking.asked_ns) = (true, now_ns);
            *socket
        })
        .collect()
    }

    /// What is known of a socket about which an answer has come; absent if it is not followed.
    pub(super) fn answered(&mut self, socket: SocketId) -> Option<&mut T> {
        let asking = self.sockets.get_mut(&socket)?;
        asking.waiting = false;
        Some(&mut asking.about)
    }

    /// Follows a socket no more.
    pub(super) fn forget(&mut self, socket: SocketId) {
        if self.sockets.remove(&socket).is_some() {
            release(&mut self.shares, socket.netns);
        }
    }

    /// Goes on with those that `keep` accepts.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.sockets.retain(|socket, asking| {
            let stays = keep(&asking.about);
            if !stays {
                release(&mut self.shares, socket.netns);
            }
            stays
        });
    }

    /// What is known of each.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.sockets.values().map(|asking| &asking.about)
    }
}

fn release(shares: &mut HashMap<NetnsId, usize>, netns: NetnsId) {
    let left = shares.remove(&netns).unwrap_or_default().saturating_sub(1);
    if left > 0 {
        shares.insert(netns, left);
    }
}
