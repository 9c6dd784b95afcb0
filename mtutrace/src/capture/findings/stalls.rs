//! Segments that are sent in vain: because of their size, or not.

use std::net::{IpAddr, SocketAddr};

use super::words::{also, count, flow, number, seconds};
use super::{Confidence, Finding, FindingKind};
use crate::capture::facts::{Connection, Facts, Stall, Way};

/// Every IPv4 path takes this much (RFC 791), every IPv6 path 1,280 (RFC 8200).
const ALWAYS_FITS: u32 = 576;
const ALWAYS_FITS_V6: u32 = 1280;
/// Sends before it is believed that a path became smaller than it was.
const BECAME_SMALLER: u32 = 6;
/// How long a receiver waits for what is missing.
const HOLE_NS: u64 = 3_000_000_000;
/// Options that a full-size segment may have less data for.
const OPTIONS: u32 = 40;

/// Why a segment does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Size(Confidence),
    Damage,
    Other,
}

pub(super) fn cause(facts: &Facts, stall: &Stall, src: IpAddr, dst: IpAddr) -> Cause {
    let fits = if src.is_ipv6() { ALWAYS_FITS_V6 } else { ALWAYS_FITS };
    if stall.length <= fits || stall.window_closed {
        return Cause::Other;
    }
    if stall.damaged {
        return Cause::Damage;
    }
    if facts.told.about(src, dst).any(|(_, told)| told.mtu > 0 && told.mtu < stall.length) {
        return Cause::Size(Confidence::Confirmed);
    }
    let acknowledged = facts.paths.get(src, dst).and_then(|path| path.acknowledged);
    match (acknowledged, stall.sacked) {
        (_, Some(arrived)) if arrived >= stall.length => Cause::Other,
        // As large before, and since then smaller ones alone.
        (Some(before), Some(_)) if before >= stall.length => {
            if stall.sends >= BECAME_SMALLER {
                Cause::Size(Confidence::Likely)
            } else {
                Cause::Other
            }
        }
        (Some(before), None) if before >= stall.length => Cause::Other,
        // Never more than likely: what damages large packets alone beyond this place looks the same.
        (Some(_), None) | (_, Some(_)) => Cause::Size(Confidence::Likely),
        (None, None) => Cause::Size(Confidence::Possible),
    }
}

/// What there is to say about one way of a connection.
pub(super) fn judge(
    facts: &Facts,
    connection: &Connection,
    (way, back): (&Way, &Way),
    (src, dst): (SocketAddr, SocketAddr),
    came_by: bool,
) -> Option<Finding> {
    match way.stall() {
        Some(stall) => Some(stalled(facts, connection, &stall, src, dst)),
        // What is missing here came by under the name that it has behind NAT.
        None if came_by => None,
        None => hole(facts, way, back, src, dst),
    }
}

fn stalled(
    facts: &Facts,
    connection: &Connection,
    stall: &Stall,
    src: SocketAddr,
    dst: SocketAddr,
) -> Finding {
    let cause = cause(facts, stall, src.ip(), dst.ip());
    let behind_nat = also(connection).map_or_else(String::new, |also| format!(" (also seen as {also})"));
    let mut text = format!(
        "{}{behind_nat}: {} of {}-byte segments ({} bytes at L3) within {:.1} s, none acknowledged",
        flow(src, dst),
        count(u64::from(stall.sends.saturating_sub(1)), "retransmission"),
        number(stall.data),
        number(stall.length),
        seconds(stall.last_ns.saturating_sub(stall.times_ns.first().copied().unwrap_or(stall.last_ns))),
    );
    let acknowledged = facts.paths.get(src.ip(), dst.ip()).and_then(|path| path.acknowledged);
    let smaller = acknowledged.max(stall.sacked).filter(|size| *size < stall.length);
    let told = facts.told.about(src.ip(), dst.ip()).find(|(_, told)| told.mtu > 0 && told.mtu < stall.length);
    let (kind, confidence) = match cause {
        Cause::Size(confidence) => {
            text.push_str(&match smaller {
                Some(size) => format!("; smaller ones up to {} bytes were", number(size)),
                None => "; no smaller one is in the capture to compare with".to_owned(),
            });
            text.push_str(&match told {
                Some((router, told)) => {
                    format!(": {router} says that no more than {} bytes fit", number(told.mtu))
                }
                None if confidence == Confidence::Possible => {
                    ": something may drop packets of this size, or nothing arrives at all".to_owned()
                }
                None => format!(
                    ": something in between drops or damages packets of {} bytes, and maybe smaller ones, without a message that \
                     the capture has",
                    number(stall.length)
                ),
            });
            (FindingKind::StallBySize, confidence)
        }
        Cause::Damage => {
            text.push_str(": their checksums are wrong, so they are damaged rather than too big");
            (FindingKind::DamagedPackets, Confidence::Likely)
        }
        Cause::Other => {
            text.push_str(match (stall.window_closed, smaller) {
                (true, _) => ": the receiver said that it has no room",
                (false, Some(_)) => ": packets this small fit everywhere, so size is not the reason",
                (false, None) => ": packets as large got through before, or this one fits everywhere, so size is not the reason",
            });
            (FindingKind::LossNotBySize, Confidence::Likely)
        }
    };
    let problem = kind == FindingKind::StallBySize && confidence <= Confidence::Likely;
    Finding { kind, confidence, problem, text, flow: Some(flow(src, dst)) }
}

/// As the receiver's side sees it: what is missing never came by.
fn hole(facts: &Facts, way: &Way, back: &Way, src: SocketAddr, dst: SocketAddr) -> Option<Finding> {
    let hole = way.hole()?;
    let waited_ns = facts.last_ns.saturating_sub(hole.since_ns);
    if waited_ns < HOLE_NS {
        return None;
    }
    let headers = if src.is_ipv6() { 60 } else { 40 };
    let full = back.mss.map(|mss| u32::from(mss) + headers);
    let largest = facts.paths.get(src.ip(), dst.ip()).map_or(0, |path| path.largest).max(way.largest_single);
    let smaller_alone = full.is_none_or(|full| largest + OPTIONS < full);
    if !smaller_alone {
        return None;
    }
    let confidence = if full.is_some() { Confidence::Likely } else { Confidence::Possible };
    let text = format!(
        "{}: {} bytes never came by, and the receiver asks for them since {:.1} s; no packet of this path is larger than {} \
         bytes{}: larger ones are lost before the place of the capture, or arrived there damaged",
        flow(src, dst),
        number(hole.bytes),
        seconds(waited_ns),
        number(largest),
        full.map_or_else(String::new, |full| format!(", though the receiver takes {}", number(full))),
    );
    let problem = confidence == Confidence::Likely;
    Some(Finding { kind: FindingKind::ReceiverHole, confidence, problem, text, flow: Some(flow(src, dst)) })
}
