//! Flags of `run`.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mtutrace_common::config::RING_BYTES;

use super::shown::ShownArgs;
use super::values::{duration, ring_size};
use crate::commands::outcome::Failure;
use crate::commands::run;
use crate::kernel::load;
use crate::metrics::address;

/// As typed.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    shown: ShownArgs,
    /// Stop after this time (30s, 5m).
    #[arg(long, value_name = "TIME", value_parser = duration, env = "MTUTRACE_DURATION", hide_env = true)]
    duration: Option<Duration>,
    /// Time between reports.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, env = "MTUTRACE_INTERVAL", hide_env = true)]
    interval: Duration,
    /// Serve Prometheus metrics on this address (/metrics, /healthz, /readyz). A port alone means loopback; write any
    /// other address in full.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse, env = "MTUTRACE_METRICS", hide_env = true)]
    metrics: Option<SocketAddr>,
    /// Serve a page beside the metrics: the report of now, to look at (/report).
    #[arg(long, requires = "metrics", env = "MTUTRACE_REPORT", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    report: bool,
    /// Create this file once every hook is attached, and remove it at the end.
    #[arg(long, value_name = "PATH", env = "MTUTRACE_READY_FILE", hide_env = true)]
    ready_file: Option<PathBuf>,
    /// Use the fallbacks instead of kprobes.
    #[arg(long, env = "MTUTRACE_NO_KPROBES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    no_kprobes: bool,
    /// Read the kernel's BTF from this file instead of /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH", env = "MTUTRACE_KERNEL_BTF", hide_env = true)]
    kernel_btf: Option<PathBuf>,
    /// Size of the ring buffer that carries events from the kernel, in bytes: a power of two, and whole pages.
    #[arg(long, hide = true, value_name = "BYTES", default_value_t = RING_BYTES, value_parser = ring_size)]
    ring_size: u32,
}

impl RunArgs {
    /// The options that these flags mean; `verbose` has the BPF programs write their log.
    ///
    /// # Errors
    /// When the expression or $MTUTRACE_OUTPUT is wrong.
    pub(super) fn options(&self, verbose: bool) -> Result<run::Options, Failure> {
        Ok(run::Options {
            shown: self.shown.options()?,
            duration: self.duration,
            interval: self.interval,
            metrics: self.metrics,
            report: self.report,
            ready_file: self.ready_file.clone(),
            record: None,
            load: load::Options {
                log: verbose,
                no_kprobes: self.no_kprobes,
                kernel_btf: self.kernel_btf.clone(),
                ring_bytes: self.ring_size,
            },
        })
    }
}
