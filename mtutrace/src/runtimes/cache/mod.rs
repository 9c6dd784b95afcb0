//! What was told of which container, and who is to be asked about when. Pure: time only comes as an argument.
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::runtimes::metadata::Metadata;

/// The second question about a container that nobody knew follows so soon: runtimes start a container, then say so.
const AGAIN: Duration = Duration::from_millis(250);
/// What was put off is asked about after this.
const SOON: Duration = Duration::from_secs(1);
/// The time doubles up to this.
const SLOWEST: Duration = Duration::from_secs(60);

/// The time after so many questions in vain.
pub(super) fn back_off(tries: u32) -> Duration {
    AGAIN.saturating_mul(1 << tries.min(16)).min(SLOWEST)
}

/// Containers by full id, each with those that it runs in, innermost first.
pub(super) type Lineages = BTreeMap<String, Vec<String>>;

#[derive(Debug)]
struct Entry {
    parents: Vec<String>,
    metadata: Option<Metadata>,
    /// The container whose daemon told it; none for the host's.
    by: Option<String>,
    tries: u32,
    next: Instant,
}

impl Entry {
    fn new(parents: Vec<String>, now: Instant) -> Entry {
        Entry { parents, metadata: None, by: None, tries: 0, next: now }
    }

    fn is_told(&self) -> bool {
        self.metadata.as_ref().is_some_and(|told| told.complete)
    }

    /// The host's daemons are asked on about what a container's own told.
    fn is_open(&self) -> bool {
        !self.is_told() || self.by.is_some()
    }

    /// A daemon in a container knows those inside of it, and the host's any; nobody is to name what others run.
    fn believes(&self, owner: Option<&str>) -> bool {
        owner.is_none_or(|owner| self.parents.iter().any(|parent| parent == owner))
    }
}

/// The cache: an entry for each container that is there, and for no other.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<String, Entry>);

impl Cache {
    /// These containers are there now. One that has moved to another parent is another one.
    pub(super) fn show(&mut self, lineages: Lineages, now: Instant) {
        let mut before = std::mem::take(&mut self.0);
        for (id, parents) in lineages {
            let entry = match before.remove(&id) {
                Some(known) if known.parents == parents => known,
                Some(known) => {
                    let kept = Entry { parents, tries: 0, next: now, ..known };
                    if kept.believes(kept.by.as_deref()) { kept } else { Entry::new(kept.parents, now) }
                }
                None => Entry::new(parents, now),
            };
            self.0.insert(id, entry);
        }
    }

    /// The containers to ask about now, with those whose daemons are to be asked. They count as asked about.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(&str, &[String])> {
        let open = self.0.iter_mut().filter(|(_, entry)| entry.is_open() && entry.next <= now);
        open.map(|(id, entry)| {
            entry.next = now + back_off(entry.tries);
            entry.tries += 1;
            let parents = if entry.is_told() { &[] } else { entry.parents.as_slice() };
            (id.as_str(), parents)
        })
        .collect()
    }

    /// There was no room to ask about these: soon again, as if nobody had been asked.
    pub(super) fn postpone(&mut self, ids: &[String], now: Instant) {
        for id in ids {
            if let Some(entry) = self.0.get_mut(id) {
                entry.tries = entry.tries.saturating_sub(1);
                entry.next = now + SOON;
            }
        }
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter(|entry| entry.is_open()).map(|entry| entry.next).min()
    }

    /// Notes an answer of a daemon of the host or of a container; true if it says anything new.
    pub(super) fn take(&mut self, owner: Option<&str>, answer: Vec<Metadata>) -> bool {
        let mut news = false;
        for told in answer {
            let Some(entry) = self.0.get_mut(&told.id) else { continue };
            let outranked = entry.metadata.is_some() && entry.by.is_none() && owner.is_some();
            // What is told stays, unless the host corrects a container's own daemon.
            let settled = entry.is_told() && (entry.by.is_none() || owner.is_some());
            if !settled && entry.believes(owner) && !outranked {
                news |= entry.metadata.as_ref() != Some(&told);
                entry.metadata = Some(told);
                entry.by = owner.map(str::to_owned);
            }
        }
        news
    }

    /// The containers around one.
    pub(super) fn parents(&self, id: &str) -> &[String] {
        self.0.get(id).map(|entry| entry.parents.as_slice()).unwrap_or_default()
    }

    /// What was told, by full id.
    pub(super) fn metadata(&self) -> BTreeMap<String, Metadata> {
        self.0.iter().filter_map(|(id, entry)| Some((id.clone(), entry.metadata.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests;
