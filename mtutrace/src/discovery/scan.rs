//! A first look at the node: the namespaces that /proc tells of, read and connected.
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::discovery::scanner::{NetnsProcs, Scanner};
use crate::discovery::visibility::{Seen, Visibility};
use crate::model::{NetnsId, Node};
use crate::runtimes::MetadataService;
use crate::topology::{FoundNetns, Topology};

/// On a node as busy as that, more would not help.
const RETRIES: usize = 3;
/// Runtimes that take longer to tell names are not waited for.
const METADATA_WAIT: Duration = Duration::from_millis(500);

/// The node before anything is attached.
pub(crate) struct Discovery {
    /// To look again.
    pub(crate) scanner: Scanner,
    /// What was read.
    pub(crate) topology: Topology,
    /// A socket for each namespace by which its changes are heard. It keeps the namespace alive.
    pub(crate) watch: Vec<(NetnsId, OwnedFd)>,
    /// How much of the node is seen.
    pub(crate) visibility: Visibility,
    /// Asks the runtimes for names.
    pub(crate) metadata: MetadataService,
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
        let mut discovery = Discovery::by(Topology::unwatched)?;
        // Processes come and go, and namespaces with them, while this looks. Those left unread then are read by another
        // path, or are gone.
        for _ in 0..RETRIES {
            if discovery.topology.unreadable().is_empty() {
                break;
            }
            let found = scan(&mut discovery.scanner, &discovery.metadata)?;
            discovery.topology.refresh(&found);
        }
        discovery.wait_for_metadata()?;
        Ok(discovery)
    }

    /// Gives the runtimes some time to tell the names of the containers.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub(crate) fn wait_for_metadata(&mut self) -> std::io::Result<()> {
        if self.metadata.wait(METADATA_WAIT) {
            let found = scan(&mut self.scanner, &self.metadata)?;
            let changes = self.topology.refresh(&found);
            self.watch.retain(|(netns, _)| !changes.removed.contains(netns));
            self.watch.extend(changes.watch);
        }
        Ok(())
    }

    fn by(topology: impl FnOnce(NetnsId) -> std::io::Result<Topology>) -> std::io::Result<Discovery> {
        let proc = PathBuf::from("/proc");
        let visibility = Seen::by(&proc)?.visibility();
        let mut scanner = Scanner::new(proc, PathBuf::from("/run/netns"));
        let mut metadata = MetadataService::start()?;
        let found = scan(&mut scanner, &metadata)?;
        if scanner.unreadable() > 0 {
            tracing::debug!("cannot read the network namespace of {} processes", scanner.unreadable());
        }
        let mut topology = topology(scanner.host())?;
        let changes = topology.refresh(&found);
        metadata.update(topology.node(), scanner.processes());
        Ok(Discovery { scanner, topology, watch: changes.watch, visibility, metadata })
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
pub(crate) fn scan(scanner: &mut Scanner, metadata: &MetadataService) -> std::io::Result<Vec<FoundNetns>> {
    let mut found: Vec<FoundNetns> = scanner.scan()?.into_iter().map(to_found).collect();
    metadata.apply(found.iter_mut().flat_map(|netns| &mut netns.containers));
    Ok(found)
}

fn to_found(procs: NetnsProcs) -> FoundNetns {
    FoundNetns {
        id: procs.id,
        path: procs.path,
        name: procs.name,
        mount: procs.mount,
        pid: procs.pids.first().copied(),
        command: procs.command,
        containers: procs.containers,
    }
}
