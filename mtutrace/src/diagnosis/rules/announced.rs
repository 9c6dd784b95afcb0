//! A router beyond this node says again and again what fits, about the same segment: the sender does not hear it, or does not
//! heed it.
use super::finding::Finding;
use super::pmtu_blackhole::{segment, unheard};
use crate::diagnosis::evidence::Announcement;
use crate::diagnosis::words;
use crate::model::{self, Fact, Severity, VerdictKind};

/// Why the sender goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A firewall of this node drops the message.
    Filtered,
    /// It came to a device of this node, and never to the sender.
    NotDelivered,
    /// It reached the sender's namespace.
    Ignored,
}

/// Why the sender of this goes on.
pub(crate) fn why(said: &Announcement) -> Why {
    if !said.filtered.is_empty() {
        Why::Filtered
    } else if said.delivered > 0 {
        Why::Ignored
    } else {
        Why::NotDelivered
    }
}

/// Applies when the same segment was told to be too big more than once, far enough apart.
pub(super) fn judge(said: &Announcement) -> Option<Finding> {
    let filtered: u64 = said.filtered.values().sum();
    let stalled: Vec<_> = said.repeated().filter(|(.., repeats)| unheard(repeats, filtered, false)).collect();
    let (flow, seq, worst) = stalled.iter().max_by_key(|(.., repeats)| repeats.count)?;
    let mut facts = segment(stalled.len(), worst);
    facts.insert(Fact::LimitBytes, said.mtu.into());
    facts.extend(model::facts([(Fact::IcmpFiltered, filtered)]));
    let mut evidence = vec![format!(
        "{} said \"too big, {} bytes fit\" {} times within {} about the TCP segment with sequence number {seq} from {} to {}",
        said.router,
        said.mtu,
        worst.count,
        words::seconds(worst.last_ns.saturating_sub(worst.first_ns)),
        flow.src,
        flow.dst,
    )];
    evidence.extend(words::stalled(stalled.len()));
    if filtered > 0 {
        evidence.push(format!(
            "a firewall on this node dropped {} about this limit",
            words::count_of(filtered, "message")
        ));
    }
    let reason = match why(said) {
        Why::Filtered => "a firewall on this node drops that message",
        Why::NotDelivered => {
            "that message reaches this node and not the sender: NAT or a load balancer does not pass it on"
        }
        Why::Ignored => "that message reaches the sender, which goes on as before",
    };
    Some(Finding {
        kind: VerdictKind::PmtuBlackhole,
        severity: Severity::Critical,
        effect: format!(
            "its connections are stalled: the router {} beyond this node carries only {} bytes and says so, but {reason}",
            said.router, said.mtu
        ),
        facts,
        evidence,
    })
}
