//! Connections of this node whose full-size segments time out again and again: which of them never got one through, though
//! small ones were acknowledged. Pure: it says about which sockets the kernel is to be asked, and is told the answers.
use crate::diagnosis::asked::{Asked, Bounds};
use crate::diagnosis::evidence::StuckUpload;
use crate::model::{Event, EventKind, SocketId, TcpInfo};

/// How many connections are followed.
const BOUNDS: Bounds = Bounds { all: 256, share: 64, questions: 16 };
/// Nothing acknowledged for so long after the second timeout in a row (RFC 6298: 0.2 and 0.4 s on Linux) is no loss.
const STAYS_NS: u64 = 1_500_000_000;
/// How often one that stays is looked at.
const AGAIN_NS: u64 = 5_000_000_000;
/// One of which nothing was heard for so long is over.
const SILENT_NS: u64 = 130_000_000_000;

#[derive(Clone, Copy, Debug)]
enum Stage {
    Fresh,
    Watched(TcpInfo),
}

#[derive(Clone, Copy, Debug)]
struct Upload {
    stage: Stage,
    /// Bytes of the segment, L3.
    length: u32,
    first_ns: u64,
    heard_ns: u64,
}

/// What became of a connection that was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is too early to say.
    Open,
    /// Something was acknowledged meanwhile, or full-size segments were before.
    Moves,
    /// Nothing is, and nothing tells why: not even small segments are known to have got through, or the socket is gone.
    Unknown,
    /// Small segments got through, and no full-size one.
    Stuck(StuckUpload),
}

/// The connections that are followed.
#[derive(Debug)]
pub(crate) struct Uploads(Asked<Upload>);

impl Default for Uploads {
    fn default() -> Uploads {
        Uploads(Asked::new(BOUNDS))
    }
}

impl Uploads {
    /// Takes in a full-size segment that timed out more than once; others are ignored.
    pub(crate) fn note(&mut self, event: &Event) {
        let EventKind::Timeouts { .. } = event.kind else { return };
        let (socket, now) = (SocketId { netns: event.netns, flow: event.flow }, event.time_ns);
        let fresh = Upload { stage: Stage::Fresh, length: event.length, first_ns: now, heard_ns: now };
        if let Some(upload) = self.0.follow(socket, fresh, 0) {
            upload.heard_ns = now;
        }
    }

    /// The sockets that it is time to ask about.
    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        self.0.retain(|upload| now_ns.saturating_sub(upload.heard_ns) < SILENT_NS);
        self.0.questions(now_ns, |waiting, upload| match upload.stage {
            _ if waiting => AGAIN_NS,
            Stage::Fresh => 0,
            Stage::Watched(_) => STAYS_NS,
        })
    }

    /// Takes in an answer (absent when there is no such socket); absent for sockets that are not followed.
    pub(crate) fn answer(
        &mut self,
        socket: SocketId,
        reading: Option<TcpInfo>,
        now_ns: u64,
    ) -> Option<Outcome> {
        let upload = self.0.answered(socket)?;
        let outcome = match (reading, upload.stage) {
            (None, _) => Outcome::Unknown,
            (Some(now), _) if now.timeouts == 0 || carried_full(&now) => Outcome::Moves,
            (Some(now), Stage::Watched(before)) if now.acked != before.acked => Outcome::Moves,
            (Some(now), Stage::Fresh) => {
                upload.stage = Stage::Watched(now);
                return Some(Outcome::Open);
            }
            (Some(now), Stage::Watched(_)) if !carried_any(&now) => Outcome::Unknown,
            (Some(now), Stage::Watched(_)) => {
                return Some(Outcome::Stuck(StuckUpload {
                    socket,
                    full: upload.length,
                    // The handshake counts as one.
                    acked: now.acked.saturating_sub(1),
                    received: now.received,
                    timeouts: now.timeouts,
                    first_ns: upload.first_ns,
                    last_ns: now_ns,
                }));
            }
        };
        self.0.forget(socket);
        Some(outcome)
    }
}

