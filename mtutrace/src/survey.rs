//! A first look at the node: the namespaces that /proc tells of, read and connected.
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::identity::{NetnsProcs, Scanner};
use crate::model::{Container, NetnsId};
use crate::topology::{Node, Seen, Topology};

/// On a node as busy as that, more would not help.
const SECOND_LOOKS: usize = 3;

/// The node before anything is attached.
pub(crate) struct Survey {
    /// To look again.
    pub(crate) scanner: Scanner,
    /// What was read.
    pub(crate) topology: Topology,
    /// A socket for each namespace by which its changes are heard. It keeps the namespace alive.
    pub(crate) watch: Vec<(NetnsId, OwnedFd)>,
}

impl Survey {
    /// Looks at the node for the first of many times.
    ///
    /// # Errors
    /// When /proc cannot be read or no thread can be made.
    pub(crate) fn new() -> std::io::Result<Survey> {
        Survey::by(Topology::new)
    }

    /// Looks at the node once; nothing watches for changes.
    ///
    /// # Errors
    /// As for [`Survey::new`].
    pub(crate) fn once() -> std::io::Result<Survey> {
        let mut survey = Survey::by(Topology::unwatched)?;
        // Processes come and go, and namespaces with them, while this looks. Those left unread then are read by another
        // path, or are gone.
        for _ in 0..SECOND_LOOKS {
            if survey.topology.unreadable().is_empty() {
                break;
            }
            let seen = scan(&mut survey.scanner)?;
            survey.topology.refresh(&seen);
        }
        Ok(survey)
    }

    fn by(topology: impl FnOnce(NetnsId) -> std::io::Result<Topology>) -> std::io::Result<Survey> {
        let mut scanner = Scanner::new(PathBuf::from("/proc"), PathBuf::from("/run/netns"));
        let seen = scan(&mut scanner)?;
        let mut topology = topology(scanner.host())?;
        let changes = topology.refresh(&seen);
        Ok(Survey { scanner, topology, watch: changes.watch })
    }

    /// The node.
    pub(crate) fn node(&self) -> &Node {
        self.topology.node()
    }
}

/// The namespaces that are there now.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn scan(scanner: &mut Scanner) -> std::io::Result<Vec<Seen>> {
    Ok(scanner.scan()?.into_iter().map(seen).collect())
}

fn seen(found: NetnsProcs) -> Seen {
    Seen {
        id: found.id,
        path: found.path,
        name: found.name,
        pid: found.pids.first().copied(),
        containers: found.containers,
    }
}

/// The patterns that no container of the node matches, and a list of those that are there; nothing when all match.
pub(crate) fn absent(patterns: &[String], node: &Node) -> Option<(String, String)> {
    let known: Vec<&Container> = node.netns.values().flat_map(|n| &n.containers).collect();
    let here = |p: &str| known.iter().any(|c| c.is_within(p));
    let absent: Vec<&str> = patterns.iter().map(String::as_str).filter(|p| !here(p)).collect();
    if absent.is_empty() {
        return None;
    }
    let mut list: Vec<String> = known
        .iter()
        .map(|c| {
            c.name.as_ref().map_or_else(|| c.short_id().to_owned(), |n| format!("{n} ({})", c.short_id()))
        })
        .collect();
    list.sort_unstable();
    list.dedup();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Some((absent.join(", "), list))
}
