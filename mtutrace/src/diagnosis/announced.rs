//! Where the messages of routers beyond this node ("too big", and what fits) were seen: whether they got to the sender. Pure.
use crate::diagnosis::dedup::{Packet, packet};
use crate::diagnosis::recent::Recent;
use crate::model::{DeviceId, Event, EventKind, LinkKind, NetnsId, NetnsKey, Node};
use crate::topology;

/// How long a message is remembered: it passes the node within milliseconds.
const HOLD_NS: u64 = 2_000_000_000;
/// Most messages that are remembered.
const MESSAGES: usize = 4096;

/// Where one message was seen, and who it was for.
#[derive(Debug, Default)]
struct Sights {
    reached: Vec<NetnsId>,
    sender: Option<NetnsKey>,
}

/// The messages seen lately.
pub(crate) struct Announced(Recent<Packet, Sights>);

impl Default for Announced {
    fn default() -> Announced {
        Announced(Recent::new(HOLD_NS, MESSAGES))
    }
}

impl Announced {
    /// Takes in a sight of a message, the first or a later one. Returns its sender, where that is known and the message has
    /// now reached it.
    pub(crate) fn sight(&mut self, event: &Event, node: &Node) -> Option<NetnsKey> {
        let id = id(event)?;
        let netns = reaches(event, node)?;
        let sights = self.0.renew(id, event.time_ns);
        if sights.reached.contains(&netns) {
            return None;
        }
        // The sender's namespace is one of few on the way.
        if sights.reached.len() < 8 {
            sights.reached.push(netns);
        }
        sights.sender.filter(|sender| sender.id == netns)
    }

    /// Notes who sent the packet that a message is about; true if the message has reached it already.
    pub(crate) fn sent_by(&mut self, event: &Event, sender: NetnsKey) -> bool {
        let Some(id) = id(event) else { return false };
        let sights = self.0.renew(id, event.time_ns);
        sights.sender = Some(sender);
        sights.reached.contains(&sender.id)
    }
}

fn id(event: &Event) -> Option<Packet> {
    let EventKind::IcmpSeen { mtu, message_id, .. } = event.kind else { return None };
    Some(packet(event, message_id, mtu.unwrap_or(0)))
}

/// The namespace that the message is handed to at this device: what leaves by a veth comes out at its other end.
fn reaches(event: &Event, node: &Node) -> Option<NetnsId> {
    let device: DeviceId = event.device()?;
    let link = node.link(device)?;
    match link.kind {
        LinkKind::Veth if event.egress() => link.peer.map(|peer| peer.netns),
        // Ports that are left to their bridge.
        LinkKind::Bridge if event.egress() => match event.kind {
            EventKind::IcmpSeen { to: Some(to), .. } => topology::resolve(node, device.netns, to),
            _ => None,
        },
        _ if event.egress() => None,
        _ => Some(device.netns),
    }
}

#[cfg(test)]
mod tests {
    use mtutrace_common::HookId;

    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::testing::node::incident;

    fn seen(netns: u32, ifindex: u32, hook: HookId, seq: u32) -> Event {
        let kind = EventKind::IcmpSeen { from: None, to: None, mtu: Some(1420), message_id: 9 };
        Event { ifindex, hook, seq, ..event(netns, flow("10.42.0.108:40000", "192.0.2.10:80"), kind) }
    }

    #[test]
    fn a_message_reaches_its_sender_or_only_the_node() {
        let node = incident().0;
        let pod = node.key(NetnsId(2));
        let mut announced = Announced::default();
        let first = seen(1, 2, HookId::TcIngress, 1);
        assert_eq!(announced.sight(&first, &node), None);
        assert!(!announced.sent_by(&first, pod));
        assert_eq!(
            announced.sight(&seen(1, 3, HookId::TcEgress, 1), &node),
            None,
            "the bridge is not the pod"
        );
        assert_eq!(announced.sight(&seen(1, 112, HookId::TcEgress, 1), &node), Some(pod));
        assert_eq!(announced.sight(&seen(2, 2, HookId::TcIngress, 1), &node), None, "once");
        let other = seen(1, 112, HookId::TcEgress, 2);
        assert_eq!(announced.sight(&other, &node), None, "whose it is comes later");
        assert!(announced.sent_by(&other, pod));
    }
}
