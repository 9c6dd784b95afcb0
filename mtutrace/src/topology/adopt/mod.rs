//! Containers inside containers, told by the network: a nested container's traffic leaves through its parent.
use super::path::path_before_tunnels;
use super::reach::namespaces;
use crate::model::{Container, NetnsId, Node};

/// Gives parents to containers that have none: if the default path of their namespace leads next into a namespace that
/// a container owns, that container and its own parents. The host owns nothing, whatever runs in its namespace.
pub(crate) fn adopt_parents(node: &mut Node) {
    let mut ways: Vec<(usize, NetnsId, NetnsId)> = node
        .netns
        .iter()
        .filter(|(id, netns)| **id != node.host && netns.containers.iter().any(|c| c.parents.is_empty()))
        .filter_map(|(id, _)| {
            let way = namespaces(&path_before_tunnels(node, *id, None));
            Some((way.len(), *id, *way.get(1)?))
        })
        .filter(|(_, _, outer)| *outer != node.host)
        .collect();
    // The fewer namespaces are on the way out, the further out it is: parents get theirs first.
    ways.sort_unstable();
    for (_, inner, outer) in ways {
        let Some(parent) = node.container(outer).cloned() else { continue };
        if let Some(netns) = node.netns.get_mut(&inner) {
            adopt(&mut netns.containers, &parent);
        }
    }
}

/// Puts `containers` inside `parent`, and inside `parent`'s own parents, where their parents are not known otherwise.
fn adopt(containers: &mut [Container], parent: &Container) {
    let is_outer = |id: &str| parent.id == id || parent.parents.iter().any(|outer| outer.id == id);
    for container in containers.iter_mut().filter(|c| c.parents.is_empty() && !is_outer(&c.id)) {
        container.parents.push(Container { parents: Vec::new(), ..parent.clone() });
        container.parents.extend_from_slice(&parent.parents);
    }
}

#[cfg(test)]
mod tests;