/// Whether full-size segments were acknowledged: on average more than half of one was.
fn carried_full(now: &TcpInfo) -> bool {
    now.acked > u64::from(now.sends) * 2 && now.acked * 2 > u64::from(now.delivered) * u64::from(now.sends)
}

/// Whether anything got through after the handshake, which counts as one byte.
fn carried_any(now: &TcpInfo) -> bool {
    now.acked > 1 || now.received > 1
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};

    const MS: u64 = 1_000_000;
    const STUCK: TcpInfo = TcpInfo {
        received: 0,
        segments: 3,
        largest: 536,
        full: 1448,
        options: 12,
        acked: 518,
        delivered: 2,
        sends: 1448,
        timeouts: 3,
        waits: false,
    };

    fn begun() -> (Uploads, SocketId) {
        let mut uploads = Uploads::default();
        let kind = EventKind::Timeouts { in_a_row: 2 };
        let event = Event { length: 1500, ..event(3, flow("172.17.0.2:40000", "192.0.2.10:443"), kind) };
        uploads.note(&event);
        (uploads, SocketId { netns: event.netns, flow: event.flow })
    }

    fn end(first: Option<TcpInfo>, second: Option<TcpInfo>) -> Option<Outcome> {
        let (mut uploads, socket) = begun();
        assert_eq!(uploads.questions(MS), [socket]);
        assert!(uploads.questions(2 * MS).is_empty(), "once at a time");
        let early = uploads.answer(socket, first, 3 * MS);
        if early != Some(Outcome::Open) {
            return early;
        }
        assert!(uploads.questions(1000 * MS).is_empty());
        assert_eq!(uploads.questions(1600 * MS), [socket]);
        uploads.answer(socket, second, 1600 * MS)
    }

    #[test]
    fn small_segments_got_through_and_full_size_ones_never() {
        let Some(Outcome::Stuck(stuck)) = end(Some(STUCK), Some(STUCK)) else { panic!() };
        assert_eq!((stuck.full, stuck.acked, stuck.timeouts, stuck.last_ns), (1500, 517, 3, 1600 * MS));
    }

    #[test_case(TcpInfo { acked: 1966, ..STUCK }, Outcome::Moves; "something was acknowledged")]
    #[test_case(TcpInfo { timeouts: 0, ..STUCK }, Outcome::Moves; "it goes on")]
    #[test_case(TcpInfo { acked: 1, ..STUCK }, Outcome::Moves; "the count went back, which is another socket")]
    fn it_moves(second: TcpInfo, expected: Outcome) {
        assert_eq!(end(Some(STUCK), Some(second)), Some(expected));
    }

    #[test]
    fn what_is_no_black_hole_or_cannot_be_told() {
        let full = TcpInfo { acked: 14_480, delivered: 11, ..STUCK };
        assert_eq!(end(Some(full), None), Some(Outcome::Moves), "full-size segments were acknowledged");
        let dead = TcpInfo { acked: 1, ..STUCK };
        assert_eq!(end(Some(dead), Some(dead)), Some(Outcome::Unknown), "nothing at all gets through");
        assert_eq!(end(Some(STUCK), None), Some(Outcome::Unknown), "it is closed");
        let mut others = Uploads::default();
        assert_eq!(others.answer(begun().1, Some(STUCK), 0), None);
    }

    #[test]
    fn memory_is_bounded_and_shared() {
        let (mut uploads, _) = begun();
        for port in 1..=1000u16 {
            let flow = flow(&format!("172.17.0.2:{port}"), "192.0.2.10:443");
            uploads.note(&event(3, flow, EventKind::Timeouts { in_a_row: 2 }));
        }
        assert_eq!(uploads.0.all().count(), BOUNDS.share);
        uploads.note(&event(2, flow("172.17.0.2:1", "192.0.2.10:443"), EventKind::Timeouts { in_a_row: 2 }));
        assert_eq!(uploads.0.all().count(), BOUNDS.share + 1);
        assert!(uploads.questions(SILENT_NS + 1).is_empty() && uploads.0.all().count() == 0);
    }
}
