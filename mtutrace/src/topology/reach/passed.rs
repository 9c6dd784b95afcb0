//! Through which namespaces a path leads.
use std::collections::BTreeSet;

use crate::model::{Hop, NetnsId};

/// The namespaces of a path in their order, each once.
pub(crate) fn namespaces(path: &[Hop]) -> Vec<NetnsId> {
    let mut seen = BTreeSet::new();
    path.iter().map(|hop| hop.netns).filter(|netns| seen.insert(*netns)).collect()
}
