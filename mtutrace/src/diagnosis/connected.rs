//! Who was seen to talk: where all is well no other event says so, and silence proves nothing.
use std::collections::BTreeSet;

use super::flows::SynObservation;
use crate::model::{NetnsId, NetnsKey, Node};

/// Namespaces that are remembered: those that are gone make room for new ones.
const NAMESPACES: usize = 65_536;

/// Namespaces of which a TCP connection of their own was seen to be answered.
#[derive(Debug, Default)]
pub(crate) struct Connected(BTreeSet<NetnsKey>);

impl Connected {
    /// Takes note of a SYN-ACK of a connection whose SYN was seen: not of one that a namespace has with itself, nor of one that it
    /// passes on.
    pub(crate) fn note(&mut self, answer: &SynObservation, node: &Node) {
        let (src, dst) = (answer.flow.src.ip(), answer.flow.dst.ip());
        let is_end = |netns: &NetnsId| node.has_address(*netns, src) != node.has_address(*netns, dst);
        for netns in std::iter::once(answer.netns).chain(answer.peer).filter(is_end) {
            if self.0.len() >= NAMESPACES {
                self.0.retain(|owner| node.is_current(*owner));
            }
            if self.0.len() < NAMESPACES {
                self.0.insert(node.key(netns));
            }
        }
    }

    /// Those of them that are still there.
    pub(crate) fn current(&self, node: &Node) -> BTreeSet<NetnsId> {
        self.0.iter().filter(|owner| node.is_current(**owner)).map(|owner| owner.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Flow;
    use crate::testing::node::incident;

    #[test]
    fn only_who_is_an_end_of_a_connection_has_talked() {
        let node = incident().0;
        let answer = |netns, peer: Option<u32>, src: &str, dst: &str| SynObservation {
            time_ns: 1,
            netns: NetnsId(netns),
            ifindex: 1,
            egress: true,
            peer: peer.map(NetnsId),
            flow: Flow { protocol: 6, src: src.parse().unwrap(), dst: dst.parse().unwrap() },
            mss: None,
            forged: false,
        };
        let mut connected = Connected::default();
        assert!(connected.current(&node).is_empty());
        // On the pod's port of its bridge: the pod passes it on.
        connected.note(&answer(2, Some(3), "192.0.2.10:80", "172.17.0.2:4000"), &node);
        assert_eq!(connected.current(&node), [NetnsId(3)].into());
        connected.note(&answer(2, None, "10.42.0.108:80", "10.42.0.108:4000"), &node);
        assert_eq!(connected.current(&node), [NetnsId(3)].into(), "with itself");
        connected.note(&answer(2, None, "192.0.2.10:80", "10.42.0.108:4000"), &node);
        assert_eq!(connected.current(&node), [NetnsId(2), NetnsId(3)].into());
        let mut later = node.clone();
        later.netns.remove(&NetnsId(3));
        assert_eq!(connected.current(&later), [NetnsId(2)].into());
    }
}
