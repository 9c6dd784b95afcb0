//! A finding becomes a verdict: whose MTU is wrong, what limits it, and what fixes it, as the node is now.
use crate::diagnosis::advice;
use crate::diagnosis::evidence::{Evidence, ExternalEvidence, PersistentHole};
use crate::diagnosis::rules::Finding;
use crate::diagnosis::words;
use crate::model::{
    Beyond, Bottleneck, Container, DeviceId, Fix, Hop, NetnsId, Node, Verdict, VerdictId, describe,
};
use crate::{remediation, topology};

/// What stays the same over a verdict's life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// Its id.
    pub(crate) id: VerdictId,
    /// When it was first given, CLOCK_MONOTONIC nanoseconds.
    pub(crate) since_ns: u64,
    /// The verdict that it grew out of.
    pub(crate) replaces: Option<VerdictId>,
}

/// Makes the verdict about a wrong MTU of this node.
pub(crate) fn verdict(
    evidence: &Evidence,
    finding: Finding,
    identity: Identity,
    active: bool,
    node: &Node,
) -> Verdict {
    let m = &evidence.mismatch;
    let container = evidence.container.clone();
    let who = who(container.as_ref(), evidence.netns, node);
    let narrow = evidence.tunnel.as_ref().map_or(&m.bottleneck, |below| &below.device);
    let mut path = m.path.clone();
    if let Some(below) = &evidence.tunnel {
        path.retain(|hop| hop.id() != below.tunnel.id());
        path.extend([&below.tunnel, &below.device].map(Hop::clone));
    }
    let mut sentences = finding.evidence;
    let mut facts = words::numbers(evidence);
    facts.extend(finding.facts);
    sentences.extend(words::figures(evidence));
    sentences.extend(words::unmodelled(evidence, node));
    sentences.extend(words::advmss(evidence, node));
    Verdict {
        id: identity.id,
        since_ns: identity.since_ns,
        replaces: identity.replaces,
        kind: finding.kind,
        severity: finding.severity,
        active,
        ended: None,
        fix: match (&evidence.tunnel, evidence.older()) {
            _ if faces(evidence) => remediation::level(m, node),
            (Some(below), _) => remediation::tunnel::fixes(below, node),
            (None, Some(remote)) => remediation::fixes_of_older(m, evidence.netns, remote, node),
            (None, None) => remediation::fixes(m, container.as_ref(), evidence.netns, node),
        },
        container,
        culprit: evidence.blames().then(|| m.culprit.device()),
        bottleneck: Some(Bottleneck::Device(narrow.device())),
        path,
        summary: format!("{who}: {}. {}", finding.effect, advice(evidence, narrow, node)),
        evidence: sentences,
        facts,
    }
}

/// Whether two devices that face each other are what differs.
fn faces(evidence: &Evidence) -> bool {
    let m = &evidence.mismatch;
    let same = evidence.blames() && evidence.tunnel.is_none() && m.culprit.id() == m.bottleneck.id();
    evidence.silent.is_some() || same
}

/// Which MTU to set, and why.
fn advice(evidence: &Evidence, narrow: &Hop, node: &Node) -> String {
    let m = &evidence.mismatch;
    if !evidence.blames() {
        let (device, mtu) = (describe::device(narrow, node), narrow.mtu);
        return match evidence.older() {
            Some(_) => format!(
                "{device} takes only {mtu} bytes, and so do its own devices: these connections are probably older than that MTU; close them"
            ),
            None => format!(
                "{device} takes only {mtu} bytes, and no network on this node is known to promise more: clamp the MSS there"
            ),
        };
    }
    advice::of(m, evidence.tunnel.as_ref(), evidence.silent.is_some(), node)
}

/// Makes the verdict about what no MTU of this node explains; what is not known stays out.
pub(crate) fn external(
    netns: NetnsId,
    container: Option<&Container>,
    evidence: &ExternalEvidence,
    finding: Finding,
    identity: Identity,
    node: &Node,
) -> Verdict {
    let remote = match evidence {
        ExternalEvidence::Cut { last: (flow, _), .. } => Some(flow.dst.ip()),
        ExternalEvidence::Lost(_) => None,
        ExternalEvidence::Stalled(stalled) => {
            let upload = || stalled.uploads.values().next().map(|upload| upload.socket.flow.dst.ip());
            stalled.holes.values().next().map(PersistentHole::remote).or_else(upload)
        }
        ExternalEvidence::Announced(said) => Some(said.remote),
        ExternalEvidence::Damaged(damaged) => damaged.last.map(|(flow, _)| flow.src.ip()),
    };
    let path = topology::path(node, netns, remote);
    let bottleneck = match evidence {
        ExternalEvidence::Cut { last: (_, ifindex), .. } => {
            let device = DeviceId { netns, ifindex: *ifindex };
            node.link(device).map(|link| Bottleneck::Device(Hop::new(device, link).device()))
        }
        ExternalEvidence::Announced(said) => {
            let beyond = said.arrived.and_then(|device| {
                Some(Beyond { interface: node.link(device)?.name.clone(), netns: device.netns })
            });
            Some(Bottleneck::Router { address: said.router, mtu: said.mtu, beyond })
        }
        _ => None,
    };
    Verdict {
        id: identity.id,
        since_ns: identity.since_ns,
        replaces: identity.replaces,
        kind: finding.kind,
        severity: finding.severity,
        active: true,
        ended: None,
        container: container.cloned(),
        culprit: None,
        bottleneck,
        fix: external_fixes(netns, evidence, &path, node),
        path,
        summary: format!("{}: {}", who(container, netns, node), finding.effect),
        evidence: finding.evidence,
        facts: finding.facts,
    }
}

fn external_fixes(netns: NetnsId, evidence: &ExternalEvidence, path: &[Hop], node: &Node) -> Vec<Fix> {
    match evidence {
        ExternalEvidence::Cut { cut, last } => {
            remediation::fragments::smaller_datagrams(netns, cut.mtu, last.0.dst.ip(), node)
        }
        ExternalEvidence::Lost(lost) => {
            let flow = lost.ports.or_else(|| lost.datagrams.first().map(|(flow, _)| *flow));
            let filtered = lost.filtered.keys().copied();
            remediation::fragments::whole_datagrams(netns, filtered, flow, path, node)
        }
        ExternalEvidence::Stalled(stalled) => {
            let hole = stalled.holes.values().next().map(|hole| (hole.socket, hole.passes, hole.full));
            let upload = || stalled.uploads.values().next().map(|upload| (upload.socket, 0, upload.full));
            hole.or_else(upload).map_or(Vec::new(), |(socket, passes, full)| {
                remediation::remote::fixes(socket, passes, full, path, node)
            })
        }
        ExternalEvidence::Announced(said) => {
            let filtered = said.filtered.keys().copied();
            remediation::remote::announced(netns, said.remote, said.mtu, filtered, path, node)
        }
        ExternalEvidence::Damaged(damaged) => remediation::remote::checksums(damaged.last),
    }
}

fn who(container: Option<&Container>, netns: NetnsId, node: &Node) -> String {
    container.map_or_else(|| describe::owner(netns, node), describe::container)
}
