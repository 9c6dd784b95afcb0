//! Datagrams in pieces.

use std::net::IpAddr;

use super::words::{count, number};
use super::{Confidence, Finding, FindingKind, FragmentFacts};
use crate::capture::facts::Cut;

/// Messages of the receiver before it counts as a problem: one piece is lost easily.
const TIMED_OUT: u64 = 2;

pub(super) fn facts((from, to): (IpAddr, IpAddr), cut: &Cut) -> FragmentFacts {
    FragmentFacts {
        from: from.to_string(),
        to: to.to_string(),
        datagrams: cut.datagrams,
        incomplete: cut.incomplete,
        first_piece: cut.largest_first,
        largest: cut.largest,
        timed_out: cut.timed_out,
    }
}

pub(super) fn judge((from, to): (IpAddr, IpAddr), cut: &Cut) -> Finding {
    let mut text = format!("{from} → {to}: {} came in pieces", count(cut.datagrams, "datagram"));
    if cut.largest > 0 {
        text.push_str(&format!(", up to {} bytes as a whole", number(cut.largest)));
    }
    if let Some(smallest) = cut.smallest_first {
        // Pieces but the last carry a multiple of eight bytes.
        text.push_str(&format!("; first pieces of {} bytes", number(cut.largest_first)));
        if smallest != cut.largest_first {
            text.push_str(&format!(" and less, down to {}", number(smallest)));
        }
        text.push_str(&format!(
            ", so an MTU of {} to {} cut them",
            number(cut.largest_first),
            number(cut.largest_first + 7)
        ));
    }
    let (kind, confidence) = if cut.timed_out >= TIMED_OUT {
        text.push_str(&format!(
            "; {to} said {} that pieces did not come in time",
            count(cut.timed_out, "time")
        ));
        (FindingKind::FragmentsLost, Confidence::Confirmed)
    } else if cut.incomplete > 0 && cut.incomplete == cut.first_alone {
        text.push_str(&format!(
            "; of {} only the first piece is in the capture: a filter by port leaves out the others, or they are lost",
            number(cut.incomplete)
        ));
        (FindingKind::FragmentsLost, Confidence::Possible)
    } else if cut.incomplete > 0 {
        text.push_str(&format!("; {} of them lack a piece", number(cut.incomplete)));
        (FindingKind::FragmentsLost, Confidence::Possible)
    } else {
        (FindingKind::Fragmented, Confidence::Confirmed)
    };
    let problem = confidence == Confidence::Confirmed && kind == FindingKind::FragmentsLost;
    Finding { kind, confidence, problem, text, flow: Some(format!("{from} → {to}")) }
}
