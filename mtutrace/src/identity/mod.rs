//! Who owns a namespace: the network namespaces of the node, the containers in them, the containers around those,
//! and the inner end of a connection that NAT has renamed.
//!
//! [`cgroup`] and the parsers are pure; [`scan`] and [`connections::ProcConnections`] are the edges that read /proc.

pub mod cgroup;
pub mod connections;
pub mod lineage;
mod members;
mod process;
pub mod scan;
#[cfg(test)]
pub(crate) mod testing;

pub use cgroup::{CgroupIdentity, ContainerRef};
pub use connections::{Connections, NatEntry, ProcConnections};
pub use lineage::adopt;
pub use scan::{NetnsProcs, Scanner};
