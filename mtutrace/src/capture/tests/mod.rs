//! Captures written by hand, and what is to be said of each.

mod build;
mod formats;
mod garbled;
mod layers;
mod pieces;
mod places;
mod sizes;
mod talk;
mod told;

use super::{CaptureError, Confidence, Finding, FindingKind, Findings, analyse, within};
use build::File;

/// By a window that is quickly made: clearing half a megabyte for each small file takes most of the time.
fn small(bytes: &[u8]) -> Result<Findings, CaptureError> {
    within(4 * 1024, bytes)
}

fn findings(file: &File) -> Findings {
    analyse(file.bytes.as_slice()).unwrap()
}

/// The only finding of that kind.
fn only(findings: &Findings, kind: FindingKind) -> &Finding {
    let ours = findings.findings.iter().filter(|finding| finding.kind == kind).collect::<Vec<_>>();
    assert_eq!(ours.len(), 1, "{kind:?}: {:#?}", findings.findings);
    ours[0]
}

/// Nothing to worry about, and nothing said.
fn nothing(findings: &Findings) {
    assert!(!findings.problem && findings.findings.is_empty(), "{:#?}", findings.findings);
}
