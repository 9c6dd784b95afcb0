//! Flags of `run`.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use mtutrace_common::config::RING_BYTES;

use super::values::{duration, host, netns, ring_size};
use crate::commands::outcome::Failure;
use crate::commands::run;
use crate::filter::{Filter, PodName, expression};
use crate::kernel::load;
use crate::metrics::address;
use crate::model::NetnsId;
use crate::output::format::RunFormat;

/// As typed.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Output format [default: tui on a terminal, else text].
    #[arg(short, long, value_enum)]
    output: Option<RunFormat>,
    /// Stop after this time (30s, 5m).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// Stop after this many events.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Time between reports.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// Only this container and those inside it, by id prefix or name; repeatable.
    #[arg(long, value_name = "ID|NAME")]
    container: Vec<String>,
    /// Only this Kubernetes pod; repeatable.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pod: Vec<PodName>,
    /// Only this network namespace, by inode number or path; repeatable.
    #[arg(long, value_name = "INODE|PATH", value_parser = netns)]
    netns: Vec<NetnsId>,
    /// Only this interface; repeatable.
    #[arg(short, long, value_name = "NAME")]
    interface: Vec<String>,
    /// Only flows from or to this address or network, and flows of containers that have such an address; repeatable.
    #[arg(long, value_name = "ADDRESS|NETWORK", value_parser = host)]
    host: Vec<IpNet>,
    /// Serve Prometheus metrics on this address (/metrics, /healthz, /readyz). A port alone means loopback; write any
    /// other address in full.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse)]
    metrics: Option<SocketAddr>,
    /// Create this file once every hook is attached, and remove it at the end.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Show every remedy of a verdict, not just one that works at once and one that lasts.
    #[arg(long)]
    all_fixes: bool,
    /// Exit with 1 if an MTU problem was found.
    #[arg(long)]
    exit_code: bool,
    /// Use the fallbacks instead of kprobes.
    #[arg(long)]
    no_kprobes: bool,
    /// Read the kernel's BTF from this file instead of /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH")]
    kernel_btf: Option<PathBuf>,
    /// Show debug messages, also of the BPF programs.
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Size of the ring buffer that carries events from the kernel, in bytes: a power of two, and whole pages.
    #[arg(long, hide = true, value_name = "BYTES", default_value_t = RING_BYTES, value_parser = ring_size)]
    ring_size: u32,
    /// Only flows that match, in tcpdump's syntax: host 10.0.0.1 and tcp port 443 (host, net, port, portrange, src, dst,
    /// tcp, udp, sctp, icmp, icmp6, ip, ip6, and, or, not, parentheses).
    #[arg(value_name = "EXPRESSION")]
    expression: Vec<String>,
}

impl RunArgs {
    /// The options that these flags mean.
    ///
    /// # Errors
    /// When the expression is wrong.
    pub(super) fn options(&self) -> Result<run::Options, Failure> {
        let text = self.expression.join(" ");
        let expression = (!self.expression.is_empty()).then(|| expression::parse(&text)).transpose();
        Ok(run::Options {
            output: self.output,
            duration: self.duration,
            count: self.count,
            interval: self.interval,
            filter: Filter {
                containers: self.container.clone(),
                pods: self.pod.clone(),
                netns: self.netns.clone(),
                interfaces: self.interface.clone(),
                hosts: self.host.clone(),
                expression: expression.map_err(Failure::Usage)?,
            },
            metrics: self.metrics,
            ready_file: self.ready_file.clone(),
            all_fixes: self.all_fixes,
            exit_code: self.exit_code,
            load: load::Options {
                log: self.verbose,
                no_kprobes: self.no_kprobes,
                kernel_btf: self.kernel_btf.clone(),
                ring_bytes: self.ring_size,
            },
        })
    }
}
