//! The thread that asks. Each place is asked by a task of its own, so that one that hangs holds up no other.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::shared::Shared;
use super::socket::{Api, Place, Socket};
use super::{cri, docker};
use crate::runtimes::cache::{Cache, Lineages, back_off};
use crate::runtimes::metadata::Metadata;

/// A file system that a container made may never answer.
const SEARCH: Duration = Duration::from_secs(1);
/// A daemon may need several requests, each of which has its own bound.
const WHOLE_ANSWER: Duration = Duration::from_secs(5);
/// File systems that may hang at a time before nothing is searched any more.
const SEARCHERS: usize = 8;
/// Places asked at a time; the others' turn comes by their back-off.
const MOST_TASKS: usize = 16;

/// What is there to be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) lineages: Lineages,
    /// A process of each container that has one.
    pub(super) processes: BTreeMap<String, u32>,
}

/// What happens to the thread.
pub(super) enum Event {
    /// This is there now; the number tells which of all sightings it is.
    Show(u64, Sighting),
    /// Call this at every news.
    Wake(Box<dyn Fn() + Send>),
    /// A daemon answered, or did not.
    Answer { owner: Option<String>, key: Key, answer: Result<Vec<Metadata>, String> },
    /// A place was asked. `false`: its file system hangs.
    Done { place: Place, found: bool },
    /// Nobody wants names any more.
    Stop,
}

type Key = (u64, u64);

/// How often a daemon failed in a row, and until when it is left alone.
struct Rest {
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
    host: Place,
    book: Cache,
    processes: BTreeMap<String, u32>,
    sighting: u64,
    asking: BTreeSet<Place>,
    /// Places whose file system hangs: each costs a thread until it answers.
    stuck: BTreeSet<Place>,
    resting: BTreeMap<Key, Rest>,
    wake: Option<Box<dyn Fn() + Send>>,
    events: UnboundedSender<Event>,
    shared: Arc<Shared>,
}

impl Poller {
    pub(super) fn new(host: Place, events: UnboundedSender<Event>, shared: Arc<Shared>) -> Poller {
        Poller {
            host,
            book: Cache::default(),
            processes: BTreeMap::new(),
            sighting: 0,
            asking: BTreeSet::new(),
            stuck: BTreeSet::new(),
            resting: BTreeMap::new(),
            wake: None,
            events,
            shared,
        }
    }

    pub(super) async fn run(mut self, mut receiver: UnboundedReceiver<Event>) {
        loop {
            let next = self.book.next();
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
                Some(Event::Stop) => return,
                Some(event) => self.take(event),
                None => false,
            };
            self.ask();
            self.shared.publish(self.sighting, self.asking.is_empty(), self.book.told());
            if let (true, Some(wake)) = (news, &self.wake) {
                wake();
            }
        }
    }

    /// True if there are new names.
    fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Show(number, sighting) => {
                self.sighting = number;
                self.processes = sighting.processes;
                self.book.show(sighting.lineages, Instant::now());
                self.stuck.retain(|place| place.owner().is_none_or(|id| self.processes.contains_key(id)));
            }
            Event::Wake(wake) => self.wake = Some(wake),
            Event::Answer { owner, key, answer } => match answer {
                Ok(told) => {
                    self.resting.remove(&key);
                    return self.book.take(owner.as_deref(), told);
                }
                Err(why) => {
                    tracing::debug!("no names from the runtime's socket {why}");
                    self.rest(key);
                }
            },
            Event::Done { place, found } => {
                self.asking.remove(&place);
                if !found {
                    self.stuck.insert(place);
                }
            }
            Event::Stop => {}
        }
        false
    }

    /// The longer, the oftener it failed.
    fn rest(&mut self, key: Key) {
        let now = Instant::now();
        let failures = self.resting.get(&key).map_or(0, |rest| rest.failures);
        // One that has not been asked for so long is gone.
        self.resting.retain(|_, rest| rest.until + back_off(u32::MAX) > now);
        let until = now + back_off(failures.saturating_add(2));
        self.resting.insert(key, Rest { failures: failures.saturating_add(1), until });
    }

    fn ask(&mut self) {
        let now = Instant::now();
        let mut questions: BTreeMap<Place, Vec<String>> = BTreeMap::new();
        for (id, parents) in self.book.due(now) {
            questions.entry(self.host.clone()).or_default().push(id.to_owned());
            for parent in parents {
                let Some(&pid) = self.processes.get(parent) else { continue };
                let place = Place::Inside { id: parent.clone(), pid };
                questions.entry(place).or_default().push(id.to_owned());
            }
        }
        let resting: BTreeSet<Key> =
            self.resting.iter().filter(|(_, rest)| rest.until > now).map(|(key, _)| *key).collect();
        for (place, ids) in questions {
            if self.asking.len() >= MOST_TASKS {
                break;
            }
            if !self.stuck.contains(&place) && self.asking.insert(place.clone()) {
                tokio::spawn(ask_place(place, ids, resting.clone(), self.events.clone()));
            }
        }
    }
}

/// Asks all daemons of a place at once.
async fn ask_place(place: Place, ids: Vec<String>, resting: BTreeSet<Key>, events: UnboundedSender<Event>) {
    let sockets = search(place.clone()).await;
    let found = sockets.is_some();
    let mut tasks = JoinSet::new();
    for socket in sockets.unwrap_or_default().into_iter().filter(|socket| !resting.contains(&socket.key)) {
        let (owner, ids, events) = (place.owner().map(str::to_owned), ids.clone(), events.clone());
        tasks.spawn(async move {
            let socket = Arc::new(socket);
            let answer = ask_socket(&socket, &ids).await.map_err(|why| format!("{}: {why}", socket.path));
            let _ = events.send(Event::Answer { owner, key: socket.key, answer });
        });
    }
    while tasks.join_next().await.is_some() {}
    let _ = events.send(Event::Done { place, found });
}

/// The sockets of a place; nothing if its file system hangs.
pub(super) async fn search(place: Place) -> Option<Vec<Socket>> {
    let search = tokio::task::spawn_blocking(move || place.sockets());
    timeout(SEARCH, search).await.ok().map(Result::unwrap_or_default)
}

/// What a daemon knows of these containers, and maybe of others.
pub(super) async fn ask_socket(socket: &Arc<Socket>, ids: &[String]) -> Result<Vec<Metadata>, String> {
    let answer = async {
        match socket.api {
            Api::Docker => docker::ask(socket, ids).await.map_err(|e| e.to_string()),
            Api::Cri => cri::ask(socket).await.map_err(|status| status.message().to_owned()),
        }
    };
    timeout(WHOLE_ANSWER, answer).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}
