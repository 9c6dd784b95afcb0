//! The thread that asks. Each root is asked by a task of its own, so that one that hangs holds up no other.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::shared::Shared;
use super::socket::{Api, Found, Socket, SocketRoot};
use super::{cri, docker};
use crate::container_fs::Refusal;
use crate::runtimes::cache::{Cache, Lineages, back_off};
use crate::runtimes::metadata::Metadata;

/// The host's file system may be a network's. What looks into containers has bounds of its own (`container_fs`).
const SEARCH: Duration = Duration::from_secs(1);
/// A daemon may need several requests, each of which has its own bound.
const WHOLE_ANSWER: Duration = Duration::from_secs(5);
/// Containers whose daemons are asked at a time; the others' turn comes by their back-off. The host's are always asked.
const MOST_TASKS: usize = 16;
/// A thread for each of them, and for the host.
const SEARCHERS: usize = MOST_TASKS + 1;

/// What is there to be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    pub(super) lineages: Lineages,
    /// A process of each container that has one.
    pub(super) processes: BTreeMap<String, u32>,
}

/// What happens to the thread.
pub(super) enum PollerEvent {
    /// This is there now; the number tells which of all sightings it is.
    Show(u64, Inventory),
    /// Call this at every news.
    Wake(Box<dyn Fn() + Send>),
    /// A daemon answered, or did not.
    Answer { owner: Option<String>, key: Key, answer: Result<Vec<Metadata>, String> },
    /// A root was asked; why a part of it was not.
    Done { root: SocketRoot, refusal: Option<Refusal> },
    /// Nobody wants names any more.
    Stop,
}

type Key = (u64, u64);

/// How often a daemon failed in a row, and until when it is left alone.
struct Backoff {
    failures: u32,
    until: Instant,
}

/// The thread's own runtime; file systems are searched on threads beside it.
///
/// # Errors
/// When the kernel refuses a thread or an event queue.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(SEARCHERS).build()
}

/// The state of the thread.
pub(super) struct Poller {
    host: SocketRoot,
    cache: Cache,
    processes: BTreeMap<String, u32>,
    inventory: u64,
    polling: BTreeSet<SocketRoot>,
    /// When each container's daemons were asked last, in turns: who waits longest comes first.
    turns: BTreeMap<String, u64>,
    turn: u64,
    /// Whose file system hangs, by container (none: the host's): each costs a thread or a helper until it answers.
    stuck: BTreeSet<Option<String>>,
    /// Somebody was told that there are containers into which nobody looks.
    told: bool,
    backing_off: BTreeMap<Key, Backoff>,
    wake: Option<Box<dyn Fn() + Send>>,
    events: UnboundedSender<PollerEvent>,
    shared: Arc<Shared>,
}

impl Poller {
    pub(super) fn new(host: SocketRoot, events: UnboundedSender<PollerEvent>, shared: Arc<Shared>) -> Poller {
        Poller {
            host,
            cache: Cache::default(),
            processes: BTreeMap::new(),
            inventory: 0,
            polling: BTreeSet::new(),
            turns: BTreeMap::new(),
            turn: 0,
            stuck: BTreeSet::new(),
            told: false,
            backing_off: BTreeMap::new(),
            wake: None,
            events,
            shared,
        }
    }

    pub(super) async fn run(mut self, mut receiver: UnboundedReceiver<PollerEvent>) {
        loop {
            let next = self.cache.next();
            let due = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                event = receiver.recv() => event,
                () = due => None,
            };
            let news = match event {
                Some(PollerEvent::Stop) => return,
                Some(event) => self.take(event),
                None => false,
            };
            self.ask();
            self.shared.publish(self.inventory, self.polling.is_empty(), self.cache.metadata());
            if let (true, Some(wake)) = (news, &self.wake) {
                wake();
            }
        }
    }

    /// True if there are new names.
    fn take(&mut self, event: PollerEvent) -> bool {
        match event {
            PollerEvent::Show(number, inventory) => {
                self.inventory = number;
                self.processes = inventory.processes;
                self.cache.show(inventory.lineages, Instant::now());
                self.turns.retain(|id, _| self.processes.contains_key(id));
                self.stuck.retain(|id| id.as_ref().is_none_or(|id| self.processes.contains_key(id)));
            }
            PollerEvent::Wake(wake) => self.wake = Some(wake),
            PollerEvent::Answer { owner, key, answer } => match answer {
                Ok(told) => {
                    self.backing_off.remove(&key);
                    return self.cache.take(owner.as_deref(), told);
                }
                Err(why) => {
                    tracing::debug!("no metadata from the runtime's socket {why}");
                    self.back_off_from(key);
                }
            },
            PollerEvent::Done { root, refusal } => {
                self.polling.remove(&root);
                if let Some(refusal) = refusal {
                    self.tell(&root, &refusal);
                    if matches!(refusal, Refusal::Silent) {
                        self.stuck.insert(root.owner().map(str::to_owned));
                    }
                }
            }
            PollerEvent::Stop => {}
        }
        false
    }

    /// Containers could make any number of lines: one is for everybody, the rest for who wants to know.
    fn tell(&mut self, root: &SocketRoot, refusal: &Refusal) {
        let whose = root.owner().map_or("the host", |id| id.get(..12).unwrap_or(id));
        let line =
            format!("cannot look for the runtimes of {whose}: {refusal}; what they run stays without a name");
        if std::mem::replace(&mut self.told, true) {
            return tracing::debug!("{line}");
        }
        tracing::warn!("{line} (said once; -v tells of each)");
    }

    /// The longer, the oftener it failed.
    fn back_off_from(&mut self, key: Key) {
        let now = Instant::now();
        let failures = self.backing_off.get(&key).map_or(0, |rest| rest.failures);
        // One that has not been asked for so long is gone.
        self.backing_off.retain(|_, rest| rest.until + back_off(u32::MAX) > now);
        let until = now + back_off(failures.saturating_add(2));
        self.backing_off.insert(key, Backoff { failures: failures.saturating_add(1), until });
    }

    fn ask(&mut self) {
        let now = Instant::now();
        let mut questions: BTreeMap<SocketRoot, Vec<String>> = BTreeMap::new();
        let due: Vec<(String, Vec<String>)> =
            self.cache.due(now).into_iter().map(|(id, whose)| (id.to_owned(), whose.to_vec())).collect();
        for (id, parents) in due {
            questions.entry(self.host.clone()).or_default().push(id.clone());
            for parent in &parents {
                let Some(&pid) = self.processes.get(parent) else { continue };
                let around = self.cache.parents(parent).to_vec();
                let root = SocketRoot::Inside { id: parent.clone(), around, pid };
                questions.entry(root).or_default().push(id.clone());
            }
        }
        let backing_off: BTreeSet<Key> =
            self.backing_off.iter().filter(|(_, rest)| rest.until > now).map(|(key, _)| *key).collect();
        for (root, ids) in in_turn(questions, &self.turns) {
            let owner = root.owner().map(str::to_owned);
            if self.stuck.contains(&owner) || self.polling.contains(&root) {
                continue;
            }
            if owner.is_some() && self.polling.len() >= MOST_TASKS {
                // Those that are asked now may keep it waiting, but not twice.
                self.cache.postpone(&ids, now);
                continue;
            }
            self.turn += 1;
            self.turns.extend(owner.map(|id| (id, self.turn)));
            self.polling.insert(root.clone());
            tokio::spawn(poll_root(root, ids, backing_off.clone(), self.events.clone()));
        }
    }
}

