//! What this process may do, out of what tracing needs: capabilities(7).
use std::fmt;
use std::path::PathBuf;

#[cfg(test)]
mod tests;

/// A capability that tracing needs. The numbers are those of include/uapi/linux/capability.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Capability {
    /// Loading programs and making maps (5.8 and later; `CAP_SYS_ADMIN` includes it).
    Bpf = 39,
    /// Kernel memory reads in programs, kprobes (5.8 and later; `CAP_SYS_ADMIN` includes it).
    Perfmon = 38,
    /// TC programs and netlink.
    NetAdmin = 12,
    /// `setns`.
    SysAdmin = 21,
    /// `/proc/PID/ns` of others.
    SysPtrace = 19,
}

impl Capability {
    /// All of them, in the order in which they are named to the user.
    pub(crate) const ALL: [Capability; 5] = [
        Capability::Bpf,
        Capability::Perfmon,
        Capability::NetAdmin,
        Capability::SysAdmin,
        Capability::SysPtrace,
    ];

    /// Its name, as in `CAP_BPF`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Capability::Bpf => "CAP_BPF",
            Capability::Perfmon => "CAP_PERFMON",
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::SysAdmin => "CAP_SYS_ADMIN",
            Capability::SysPtrace => "CAP_SYS_PTRACE",
        }
    }

    /// What it is needed for, to stand after "to".
    pub(crate) fn why(self) -> &'static str {
        match self {
            Capability::Bpf => "load eBPF programs",
            Capability::Perfmon => "attach them to kernel functions and tracepoints",
            Capability::NetAdmin => "attach them to network devices",
            Capability::SysAdmin => "enter the containers' network namespaces",
            Capability::SysPtrace => "see which network namespace another process is in",
        }
    }

    /// `capable(CAP_BPF)` and `perfmon_capable()` accept `CAP_SYS_ADMIN` instead (include/linux/capability.h).
    fn granted_by(self, effective: u64) -> bool {
        let mut bits = 1u64 << (self as u8);
        if matches!(self, Capability::Bpf | Capability::Perfmon) {
            bits |= 1 << (Capability::SysAdmin as u8);
        }
        effective & bits != 0
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that takes capabilities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    /// What it is, to stand before "needs".
    what: &'static str,
    needed: &'static [Capability],
    /// Not needed, but worth having: its name, and its number.
    useful: &'static [(&'static str, u8)],
}

/// Tracing. CAP_SYSLOG isn't needed to run, but without it /proc/kallsyms has no addresses, and some drops no cause.
pub(crate) const TRACING: Purpose =
    Purpose { what: "tracing", needed: &Capability::ALL, useful: &[("CAP_SYSLOG", 34)] };

/// Looking into the node's network namespaces.
pub(crate) const LOOKING: Purpose = Purpose {
    what: "looking into the containers' networks",
    needed: &[Capability::SysAdmin, Capability::SysPtrace],
    useful: &[],
};

/// The capabilities for tracing that this process lacks.
pub(crate) fn missing() -> Vec<Capability> {
    TRACING.missing()
}

/// What of [`missing`] is missing, what for, and the ways to get it; empty when nothing is missing.
pub(crate) fn explain(missing: &[Capability]) -> String {
    TRACING.explain(missing)
}

/// The line `CapEff` of a `/proc/PID/status`: one bit a capability (proc_pid_status(5)).
pub(crate) fn effective(status: &[u8]) -> Option<u64> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"CapEff:"))?;
    u64::from_str_radix(std::str::from_utf8(line).ok()?.trim(), 16).ok()
}

impl Purpose {
    /// All that it takes and can use, one bit a capability.
    pub(crate) fn bits(&self) -> u64 {
        let needed = self.needed.iter().map(|capability| *capability as u8);
        needed.chain(self.useful.iter().map(|(_, number)| *number)).fold(0, |bits, number| bits | 1 << number)
    }

    /// The capabilities that this process lacks. None when `/proc` doesn't tell: then the kernel's own refusal will.
    ///
    /// Capabilities in a user namespace of one's own (rootless containers) count here, and the kernel refuses still.
    pub(crate) fn missing(&self) -> Vec<Capability> {
        let status = std::fs::read("/proc/self/status").unwrap_or_default();
        effective(&status).map(|set| self.missing_of(set)).unwrap_or_default()
    }

    /// Of those that are needed, the ones that this set neither has nor has a stand-in for.
    pub(crate) fn missing_of(&self, effective: u64) -> Vec<Capability> {
        self.needed.iter().copied().filter(|capability| !capability.granted_by(effective)).collect()
    }

    /// What is missing, what for, and the ways to get it; empty when nothing is missing.
    pub(crate) fn explain(&self, missing: &[Capability]) -> String {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("mtutrace"));
        self.explain_to(missing, &program.display().to_string())
    }

    fn explain_to(&self, missing: &[Capability], program: &str) -> String {
        if missing.is_empty() {
            return String::new();
        }
        let reasons: Vec<String> = missing.iter().map(|lack| format!("{lack} (to {})", lack.why())).collect();
        let needed: Vec<&str> = self.needed.iter().map(|capability| capability.name()).collect();
        let useful = self.useful.iter().map(|(name, _)| *name);
        let names: Vec<&str> = needed.iter().copied().chain(useful).collect();
        let setcap = names.join(",").to_ascii_lowercase();
        let container: Vec<&str> = names.iter().map(|name| name.trim_start_matches("CAP_")).collect();
        format!(
            "{} needs {}, and this process lacks {}: run it with sudo, or once \
             `sudo setcap {setcap}+ep '{program}'`, or in a container with \
             securityContext.capabilities.add: [{}]",
            self.what,
            needed.join(", "),
            reasons.join(", "),
            container.join(", "),
        )
    }
}
