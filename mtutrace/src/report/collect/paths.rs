//! The devices on each container's way out.
use std::collections::BTreeSet;

use super::super::incident::{ContainerPath, known_by};
use crate::model::{NetnsId, Node};
use crate::topology::path;

/// Most containers.
const CONTAINERS: usize = 500;

/// Those of the node as it is.
pub(super) fn of(node: &Node, connected: &BTreeSet<NetnsId>) -> Vec<ContainerPath> {
    let owned = node.netns.iter().filter_map(|(id, netns)| Some((*id, netns.containers.first()?)));
    let of_one = |(id, container)| {
        let devices = path(node, id, None).into_iter().map(|hop| (hop.interface, hop.mtu)).collect();
        ContainerPath { who: known_by(container), connected: connected.contains(&id), devices }
    };
    owned.take(CONTAINERS).map(of_one).collect()
}
