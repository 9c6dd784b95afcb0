//! A first look at the node: the namespaces that /proc tells of, read and connected.
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::PodName;
use crate::identity::{NetnsProcs, Scanner};
use crate::model::{Container, NetnsId};
use crate::names::Names;
use crate::topology::{Node, Seen, Topology};

/// On a node as busy as that, more would not help.
const SECOND_LOOKS: usize = 3;
/// Runtimes that take longer to tell names are not waited for.
const NAMING: Duration = Duration::from_millis(500);

/// The node before anything is attached.
pub(crate) struct Survey {
    /// To look again.
    pub(crate) scanner: Scanner,
    /// What was read.
    pub(crate) topology: Topology,
    /// A socket for each namespace by which its changes are heard. It keeps the namespace alive.
    pub(crate) watch: Vec<(NetnsId, OwnedFd)>,
    /// Asks the runtimes for names.
    pub(crate) names: Names,
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
            let seen = scan(&mut survey.scanner, &survey.names)?;
            survey.topology.refresh(&seen);
        }
        survey.wait_for_names()?;
        Ok(survey)
    }

    /// Gives the runtimes some time to tell the names of the containers.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub(crate) fn wait_for_names(&mut self) -> std::io::Result<()> {
        if self.names.wait(NAMING) {
            let seen = scan(&mut self.scanner, &self.names)?;
            let changes = self.topology.refresh(&seen);
            self.watch.retain(|(netns, _)| !changes.removed.contains(netns));
            self.watch.extend(changes.watch);
        }
        Ok(())
    }

    fn by(topology: impl FnOnce(NetnsId) -> std::io::Result<Topology>) -> std::io::Result<Survey> {
        let mut scanner = Scanner::new(PathBuf::from("/proc"), PathBuf::from("/run/netns"));
        let mut names = Names::start()?;
        let seen = scan(&mut scanner, &names)?;
        let mut topology = topology(scanner.host())?;
        let changes = topology.refresh(&seen);
        names.show(topology.node(), scanner.processes());
        Ok(Survey { scanner, topology, watch: changes.watch, names })
    }

    /// The node.
    pub(crate) fn node(&self) -> &Node {
        self.topology.node()
    }
}

/// The namespaces that are there now, their containers with the names that are known now.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn scan(scanner: &mut Scanner, names: &Names) -> std::io::Result<Vec<Seen>> {
    let mut seen: Vec<Seen> = scanner.scan()?.into_iter().map(seen).collect();
    names.put(&mut seen);
    Ok(seen)
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

/// The patterns that no container of the node matches, the pods that none is of, and a list of the containers that are
/// there; nothing when none is absent.
pub(crate) fn absent(patterns: &[String], pods: &[PodName], node: &Node) -> Option<(String, String)> {
    let known: Vec<&Container> = node.netns.values().flat_map(|n| &n.containers).collect();
    let here = |p: &&String| known.iter().any(|c| c.is_within(p));
    let pod_here = |p: &&PodName| known.iter().any(|c| c.is_in_pod(&p.namespace, &p.name));
    let absent = patterns.iter().filter(|p| !here(p)).map(String::clone);
    let absent_pods =
        pods.iter().filter(|p| !pod_here(p)).map(|p| format!("of pod {}/{}", p.namespace, p.name));
    let absent: Vec<String> = absent.chain(absent_pods).collect();
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
