//! Reads the counters of every namespace and its devices, a little at a time.
use crate::model::DeviceCounters;
use crate::model::SnmpCounters;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::delta::{Deltas, DeltasByNetns, Reading};
use super::parse;
use crate::model::NetnsId;
use crate::topology::Topology;

/// Shortest time between two readings of a namespace.
const PERIOD: Duration = Duration::from_secs(1);
/// The same after readings that showed nothing new: each time half as long again.
const QUIET_PERIOD: Duration = Duration::from_secs(3);
/// After so much reading the rest waits for its turn, so that nothing else does.
const SLICE: Duration = Duration::from_millis(5);
/// Rest after reading, times its length: reading may cost 1 % of a CPU.
const REST: u32 = 99;
/// What is gone is looked for this often.
const TIDY: Duration = Duration::from_secs(2);

/// Room for most of these files, bytes: who has none asks the kernel for 32 bytes at first, of a file whose length it does not tell.
const ROOM: usize = 16 << 10;
/// Most bytes of a table of devices: more devices than the model keeps of a namespace that is not the host's.
const LONGEST: u64 = 4 << 20;

/// Reads, and remembers.
#[derive(Debug)]
pub(crate) struct Reader {
    deltas: Deltas,
    started: Instant,
    read: BTreeMap<NetnsId, Turn>,
    rest_until: Duration,
    tidy_at: Duration,
}

/// When a namespace was read last, or failed to be, and for how long that will do.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: Duration,
    period: Duration,
}

impl Turn {
    fn is_over(self, now: Duration) -> bool {
        now.saturating_sub(self.at) >= self.period
    }

    /// The one after it.
    fn next(before: Option<Turn>, at: Duration, moved: bool) -> Turn {
        let quiet = before.filter(|_| !moved).map(|turn| (turn.period * 3 / 2).min(QUIET_PERIOD));
        Turn { at, period: quiet.unwrap_or(PERIOD) }
    }
}

impl Reader {
    /// One that has read nothing yet: the first reading of each namespace that is there is what the others are compared with.
    pub(crate) fn new(topology: &Topology) -> Reader {
        let old: BTreeSet<NetnsId> =
            topology.node().netns.keys().chain(topology.unreadable().keys()).copied().collect();
        Reader {
            deltas: Deltas::new(old),
            started: Instant::now(),
            read: BTreeMap::new(),
            rest_until: Duration::ZERO,
            tidy_at: Duration::ZERO,
        }
    }

    /// Reads all that are there: what moves from now on belongs to the run. The hooks should be attached before, or
    /// the kernel might count what they could not see.
    pub(crate) fn begin(topology: &Topology) -> Reader {
        let mut reader = Reader::new(topology);
        reader.all(topology);
        reader
    }

    /// What moved so far.
    pub(crate) fn moved(&self) -> &DeltasByNetns {
        self.deltas.moved()
    }

    /// How long ago that namespace was read of which it is longest; since the start for one that never was.
    pub(crate) fn age(&self, topology: &Topology) -> Duration {
        let read = |netns| self.read.get(netns).map_or(Duration::ZERO, |turn| turn.at);
        let oldest = topology.node().netns.keys().map(read).min().unwrap_or_default();
        self.started.elapsed().saturating_sub(oldest)
    }

    /// Reads those whose turn it is; true if anything moved.
    pub(crate) fn look(&mut self, topology: &Topology) -> bool {
        let start = self.started.elapsed();
        if start < self.rest_until {
            return false;
        }
        if start >= self.tidy_at {
            self.tidy_at = start + TIDY;
            self.deltas.forget(start, |netns| {
                topology.node().netns.contains_key(&netns) || topology.unreadable().contains_key(&netns)
            });
            self.read.retain(|netns, _| topology.node().netns.contains_key(netns));
        }
        let mut moved = false;
        for netns in due(topology.node().netns.keys(), &self.read, start) {
            moved |= self.one(netns, topology);
            if self.started.elapsed().saturating_sub(start) > SLICE {
                break;
            }
        }
        let end = self.started.elapsed();
        self.rest_until = end + end.saturating_sub(start) * REST;
        moved
    }

    /// Reads all, whatever it costs; true if anything moved.
    pub(crate) fn all(&mut self, topology: &Topology) -> bool {
        topology.node().netns.keys().fold(false, |moved, netns| self.one(*netns, topology) | moved)
    }

    fn one(&mut self, netns: NetnsId, topology: &Topology) -> bool {
        let now = self.started.elapsed();
        let moved = self.take(netns, topology, now);
        let before = self.read.get(&netns).copied();
        self.read.insert(netns, Turn::next(before, now, moved));
        moved
    }