/// The host first, then the containers that were not asked for longest.
fn in_turn(
    questions: BTreeMap<SocketRoot, Vec<String>>,
    turns: &BTreeMap<String, u64>,
) -> Vec<(SocketRoot, Vec<String>)> {
    let mut questions: Vec<(SocketRoot, Vec<String>)> = questions.into_iter().collect();
    questions.sort_by_key(|(root, _)| root.owner().map(|id| turns.get(id).copied().unwrap_or(0)));
    questions
}

/// Asks all daemons of a root: the host's at once, those of a container one after the other.
async fn poll_root(
    root: SocketRoot,
    ids: Vec<String>,
    backing_off: BTreeSet<Key>,
    events: UnboundedSender<PollerEvent>,
) {
    let hangs = Found { refusal: Some(Refusal::Silent), ..Found::default() };
    let Found { sockets, refusal } = search(root.clone()).await.unwrap_or(hangs);
    let mut tasks = JoinSet::new();
    let until = Instant::now() + WHOLE_ANSWER;
    for socket in sockets.into_iter().filter(|socket| !backing_off.contains(&socket.key)) {
        let (owner, ids, events) = (root.owner().map(str::to_owned), ids.clone(), events.clone());
        let inside = owner.is_some();
        if inside && Instant::now() >= until {
            break;
        }
        tasks.spawn(async move {
            let socket = Arc::new(socket);
            let answer = query_socket(&socket, &ids).await.map_err(|why| format!("{}: {why}", socket.path));
            let _ = events.send(PollerEvent::Answer { owner, key: socket.key, answer });
        });
        if inside {
            tasks.join_next().await;
        }
    }
    while tasks.join_next().await.is_some() {}
    let _ = events.send(PollerEvent::Done { root, refusal });
}

/// The sockets of a root; nothing if the host's file system hangs.
pub(super) async fn search(root: SocketRoot) -> Option<Found> {
    let inside = root.owner().is_some();
    let search = tokio::task::spawn_blocking(move || root.sockets());
    if inside {
        return search.await.ok();
    }
    timeout(SEARCH, search).await.ok().map(Result::unwrap_or_default)
}

/// What a daemon knows of these containers, and maybe of others.
pub(super) async fn query_socket(socket: &Arc<Socket>, ids: &[String]) -> Result<Vec<Metadata>, String> {
    let answer = async {
        match socket.api {
            Api::Docker => docker::ask(socket, ids).await.map_err(|e| e.to_string()),
            Api::Cri => cri::ask(socket).await.map_err(|status| status.message().to_owned()),
        }
    };
    timeout(WHOLE_ANSWER, answer).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_longest_comes_first_after_the_host() {
        let inside = |id: &str| SocketRoot::Inside { id: id.to_owned(), around: Vec::new(), pid: 1 };
        let roots = [inside("a"), inside("b"), inside("c"), SocketRoot::Host("/".into())];
        let questions = roots.into_iter().map(|root| (root, Vec::new())).collect();
        let turns = [("a", 3), ("b", 2)].map(|(id, turn)| (id.to_owned(), turn)).into();
        let order = in_turn(questions, &turns);
        let order: Vec<Option<&str>> = order.iter().map(|(root, _)| root.owner()).collect();
        assert_eq!(order, [None, Some("c"), Some("b"), Some("a")]);
    }
}
