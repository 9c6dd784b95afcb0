//! A first look at the node: the namespaces that /proc tells of, read and connected.
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::discovery::scanner::{NetnsProcs, Scanner};
use crate::model::{NetnsId, Node};
use crate::runtimes::Names;
use crate::topology::{Seen, Topology};

/// On a node as busy as that, more would not help.
const SECOND_LOOKS: usize = 3;
/// Runtimes that take longer to tell names are not waited for.
const NAMING: Duration = Duration::from_millis(500);

/// The node before anything is attached.
pub(crate) struct Discovery {
    /// To look again.
    pub(crate) scanner: Scanner,
    /// What was read.
    pub(crate) topology: Topology,
    /// A socket for each namespace by which its changes are heard. It keeps the namespace alive.
    pub(crate) watch: Vec<(NetnsId, OwnedFd)>,
    /// Asks the runtimes for names.
    pub(crate) names: Names,
}

impl Discovery {
    /// Looks at the node for the first of many times.
    ///
    /// # Errors
    /// When /proc cannot be read or no thread can be made.
    pub(crate) fn new() -> std::io::Result<Discovery> {
        Discovery::by(Topology::new)
    }

    /// Looks at the node once; nothing watches for changes.
    ///
    /// # Errors
    /// As for [`Discovery::new`].
    pub(crate) fn once() -> std::io::Result<Discovery> {
        let mut survey = Discovery::by(Topology::unwatched)?;
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

    fn by(topology: impl FnOnce(NetnsId) -> std::io::Result<Topology>) -> std::io::Result<Discovery> {
        let mut scanner = Scanner::new(PathBuf::from("/proc"), PathBuf::from("/run/netns"));
        let mut names = Names::start()?;
        let seen = scan(&mut scanner, &names)?;
        let mut topology = topology(scanner.host())?;
        let changes = topology.refresh(&seen);
        names.show(topology.node(), scanner.processes());
        Ok(Discovery { scanner, topology, watch: changes.watch, names })
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
