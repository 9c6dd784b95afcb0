//! What routers told, and what came of it.

use std::net::IpAddr;

use super::words::{count, number};
use super::{Confidence, Finding, FindingKind, TooBigFacts};
use crate::capture::facts::Told;

const TCP: u8 = 6;
/// Messages, and larger packets long after the first one, before it is said that a sender does not heed them.
const MESSAGES: u64 = 3;
const LARGER: u64 = 2;

pub(super) fn facts((from, to, router): (IpAddr, IpAddr, IpAddr), told: &Told) -> TooBigFacts {
    TooBigFacts {
        router: router.to_string(),
        from: from.to_string(),
        to: to.to_string(),
        protocol: told.protocol,
        mtu: told.mtu,
        times: told.times,
        packet: told.quoted,
        larger_after: told.larger,
        fitting_after: told.fitting,
    }
}

pub(super) fn judge((from, to, router): (IpAddr, IpAddr, IpAddr), told: &Told) -> Finding {
    let (is_tcp, ignored) = (told.protocol == TCP, told.times >= MESSAGES && told.larger >= LARGER);
    let mut text = format!(
        "router {router} told {from} {} that packets to {to} must not exceed {} bytes",
        count(told.times, "time"),
        number(told.mtu)
    );
    if router == to {
        text.push_str(" (as the destination, or in its name, as tunnels on a bridge do)");
    }
    if told.quoted > 0 && told.quoted <= told.mtu {
        text.push_str(&format!(
            " (about packets of {} bytes, which do not: the message makes no sense)",
            number(told.quoted)
        ));
    }
    let (kind, confidence) = if told.larger > 0 {
        text.push_str(&format!(
            "; the sender went on sending {} of up to {} bytes half a second later and more",
            count(told.larger, "packet"),
            number(told.largest)
        ));
        match (is_tcp, ignored) {
            (true, true) => {
                text.push_str(": the messages do not reach it, or it ignores them");
                (FindingKind::TooBigIgnored, Confidence::Confirmed)
            }
            (true, false) => (FindingKind::TooBigTold, Confidence::Possible),
            // Probing is what DPLPMTUD (RFC 8899) and QUIC do.
            (false, _) => {
                text.push_str("; without TCP that may be a probe of the path, sent on purpose");
                (FindingKind::TooBigTold, Confidence::Possible)
            }
        }
    } else if told.fitting > 0 {
        text.push_str(&format!(
            "; since then no packet was larger than {} bytes: the sender heeds it",
            number(told.largest_fitting)
        ));
        (FindingKind::TooBigHeeded, Confidence::Likely)
    } else {
        text.push_str("; no such packet to there came later, so the capture does not tell what became of it");
        (FindingKind::TooBigTold, Confidence::Possible)
    };
    let problem = kind == FindingKind::TooBigIgnored;
    Finding { kind, confidence, problem, text, flow: Some(format!("{from} → {to}")) }
}