    fn take(&mut self, netns: NetnsId, topology: &Topology, now: Duration) -> bool {
        let node = topology.node();
        if !node.netns.contains_key(&netns) {
            return false;
        }
        match read(netns, topology) {
            Ok(reading) => self.deltas.read(node.key(netns), &reading, node.container(netns), now),
            Err(e) => {
                // Most often it has just ended.
                tracing::debug!("cannot read the kernel's counters of netns {netns}: {e}");
                false
            }
        }
    }
}

/// Those whose turn it is, the ones read longest ago first.
fn due<'a>(
    known: impl Iterator<Item = &'a NetnsId>,
    read: &BTreeMap<NetnsId, Turn>,
    now: Duration,
) -> Vec<NetnsId> {
    let known = known.map(|netns| (read.get(netns), *netns));
    let mut due: Vec<(Option<Duration>, NetnsId)> = known
        .filter(|(turn, _)| turn.is_none_or(|turn| turn.is_over(now)))
        .map(|(turn, netns)| (turn.map(|turn| turn.at), netns))
        .collect();
    due.sort_unstable();
    due.into_iter().map(|(_, netns)| netns).collect()
}

/// Reads a namespace. What has a name that the model does not know, or not yet, is no device of the reading.
fn read(netns: NetnsId, topology: &Topology) -> io::Result<Reading> {
    let (counters, mut devices) = texts(netns, topology)?;
    let links = topology.node().netns.get(&netns).into_iter().flat_map(|n| &n.links);
    let devices = links.map(|(index, link)| (*index, devices.remove(&link.name))).collect();
    Ok(Reading { counters, devices })
}

/// What the kernel tells: devices by name.
type Texts = (SnmpCounters, BTreeMap<String, DeviceCounters>);

/// By way of a process in it, else from inside.
fn texts(netns: NetnsId, topology: &Topology) -> io::Result<Texts> {
    if let Some(pid) = topology.node().netns.get(&netns).and_then(|n| n.pid) {
        let process = format!("/proc/{pid}");
        let texts = from(Path::new(&process));
        // The process may have ended or moved, and another one may have its number.
        let still_there =
            std::fs::metadata(format!("{process}/ns/net")).is_ok_and(|m| m.ino() == u64::from(netns.0));
        if let (Ok(texts), true) = (texts, still_there) {
            return Ok(texts);
        }
    }
    topology.enter(netns, || from(Path::new("/proc/thread-self"))).map_err(io::Error::other)?
}

/// Reads the namespace of a task, given by its directory in /proc.
fn from(task: &Path) -> io::Result<Texts> {
    let (mut counters, mut buffer) = (SnmpCounters::default(), Vec::with_capacity(ROOM));
    parse::snmp(&text(task, "net/snmp", &mut buffer)?, &mut counters).map_err(io::Error::other)?;
    match text(task, "net/snmp6", &mut buffer) {
        Ok(text) => parse::snmp6(&text, &mut counters).map_err(io::Error::other)?,
        // A kernel without IPv6.
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let text = text(task, "net/dev", &mut buffer)?;
    let devices = parse::dev(&text).map_err(io::Error::other)?;
    Ok((counters, devices.into_iter().map(|(name, device)| (name.to_owned(), device)).collect()))
}

/// Whole lines of a file. Names of devices need not be UTF-8; the model of the node changes them in the same way.
fn text<'a>(task: &Path, name: &str, buffer: &'a mut Vec<u8>) -> io::Result<Cow<'a, str>> {
    buffer.clear();
    std::fs::File::open(task.join(name))?.take(LONGEST).read_to_end(buffer)?;
    // A line that is cut is no line.
    buffer.truncate(buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    Ok(String::from_utf8_lossy(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unread_comes_first_and_the_fresh_wait() {
        let at = Duration::from_millis;
        let known = [1, 2, 3, 4].map(NetnsId);
        let turn = |ms| Turn { at: at(ms), period: PERIOD };
        let read = BTreeMap::from([(known[0], turn(900)), (known[1], turn(500)), (known[2], turn(100))]);
        let order: Vec<u32> = due(known.iter(), &read, at(1500)).iter().map(|n| n.0).collect();
        assert_eq!(order, [4, 3, 2], "never read, then by age; 1 was read just now");
    }

    #[test]
    fn where_nothing_moves_is_read_less_often() {
        let periods = |moved: &[bool]| {
            let mut turn = None;
            let mut next = |moved: &bool| turn.insert(Turn::next(turn, Duration::ZERO, *moved)).period;
            moved.iter().map(|moved| next(moved).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(periods(&[false; 5]), [1000, 1500, 2250, 3000, 3000]);
        assert_eq!(periods(&[false, false, true, false]), [1000, 1500, 1000, 1500]);
    }

    #[test]
    fn this_kernel_is_understood() {
        let (_, devices) = from(Path::new("/proc/thread-self")).unwrap();
        assert!(devices.contains_key("lo"));
    }
}
