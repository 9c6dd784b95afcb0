//! Facts about the machine that decide what can be traced, each with what to do about it.
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::discovery::visibility::{Seen, Visibility};
use crate::kernel::attach::has_tcx;
use crate::kernel::symbols::{self, Symbols};
use crate::kernel::{btf, capability, descriptors};
use crate::runtimes::reachable_runtimes;
use crate::telemetry::machine;

/// Interfaces of a node with 250 pods, the most that Kubernetes is used with, and of what runs in them.
const ENOUGH: u64 = 1000;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Fact {
    /// What it is about.
    pub(crate) what: &'static str,
    /// How it is here.
    pub(crate) state: String,
    /// What to do, where something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

/// All facts, in the order in which they matter.
pub(crate) fn facts(kernel_btf: Option<&Path>) -> Vec<Fact> {
    vec![
        kernel(),
        capabilities(),
        types(kernel_btf),
        kallsyms(),
        kprobes(),
        tracefs(),
        lockdown(),
        links(),
        open_files(),
        nat(),
        processes(),
        names(),
    ]
}

fn fact(what: &'static str, state: impl Into<String>, advice: Option<&str>) -> Fact {
    Fact { what, state: state.into(), advice: advice.map(str::to_owned) }
}

fn kernel() -> Fact {
    fact("kernel", machine::kernel_release(), None)
}

fn capabilities() -> Fact {
    let missing = capability::missing();
    if missing.is_empty() {
        return fact("capabilities", "all present", None);
    }
    let names: Vec<&str> = missing.iter().map(|c| c.name()).collect();
    fact("capabilities", format!("missing {}", names.join(", ")), Some("run as root, or grant them"))
}

fn types(path: Option<&Path>) -> Fact {
    let path = path.unwrap_or(Path::new(btf::VMLINUX));
    match btf::Btf::read(path) {
        Ok(btf) => fact("BTF", format!("{} types in {}", btf.len(), path.display()), None),
        Err(e) => fact(
            "BTF",
            e.to_string(),
            Some(
                "pass --kernel-btf PATH (of this very build: from BTFHub, or by pahole -J on its vmlinux), or use a kernel \
                 with CONFIG_DEBUG_INFO_BTF; without BTF, TC still sees sizes, fragments, ICMP and SYNs, and the \
                 kernel's counters still count, but tracepoints and kprobes cannot be decoded",
            ),
        ),
    }
}

fn kallsyms() -> Fact {
    match Symbols::read(symbols::KALLSYMS) {
        Ok(symbols) => fact("kernel symbols", format!("{} functions", symbols.len()), None),
        Err(e) => fact(
            "kernel symbols",
            e.to_string(),
            Some("without symbols, drops have no location, and drops without a reason are not seen"),
        ),
    }
}

fn kprobes() -> Fact {
    if crate::kernel::kprobes::exist() {
        return fact("kprobes", "available", None);
    }
    fact(
        "kprobes",
        "not in this kernel (CONFIG_KPROBES)",
        Some(
            "tracepoints and TC replace them; not seen: ICMPv6 sent by this node, path MTU updates, tunnels on bridges, and \
             fragments that pass no traced interface",
        ),
    )
}

/// perf_event_open(2) places kprobes without it, from 4.17 on.
fn tracefs() -> Fact {
    let mounted = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    match mounted.iter().find(|dir| Path::new(dir).join("trace").exists()) {
        Some(dir) => fact("tracefs", format!("mounted on {dir}; not needed"), None),
        None => fact("tracefs", "not mounted or not readable; not needed", None),
    }
}

/// kernel_lockdown(7): the mode in brackets.
fn lockdown() -> Fact {
    let Ok(text) = fs::read_to_string("/sys/kernel/security/lockdown") else {
        let why = "unknown: securityfs is not mounted or not readable";
        return fact("lockdown", why, Some("to see it: mount -t securityfs securityfs /sys/kernel/security"));
    };
    let mode = text.split(['[', ']']).nth(1).unwrap_or("unknown").to_owned();
    let advice = (mode == "confidentiality").then_some(
        "boot with lockdown=integrity, which is enough for Secure Boot: this mode forbids kprobes and reading kernel \
         memory, so only TC works, and it cannot tell namespaces apart",
    );
    fact("lockdown", mode, advice)
}

fn links() -> Fact {
    let state = if has_tcx() {
        "TCX links: removed when this process ends, even by SIGKILL"
    } else {
        "TC filters (kernel before 6.6): removed at the end, or at the next start after SIGKILL"
    };
    fact("classifiers", state, None)
}

/// What a run could have: it raises the limit as far as it may.
fn open_files() -> Fact {
    descriptors::raise_limit();
    let limit = descriptors::limit();
    let devices = descriptors::devices_of(limit);
    let state = format!("{limit}: enough for about {devices} interfaces");
    let advice = (has_tcx() && devices < ENOUGH).then_some(
        "raise the limit (ulimit -n, LimitNOFILE=) if the node has more veths: a run says how many it does not trace",
    );
    fact("open files", state, advice)
}

fn nat() -> Fact {
    if Path::new("/proc/self/net/nf_conntrack").exists() {
        fact("NAT tables", "readable: NAT is followed for connections that are older than the run", None)
    } else {
        fact(
            "NAT tables",
            "not readable: no /proc/net/nf_conntrack (CONFIG_NF_CONNTRACK_PROCFS is off, or nf_conntrack is not loaded)",
            Some("connections that are older than the run are attributed to the outermost container"),
        )
    }
}

/// How much of the node is seen; all of it if that cannot be told.
pub(super) fn visibility() -> Visibility {
    Seen::by(Path::new("/proc")).map_or(Visibility::Node, Seen::visibility)
}

fn processes() -> Fact {
    let visibility = visibility();
    fact("processes", visibility.state(), visibility.advice())
}

fn names() -> Fact {
    let found = reachable_runtimes();
    let mut state = match found.reachable.as_slice() {
        [] => "none: no container runtime answers; containers are shown by id".to_owned(),
        answer => format!("from {}", answer.join(", ")),
    };
    for (path, why) in &found.unreachable {
        state += &format!("; {path} does not answer: {why}");
    }
    fact("names", state, None)
}
