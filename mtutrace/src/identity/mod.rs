//! Who owns a namespace: the network namespaces of the node, the containers in them, the containers around those,
//! and the inner end of a connection that NAT has renamed.
//!
//! [`cgroup`] and the parsers are pure.

pub(crate) mod cgroup;
pub(crate) mod conntrack;
pub(crate) mod lineage;
pub(crate) mod twins;
