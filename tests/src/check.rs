//! What scenarios have in common: when to skip, and how to look into a verdict.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use crate::causes;
use crate::lab::incident::Incident;
use crate::lab::name;
use crate::lab::netns::run;
use crate::lab::tracer::{End, binary};

/// True (after saying why) when this process cannot make namespaces; under `CI=true` that is a failure.
pub fn skip() -> bool {
    // SAFETY: geteuid has no preconditions and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        return false;
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "scenarios need root, and CI must run them"
    );
    eprintln!("skipped: making network namespaces needs root");
    true
}

/// Says that this kernel lacks `what` the test (`program::test`) needs. Who runs the scenarios on several kernels then makes
/// sure that one of them has it: the line goes where those about causes go.
pub fn kernel_lacks(test: &str, what: &str) {
    eprintln!("skipped: this kernel has no {what}");
    if std::env::var_os("MTUTRACE_CAUSES").is_some() {
        causes::line(&format!("@lacks {test}\t{what}\n")).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

/// Whether classifiers are links that end with their owner (Linux 6.6), rather than filters on a clsact qdisc.
pub fn has_tcx() -> bool {
    kernel_is_at_least(6, 6)
}

/// Whether this kernel is of that version or a later one.
pub fn kernel_is_at_least(major: u32, minor: u32) -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
    (numbers.next().flatten(), numbers.next().flatten()) >= (Some(major), Some(minor))
}

/// The sum of counts by name, `{"drop": 2, …}`.
pub fn sum(counts: &Value) -> u64 {
    let of = |n: &Value| n.as_u64().unwrap_or_else(|| panic!("no counts: {counts}"));
    counts.as_object().unwrap_or_else(|| panic!("no counts: {counts}")).values().map(of).sum()
}

/// Panics unless the last status accounts for every record that the kernel side made: decoded, left out or lost.
pub fn assert_nothing_is_lost_silently(last: &Value) {
    let number = |field: &str| last[field].as_u64().unwrap_or_else(|| panic!("{field}: {last}"));
    assert_eq!(number("decoded"), sum(&last["records"]) - sum(&last["left_out"]) - number("lost"), "{last}");
}

/// Whether this line is a verdict of that name about that container.
pub fn is_verdict(line: &Value, verdict: &str, container: &str) -> bool {
    line["kind"] == "verdict" && line["verdict"] == verdict && line["container"]["id"] == container
}

/// Panics unless the final report has exactly one verdict about that container, this one.
pub fn assert_only_verdict(end: &End, verdict: &str, container: &str) {
    let all = end.last_of_kind("verdict");
    let ours = all.iter().filter(|line| line["container"]["id"] == container).collect::<Vec<_>>();
    assert!(ours.len() == 1 && is_verdict(ours[0], verdict, container), "one cause, one verdict: {ours:#?}");
}

/// Whether some command or sentence of the fix names this number as a word of its own.
pub fn fix_names(verdict: &Value, number: u32) -> bool {
    let number = number.to_string();
    let steps = verdict["fix"].as_array().into_iter().flatten();
    let texts = steps.flat_map(|step| [step["what"].as_str(), step["command"].as_str()]).flatten();
    texts.flat_map(|text| text.split(|c: char| !c.is_ascii_digit())).any(|word| word == number)
}

/// Panics unless the verdict blames the inner MTU, names the pod's as the limit, and the fix says that number.
pub fn assert_mtus(verdict: &Value, lab: &Incident) {
    let spec = lab.spec();
    assert_eq!(verdict["culprit"]["mtu"], spec.inner_mtu, "culprit: {verdict}");
    assert_eq!(verdict["bottleneck"]["mtu"], spec.pod_mtu, "bottleneck: {verdict}");
    assert!(fix_names(verdict, spec.pod_mtu), "no fix names {}: {verdict}", spec.pod_mtu);
}

/// A copy of the tracer where everybody may look; a build directory may lie where nobody may.
#[derive(Debug)]
pub struct Copy(PathBuf);

impl Copy {
    /// Copies it; `name` keeps tests of one process apart. Panics when it cannot.
    pub fn of_the_binary(name: &str) -> Self {
        Self::make(name).unwrap_or_else(|error| panic!("no copy of mtutrace: {error:#}"))
    }

    fn make(name: &str) -> Result<Self> {
        let copy = Self(name::temporary(name));
        // By a process of its own: a descriptor that is open for writing here is inherited by whatever another test
        // starts meanwhile, and until that has executed its program the copy is busy (ETXTBSY).
        run(Command::new("cp").arg(binary()?).arg(&copy.0), None)?;
        std::fs::set_permissions(&copy.0, std::fs::Permissions::from_mode(0o755))?;
        Ok(copy)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_file(&self.0);
    }
}
