//! Connections of containers that lack something while they have what comes after it: which of these holes stay. Pure:
//! it says about which sockets the kernel is to be asked, and is told the answers.
use crate::diagnosis::evidence::PersistentHole;
use crate::model::SocketId;
use crate::model::TcpInfo;
use std::collections::BTreeMap;

use crate::model::{Event, EventKind, NetnsId, Node};
use crate::topology;

/// Most connections that are followed at a time; a loss like any other is over before the first question.
const HOLES: usize = 256;
/// Most questions at a time.
const QUESTIONS: usize = 16;
/// A loss that the sender makes good at once (RFC 6675, RFC 8985) is given this long.
const FIRST_NS: u64 = 200_000_000;
/// A hole is one that stays when it is still there after this: fast retransmit and three timeouts (RFC 6298: 0.2, 0.4
/// and 0.8 s on Linux) have failed.
const STAYS_NS: u64 = 2_500_000_000;
/// How often one that stays is looked at.
const AGAIN_NS: u64 = 5_000_000_000;
/// Bytes of data in the smallest segment that is too large for Ethernet's 1500, with timestamps. Where more is taken, a sender whose
/// whole answer is one such segment sends no full-size one.
const JUMBO: u32 = 1448 + 1;
/// Who has been acquitted is not asked again for so long.
const ACQUITTED_NS: u64 = 30_000_000_000;

#[derive(Clone, Copy, Debug)]
enum Stage {
    Fresh,
    Watched(TcpInfo),
    Stays(TcpInfo),
    Acquitted,
}

#[derive(Clone, Copy, Debug)]
struct Hole {
    stage: Stage,
    hole: u32,
    beyond: u32,
    /// No full-size segment is larger, as far as SYNs tell; bytes of data with options.
    mss: Option<u32>,
    first_ns: u64,
    /// When the stage began, or the kernel was asked last.
    since_ns: u64,
    waiting: bool,
}

/// The connections that are followed.
#[derive(Debug, Default)]
pub(crate) struct Holes(BTreeMap<SocketId, Hole>);

impl Holes {
    /// Takes in an ACK that asks for a hole. Of interest where its source is a container of this node; at devices further
    /// out NAT may have renamed it, and then no socket there has that name. `mss`: what the connection's SYN offered, as
    /// the last device saw it.
    pub(crate) fn note(&mut self, event: &Event, mss: Option<u32>, node: &Node) {
        let EventKind::SackHole { hole, beyond } = event.kind else { return };
        let Some(netns) = asker(event, node) else { return };
        let now = event.time_ns;
        if self.0.len() >= HOLES {
            self.0.retain(|_, h| !matches!(h.stage, Stage::Acquitted));
        }
        let question = SocketId { netns, flow: event.flow };
        if self.0.len() >= HOLES && !self.0.contains_key(&question) {
            return;
        }
        let fresh =
            Hole { stage: Stage::Fresh, hole, beyond, mss, first_ns: now, since_ns: now, waiting: false };
        let known = self.0.entry(question).or_insert(fresh);
        known.hole = hole;
        known.beyond = known.beyond.max(beyond);
    }

    /// The sockets that it is time to ask about.
    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        self.0.retain(|_, h| {
            let age = now_ns.saturating_sub(h.since_ns);
            age < ACQUITTED_NS && (!h.waiting || age < AGAIN_NS)
        });
        let due = |h: &Hole| {
            let wait = match h.stage {
                Stage::Fresh => FIRST_NS,
                Stage::Watched(_) => STAYS_NS,
                Stage::Stays(_) => AGAIN_NS,
                Stage::Acquitted => return false,
            };
            !h.waiting && now_ns.saturating_sub(h.since_ns) >= wait
        };
        let due = self.0.iter_mut().filter(|(_, h)| due(h)).take(QUESTIONS);
        due.map(|(question, h)| {
            (h.waiting, h.since_ns) = (true, now_ns);
            *question
        })
        .collect()
    }

    /// Takes in an answer; absent when there is no such socket. Returns the hole if it stays.
    pub(crate) fn answer(
        &mut self,
        question: SocketId,
        reading: Option<TcpInfo>,
        now_ns: u64,
    ) -> Option<PersistentHole> {
        let hole = self.0.get_mut(&question)?;
        (hole.waiting, hole.since_ns) = (false, now_ns);
        let Some(reading) = reading else {
            hole.stage = Stage::Acquitted;
            return None;
        };
        let full = reading.full.min(hole.mss.map_or(u32::MAX, |mss| mss.saturating_sub(reading.options)));
        let full = if hole.hole >= JUMBO { full.min(hole.hole) } else { full };
        let came_full = reading.largest.max(hole.beyond) >= full;
        let moved = |before: &TcpInfo| before.received != reading.received;
        let before = match &hole.stage {
            Stage::Watched(before) | Stage::Stays(before) if !moved(before) => Some(*before),
            Stage::Fresh => None,
            _ => {
                hole.stage = Stage::Acquitted;
                return None;
            }
        };
        if !reading.waits || came_full || hole.hole < full {
            hole.stage = Stage::Acquitted;
            return None;
        }
        let Some(before) = before else {
            hole.stage = Stage::Watched(reading);
            return None;
        };
        hole.stage = Stage::Stays(before);
        let headers = if question.flow.src.is_ipv4() { 40 } else { 60 } + reading.options;
        // 536 is what the kernel takes for granted before it has seen anything (TCP_MSS_DEFAULT).
        let largest = if reading.largest > 536 { reading.largest.max(hole.beyond) } else { hole.beyond };
        Some(PersistentHole {
            socket: question,
            hole: hole.hole,
            passes: largest + headers,
            full: full + headers,
            first_ns: hole.first_ns,
            last_ns: now_ns,
            came: reading.segments.saturating_sub(before.segments),
        })
    }
}

/// The namespace whose own stack sent it: at the other end of the device that it came in by, or (macvlan) near the one
/// that it leaves by.
fn asker(event: &Event, node: &Node) -> Option<NetnsId> {
    let src = event.flow.src.ip();
    let peer = event.device().and_then(|d| node.link(d)?.peer).map(|p| p.netns);
    let own = [peer, Some(event.netns)].into_iter().flatten().find(|netns| node.has_address(*netns, src));
    // This goes over all devices of the node.
    own.or_else(|| topology::resolve(node, event.netns, src).filter(|_| event.egress()))
}

#[cfg(test)]
mod tests;
