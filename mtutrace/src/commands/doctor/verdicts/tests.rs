use super::*;
use crate::kernel::hooks::{HOOKS, Outcome, table};

const REASONS: [&str; 5] = ["PKT_TOO_BIG", "NETFILTER_DROP", "FRAG_REASM_TIMEOUT", "TCP_CSUM", "UDP_CSUM"];

/// Without the hooks whose name has one of these in it.
fn reports(missing: &[&str], reasons: &[&str], symbols: bool) -> Vec<VerdictReport> {
    let mut done: Vec<&str> = Vec::new();
    let outcome = HOOKS.iter().map(|hook| {
        if missing.iter().any(|name| hook.name().contains(name)) {
            return Outcome::Missing("this kernel has none".to_owned());
        }
        if !hook.role.is_empty() && done.contains(&hook.role) {
            return Outcome::Standby;
        }
        done.push(hook.role);
        Outcome::Attached
    });
    let hooks = table(HOOKS, &outcome.collect::<Vec<_>>());
    let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect::<Vec<_>>();
    verdicts(&Offer { hooks: &hooks, reasons: &reasons, symbols })
}

/// The line of one verdict, as far as it is not in full.
fn line(reports: &[VerdictReport], verdict: VerdictKind) -> Option<(Extent, &str)> {
    let report = reports.iter().find(|report| report.verdict == verdict).unwrap();
    assert_eq!(report.state == Extent::Works, report.why.is_none(), "{report:?}");
    report.why.as_deref().map(|why| (report.state, why))
}

fn in_full(reports: &[VerdictReport]) -> Vec<VerdictKind> {
    reports.iter().filter(|report| report.state == Extent::Works).map(|report| report.verdict).collect()
}

#[test]
fn with_every_hook_all_of_them_work() {
    let reports = reports(&[], &REASONS, true);
    assert_eq!(in_full(&reports), VerdictKind::ALL);
    assert_eq!(conclusion(&reports), "All 9 verdicts work here.");
}

#[test]
fn without_kprobes_fragments_and_bridged_tunnels_are_partly_seen() {
    let reports = reports(&["kprobe:"], &REASONS, true);
    assert_eq!(
        conclusion(&reports),
        "7 of 9 verdicts work here in full; partly: fragmentation, tunnel overhead."
    );
    let (state, why) = line(&reports, VerdictKind::Fragmentation).unwrap();
    assert_eq!(state, Extent::Partly);
    assert_eq!(
        why,
        "no verdict about IPv4 datagrams that a container's own kernel fragments; no verdict about IPv6 datagrams that a \
         container's own kernel fragments"
    );
    let (_, why) = line(&reports, VerdictKind::TunnelOverhead).unwrap();
    assert_eq!(why, "packets too big for a tunnel that is a port of a bridge are not seen");
}

#[test]
fn without_the_tracepoint_of_drops_what_it_alone_sees_is_gone() {
    let reports = reports(&["kfree_skb"], &REASONS, true);
    for verdict in [VerdictKind::SilentL2Drop, VerdictKind::ChecksumErrors] {
        let wanted = (Extent::Not, "raw_tp:kfree_skb: this kernel has none");
        assert_eq!(line(&reports, verdict), Some(wanted), "{verdict:?}");
    }
    for verdict in [
        VerdictKind::PmtuBlackhole,
        VerdictKind::MtuMismatch,
        VerdictKind::TunnelOverhead,
        VerdictKind::FragmentsLost,
    ] {
        assert_eq!(line(&reports, verdict).unwrap().0, Extent::Partly, "{verdict:?}");
    }
    let full =
        [VerdictKind::MssExceedsPath, VerdictKind::Fragmentation, VerdictKind::RemoteBlackholeSuspected];
    assert_eq!(in_full(&reports), full);
}

#[test]
fn without_classifiers_no_handshake_and_no_download_is_judged() {
    let reports = reports(&["tc:"], &REASONS, true);
    let (state, why) = line(&reports, VerdictKind::MssExceedsPath).unwrap();
    assert_eq!(state, Extent::Not);
    assert_eq!(why, "tc:ingress, tc:egress: this kernel has none");
    let wanted = (Extent::Partly, "downloads are not judged");
    assert_eq!(line(&reports, VerdictKind::RemoteBlackholeSuspected), Some(wanted));
    assert!(in_full(&reports).contains(&VerdictKind::SilentL2Drop));
}

/// One side's classifiers alone, as where a device refuses the other.
#[test]
fn without_one_direction_handshakes_are_half_seen() {
    let reports = reports(&["tc:egress"], &REASONS, true);
    let wanted = (Extent::Partly, "handshakes are seen only as they come into a device");
    assert_eq!(line(&reports, VerdictKind::MssExceedsPath), Some(wanted));
    assert_eq!(in_full(&reports).len(), VerdictKind::ALL.len() - 1);
}

#[test]
fn without_the_tracepoint_of_retransmits_uploads_are_not_judged() {
    let reports = reports(&["tcp_retransmit"], &REASONS, true);
    let wanted = (Extent::Partly, "uploads are not judged");
    assert_eq!(line(&reports, VerdictKind::RemoteBlackholeSuspected), Some(wanted));
    let wanted = (Extent::Partly, "a stall that began before the run is confirmed later");
    assert_eq!(line(&reports, VerdictKind::PmtuBlackhole), Some(wanted));
}

/// Linux 5.10: the place of a drop tells what it was, but for damaged packets.
#[test]
fn without_drop_reasons_checksum_errors_are_not_seen() {
    let reports = reports(&[], &[], true);
    assert_eq!(in_full(&reports).len(), VerdictKind::ALL.len() - 1);
    let (state, why) = line(&reports, VerdictKind::ChecksumErrors).unwrap();
    assert!(state == Extent::Not && why.contains("drop reason TCP_CSUM (Linux 5.18"), "{why}");
}

/// No CAP_SYSLOG, or kernel.kptr_restrict=2.
#[test]
fn without_symbols_drops_between_devices_are_not_told_apart() {
    let with_reasons = reports(&[], &REASONS, false);
    let (state, why) = line(&with_reasons, VerdictKind::SilentL2Drop).unwrap();
    assert!(state == Extent::Not && why.contains("CAP_SYSLOG"), "{why}");
    assert_eq!(in_full(&with_reasons).len(), VerdictKind::ALL.len() - 1);
    let neither = reports(&[], &[], false);
    assert_eq!(line(&neither, VerdictKind::MtuMismatch).unwrap().0, Extent::Partly);
}

#[test]
fn without_any_hook_there_is_none() {
    let reports = reports(&[":"], &REASONS, true);
    assert!(reports.iter().all(|report| report.state == Extent::Not), "{reports:?}");
    assert_eq!(conclusion(&reports), "No verdict can be given here.");
}

/// Each verdict's line can change: some single family of hooks, or what tells drops apart, takes something from it.
#[test]
fn every_verdict_depends_on_something() {
    let worlds =
        ["kprobe:", "kfree_skb", "tc:", "tcp_retransmit"].map(|name| reports(&[name], &REASONS, true));
    for verdict in VerdictKind::ALL {
        assert!(worlds.iter().any(|world| line(world, verdict).is_some()), "{verdict:?}");
    }
}
