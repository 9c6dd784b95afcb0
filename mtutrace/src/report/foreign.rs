//! What a capture of another program says, which is a part of the story alone.
use maud::{Markup, html};
use serde::Serialize;

use super::html::frame;
use super::html::sentences;
use super::markdown::plain;
use crate::capture::{Finding, Findings};
use crate::output::escape::escape;

/// A report of a capture.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CaptureReport {
    /// Version of this form.
    pub(crate) v: u32,
    /// `capture_report`.
    pub(crate) kind: &'static str,
    /// It in one sentence.
    pub(crate) headline: String,
    /// What was found.
    #[serde(flatten)]
    pub(crate) findings: Findings,
}

impl CaptureReport {
    /// A report of these findings.
    pub(crate) fn new(findings: Findings) -> CaptureReport {
        let headline = match findings.findings.iter().find(|finding| finding.problem) {
            Some(finding) => finding.text.clone(),
            None => "No stall for the size of packets is in this capture. It shows packets alone, so that proves little.".to_owned(),
        };
        CaptureReport { v: 1, kind: "capture_report", headline, findings }
    }

    fn badge(&self) -> &'static str {
        if self.findings.problem { "PROBLEM (partial)" } else { "NOTHING FOUND (partial)" }
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("# {}: {}\n\n{}\n\n", self.badge(), plain(&self.headline), self.about());
        out += "## What the packets say\n\n";
        for finding in &self.findings.findings {
            out += &format!("- {}: {}\n", confidence(finding), plain(&finding.text));
        }
        out += "\n## What a capture cannot say\n\n";
        for sentence in &self.findings.cannot_say {
            out += &format!("- {}\n", plain(sentence));
        }
        out
    }

    /// As a page.
    pub(crate) fn page(&self) -> String {
        let class = if self.findings.problem { "warning" } else { "info" };
        let body: Markup = html! {
            header {
                p { span class=(format!("badge {class}")) { (self.badge()) } }
                h1 { (escape(&self.headline)) }
                p class="weak" { (self.about()) }
            }
            main id="main" {
                section aria-labelledby="findings" {
                    h2 id="findings" { "What the packets say" }
                    ul { @for finding in &self.findings.findings { li { b { (confidence(finding)) ": " } (escape(&finding.text)) } } }
                }
                (sentences("cannot", "What a capture cannot say", &self.findings.cannot_say))
            }
        };
        frame("MTU report of a capture", &body)
    }

    fn about(&self) -> String {
        let capture = &self.findings.capture;
        format!(
            "From a capture, by packets alone: {} packets, {} interfaces. A recording of `mtutrace record` says more.",
            capture.packets,
            capture.interfaces.len()
        )
    }
}

fn confidence(finding: &Finding) -> String {
    format!("{:?}", finding.confidence).to_lowercase()
}
