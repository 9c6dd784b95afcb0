//! Packets as blocks of pcapng, with a comment that display filters find.
use std::collections::BTreeMap;

use super::devices::Devices;
use crate::diagnosis::{self, Recent};
use crate::model::{AttributedEvent, EventKind, Node, VerdictId};
use crate::output::Context;
use crate::output::text::label;
use crate::recording::packet;
use crate::recording::pcapng::{self, Packet};

/// The same packet comes by another device within this, nanoseconds.
const SAME_PACKET_NS: u64 = 2_000_000_000;
/// Most packets that are remembered to tell.
const PACKETS: usize = 16_384;

/// A packet that waits for what is found out about it.
#[derive(Debug)]
struct Waiting {
    attributed: AttributedEvent,
    /// Nanoseconds since 1970.
    wall_ns: u64,
    reason: Option<String>,
    first: bool,
}

/// Packets since the last report.
pub(super) struct Packets {
    waiting: Vec<Waiting>,
    seen: Recent<u64, ()>,
    /// The verdict that is active about a container or, without one, a namespace.
    verdicts: BTreeMap<String, VerdictId>,
}

impl Default for Packets {
    fn default() -> Packets {
        let seen = Recent::new(SAME_PACKET_NS, PACKETS);
        Packets { waiting: Vec::new(), seen, verdicts: BTreeMap::new() }
    }
}

impl Packets {
    /// Takes in a packet that was reported.
    pub(super) fn add(&mut self, attributed: &AttributedEvent, context: &Context<'_>) {
        let event = &attributed.event;
        let id = identity(attributed);
        let first = self.seen.get(&id, event.time_ns).is_none();
        self.seen.insert(id, (), event.time_ns);
        let reason = match event.kind {
            EventKind::Drop { reason, .. } => context.kernel_names.reasons.get(&reason).cloned(),
            _ => None,
        };
        let wall_ns = u64::try_from(context.clock.wall(event.time_ns).as_nanosecond()).unwrap_or(0);
        self.waiting.push(Waiting { attributed: attributed.clone(), wall_ns, reason, first });
    }

    /// Takes in a verdict: its packets name it from now on.
    pub(super) fn verdict(&mut self, verdict: &crate::model::Verdict) {
        let Some(container) = &verdict.container else { return };
        if verdict.active {
            self.verdicts.insert(container.id.clone(), verdict.id);
        } else if self.verdicts.get(&container.id) == Some(&verdict.id) {
            self.verdicts.remove(&container.id);
        }
    }

    /// The blocks of all that wait.
    pub(super) fn take(&mut self, devices: &mut Devices, node: &Node) -> Vec<u8> {
        let mut blocks = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let event = &waiting.attributed.event;
            let (interface, description) = devices.of(event, node);
            blocks.extend(description.unwrap_or_default());
            let headers = packet::headers(event);
            let outbound = match event.hook {
                mtutrace_common::HookId::TcEgress => Some(true),
                mtutrace_common::HookId::TcIngress => Some(false),
                _ => None,
            };
            blocks.extend(pcapng::packet(&Packet {
                interface,
                time_ns: waiting.wall_ns,
                data: &headers.bytes,
                length: headers.length,
                outbound,
                id: identity(&waiting.attributed),
                dropped: 0,
                comment: &self.comment(&waiting),
            }));
        }
        blocks
    }

    /// `signal=drop cause=forward_df limit=1450 length=1500 container="build 0123" verdict=… first sighting`.
    fn comment(&self, waiting: &Waiting) -> String {
        let AttributedEvent { event, container, .. } = &waiting.attributed;
        let mut words = vec![format!("signal={}", event.kind.signal().name())];
        words.extend(event.kind.drop_cause().map(|cause| format!("cause={cause}")));
        words.extend(event.kind.mtu().map(|mtu| format!("limit={mtu}")));
        words.extend((event.length != 0).then(|| format!("length={}", event.length)));
        words.extend(event.gso_segments.map(|segments| format!("gso_segments={segments}")));
        words.extend(waiting.reason.as_ref().map(|reason| format!("reason={reason}")));
        words.extend(container.as_ref().map(|container| format!("container=\"{}\"", label(container))));
        let verdict = container.as_ref().and_then(|container| self.verdicts.get(&container.id));
        words.extend(verdict.map(|id| format!("verdict={id}")));
        words.push(if waiting.first { "first sighting" } else { "seen before" }.to_owned());
        words.join(" ")
    }
}

/// What the packet is known by at every device: NAT does not change it.
fn identity(attributed: &AttributedEvent) -> u64 {
    let event = &attributed.event;
    let (message, mtu) = match event.kind {
        EventKind::IcmpSeen { message_id, mtu, .. } => (message_id, mtu.unwrap_or(0)),
        EventKind::IcmpSent { mtu } => (0, mtu.unwrap_or(0)),
        _ => (0, 0),
    };
    VerdictId::of(diagnosis::packet(event, message, mtu)).number()
}
