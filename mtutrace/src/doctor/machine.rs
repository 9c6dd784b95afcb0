//! Facts about the machine that decide what can be traced, each with what to do about it.
use std::ffi::CStr;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::kernel::attach::has_tcx;
use crate::kernel::btf;
use crate::kernel::symbols::{self, Symbols};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about.
    pub what: &'static str,
    /// How it is here.
    pub state: String,
    /// What to do, where something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// All facts, in the order in which they matter.
pub fn facts() -> Vec<Fact> {
    vec![kernel(), types(), kallsyms(), kprobes(), lockdown(), links(), nat()]
}

fn fact(what: &'static str, state: impl Into<String>, advice: Option<&str>) -> Fact {
    Fact { what, state: state.into(), advice: advice.map(str::to_owned) }
}

fn kernel() -> Fact {
    fact("kernel", release(), None)
}

/// uname(2)'s release.
fn release() -> String {
    // SAFETY: a utsname is arrays of characters; zeros are valid.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is that of a live local.
    if unsafe { libc::uname(&raw mut name) } != 0 {
        return "unknown".to_owned();
    }
    // SAFETY: uname ends the field with a NUL.
    unsafe { CStr::from_ptr(name.release.as_ptr()) }.to_string_lossy().into_owned()
}

fn types() -> Fact {
    match btf::Btf::read(btf::VMLINUX) {
        Ok(btf) => fact("BTF", format!("{} types", btf.len()), None),
        Err(e) => fact(
            "BTF",
            e.to_string(),
            Some("the tracepoint hooks need a kernel with CONFIG_DEBUG_INFO_BTF; TC works without"),
        ),
    }
}

fn kallsyms() -> Fact {
    match Symbols::read(symbols::KALLSYMS) {
        Ok(symbols) => fact("kernel symbols", format!("{} functions", symbols.len()), None),
        Err(e) => fact(
            "kernel symbols",
            e.to_string(),
            Some("without them drops have no location, and those without a reason are not seen"),
        ),
    }
}

/// The kernel registers a PMU of this name when it has kprobes (perf_event_open(2)).
fn kprobes() -> Fact {
    if Path::new("/sys/bus/event_source/devices/kprobe").exists() {
        fact("kprobes", "there; no hook of this version uses them", None)
    } else {
        fact("kprobes", "this kernel has none (CONFIG_KPROBES); no hook of this version needs them", None)
    }
}

/// kernel_lockdown(7): the mode in brackets.
fn lockdown() -> Fact {
    let Ok(text) = fs::read_to_string("/sys/kernel/security/lockdown") else {
        return fact("lockdown", "unknown: securityfs is not mounted, or may not be read", None);
    };
    let mode = text.split(['[', ']']).nth(1).unwrap_or("unknown").to_owned();
    let advice = (mode == "confidentiality")
        .then_some("this mode forbids reading kernel memory: only TC hooks can work, without namespaces");
    fact("lockdown", mode, advice)
}

fn links() -> Fact {
    let state = if has_tcx() {
        "TCX links: gone with this process, even by SIGKILL"
    } else {
        "filters (before 6.6): removed at the end, or at the next start after SIGKILL"
    };
    fact("classifiers", state, None)
}

fn nat() -> Fact {
    if Path::new("/proc/self/net/nf_conntrack").exists() {
        fact("NAT tables", "readable: connections older than the run are followed through NAT", None)
    } else {
        fact(
            "NAT tables",
            "not in /proc (CONFIG_NF_CONNTRACK_PROCFS, or nf_conntrack is not loaded)",
            Some("connections that were made before the run are charged to the outermost container"),
        )
    }
}
