//! Flags of `run`.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use mtutrace_common::config::RING_BYTES;

use super::values::{duration, host, name, netns, ring_size};
use crate::commands::outcome::Failure;
use crate::commands::run;
use crate::filter::{Filter, PodName, expression};
use crate::kernel::load;
use crate::metrics::address;
use crate::model::NetnsId;
use crate::output::format::RunFormat;
use crate::output::limit::Rate;
use crate::output::only::{Kind, Only};

/// As typed.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Output format [default: tui on a terminal, else text].
    #[arg(short, long, value_enum)]
    output: Option<RunFormat>,
    /// The same as -o json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Write only these; in text, single events are written only where they are named.
    #[arg(
        long,
        value_name = "KIND,…",
        value_enum,
        value_delimiter = ',',
        env = "MTUTRACE_ONLY",
        hide_env = true
    )]
    only: Vec<Kind>,
    /// Write so many JSON lines at most (10/s, 60/m, 1000/h). The last line about each verdict is late then, never left out;
    /// status has the number of those that were.
    #[arg(long, value_name = "N/TIME", env = "MTUTRACE_RATE_LIMIT", hide_env = true)]
    rate_limit: Option<Rate>,
    /// Stop after this time (30s, 5m).
    #[arg(long, value_name = "TIME", value_parser = duration, env = "MTUTRACE_DURATION", hide_env = true)]
    duration: Option<Duration>,
    /// Stop after this many events.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), env = "MTUTRACE_COUNT", hide_env = true)]
    count: Option<u64>,
    /// Time between reports.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, env = "MTUTRACE_INTERVAL", hide_env = true)]
    interval: Duration,
    /// Only this container and those inside it, by id prefix or name; repeatable.
    #[arg(long, value_name = "ID|NAME", value_parser = name, env = "MTUTRACE_CONTAINER", hide_env = true)]
    container: Vec<String>,
    /// Only this Kubernetes pod; repeatable.
    #[arg(long, value_name = "NAMESPACE/NAME", env = "MTUTRACE_POD", hide_env = true)]
    pod: Vec<PodName>,
    /// Only this network namespace, by inode number or path; repeatable.
    #[arg(long, value_name = "INODE|PATH", value_parser = netns, env = "MTUTRACE_NETNS", hide_env = true)]
    netns: Vec<NetnsId>,
    /// Only this interface; repeatable.
    #[arg(short, long, value_name = "NAME", value_parser = name, env = "MTUTRACE_INTERFACE", hide_env = true)]
    interface: Vec<String>,
    /// Only flows from or to this address or network, and flows of containers that have such an address; repeatable.
    #[arg(long, value_name = "ADDRESS|NETWORK", value_parser = host, env = "MTUTRACE_HOST", hide_env = true)]
    host: Vec<IpNet>,
    /// Serve Prometheus metrics on this address (/metrics, /healthz, /readyz). A port alone means loopback; write any
    /// other address in full.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse, env = "MTUTRACE_METRICS", hide_env = true)]
    metrics: Option<SocketAddr>,
    /// Create this file once every hook is attached, and remove it at the end.
    #[arg(long, value_name = "PATH", env = "MTUTRACE_READY_FILE", hide_env = true)]
    ready_file: Option<PathBuf>,
    /// Show every remedy of a verdict, not just one that works at once and one that lasts.
    #[arg(long, env = "MTUTRACE_ALL_FIXES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    all_fixes: bool,
    /// Exit with 1 if an MTU problem was found.
    #[arg(long, env = "MTUTRACE_EXIT_CODE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    exit_code: bool,
    /// Use the fallbacks instead of kprobes.
    #[arg(long, env = "MTUTRACE_NO_KPROBES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    no_kprobes: bool,
    /// Read the kernel's BTF from this file instead of /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH", env = "MTUTRACE_KERNEL_BTF", hide_env = true)]
    kernel_btf: Option<PathBuf>,
    /// Size of the ring buffer that carries events from the kernel, in bytes: a power of two, and whole pages.
    #[arg(long, hide = true, value_name = "BYTES", default_value_t = RING_BYTES, value_parser = ring_size)]
    ring_size: u32,
    /// Only flows that match, in tcpdump's syntax: host 10.0.0.1 and tcp port 443 (host, net, port, portrange, src, dst,
    /// tcp, udp, sctp, icmp, icmp6, ip, ip6, and, or, not, parentheses).
    #[arg(value_name = "EXPRESSION")]
    expression: Vec<String>,
}

impl RunArgs {
    /// The options that these flags mean; `verbose` has the BPF programs write their log.
    ///
    /// # Errors
    /// When the expression or $MTUTRACE_OUTPUT is wrong.
    pub(super) fn options(&self, verbose: bool) -> Result<run::Options, Failure> {
        let text = self.expression.join(" ");
        let expression = (!self.expression.is_empty()).then(|| expression::parse(&text)).transpose();
        Ok(run::Options {
            output: self.output()?,
            only: Only::new(self.only.clone()),
            rate_limit: self.rate_limit,
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
                log: verbose,
                no_kprobes: self.no_kprobes,
                kernel_btf: self.kernel_btf.clone(),
                ring_bytes: self.ring_size,
            },
        })
    }

    /// The output format. Not by clap: a format in the environment would conflict with --json.
    fn output(&self) -> Result<Option<RunFormat>, Failure> {
        if self.json {
            return Ok(Some(RunFormat::Json));
        }
        let wrong = |value: &str| format!("$MTUTRACE_OUTPUT: {value:?} is none of tui, text and json");
        let parse =
            |value: String| RunFormat::from_str(&value, true).map_err(|_| Failure::Usage(wrong(&value)));
        match (self.output, std::env::var("MTUTRACE_OUTPUT")) {
            (None, Ok(value)) if !value.is_empty() => parse(value).map(Some),
            (output, _) => Ok(output),
        }
    }
}
