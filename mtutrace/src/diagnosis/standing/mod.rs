//! MTUs that do not fit as the node stands, before anything is sent: what `map` marks, and what `run` tells though no
//! packet died of it. Pure.
mod cause;
mod network;
mod paths;

use crate::model::{Affected, Container, NetnsId, Node, StandingMismatch, describe};
use crate::topology::Exits;
use cause::Cause;
pub(crate) use network::Network;
pub(crate) use paths::{EgressPath, Fault};

/// All standing mismatches of the node, one for each cause, the worst first.
pub(crate) fn standing(node: &Node) -> Vec<StandingMismatch> {
    let mut exits = Exits::default();
    let mut all = Vec::new();
    for (&netns, known) in &node.netns {
        let mut network = Network::of(node, netns, &mut exits);
        network.judge(node, netns, known.containers.first());
        if network.mismatches() > 0 {
            all.push((netns, known.containers.iter().collect(), network));
        }
    }
    let seen = all.iter().map(|(netns, containers, network)| (*netns, containers, network));
    causes(node, seen)
}

/// What is wrong with these networks, of which judgements are made already: one mismatch for each cause, the worst first.
pub(crate) fn causes<'a>(
    node: &Node,
    networks: impl Iterator<Item = (NetnsId, &'a Vec<&'a Container>, &'a Network)>,
) -> Vec<StandingMismatch> {
    let mut found: Vec<Cause> = Vec::new();
    for (netns, containers, network) in networks {
        let tunnels = network.wrong_tunnels().map(|below| Cause::of_tunnel(below, node));
        let faults = network.other_faults().map(|fault| Cause::of_fault(fault, netns, node));
        for mut cause in tunnels.chain(faults) {
            let who = affected(netns, containers, node);
            match found.iter_mut().find(|known| known.key == cause.key) {
                // Whom it concerns twice, it concerns.
                Some(known) if known.mismatch.affected.last().is_some_and(|last| last.netns == netns) => {}
                Some(known) => known.mismatch.affected.extend(who),
                None => {
                    cause.mismatch.affected = who;
                    found.push(cause);
                }
            }
        }
    }
    found.sort_by_key(Cause::rank);
    found.into_iter().map(Cause::told).collect()
}

fn affected(netns: NetnsId, containers: &[&Container], node: &Node) -> Vec<Affected> {
    let one = |container: Option<&Container>| Affected {
        netns,
        container: container.cloned(),
        name: container.map_or_else(|| describe::owner(netns, node), describe::container),
    };
    if containers.is_empty() {
        return vec![one(None)];
    }
    containers.iter().map(|container| one(Some(container))).collect()
}

#[cfg(test)]
mod tests;
