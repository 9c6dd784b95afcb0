//! Large packets arrive and are thrown away for their checksum: it looks like a black hole, and no MTU is wrong.
use super::finding::Finding;
use crate::diagnosis::evidence::Damaged;
use crate::diagnosis::words;
use crate::model::{Fact, Severity, VerdictKind, facts};

/// One is bad luck.
const PACKETS: u64 = 3;

/// Applies when several did.
pub(super) fn judge(damaged: &Damaged, last_ns: u64) -> Option<Finding> {
    let (flow, _) = damaged.last.filter(|_| damaged.count >= PACKETS)?;
    let within = words::seconds(last_ns.saturating_sub(damaged.first_ns));
    Some(Finding {
        kind: VerdictKind::ChecksumErrors,
        severity: Severity::Info,
        effect: format!(
            "large packets from {} arrive with a wrong checksum and are thrown away. This is no MTU problem: switch off checksum \
             offload where they are sent",
            flow.src.ip()
        ),
        evidence: vec![format!(
            "{} of up to {} bytes thrown away for their checksum within {within}, the last one from {} to {}",
            words::count_of(damaged.count, "packet"),
            damaged.largest,
            flow.src,
            flow.dst
        )],
        facts: facts([
            (Fact::PacketsDamaged, damaged.count),
            (Fact::LargestPacketBytes, damaged.largest.into()),
            (Fact::SpanMs, words::milliseconds(last_ns.saturating_sub(damaged.first_ns))),
        ]),
    })
}
