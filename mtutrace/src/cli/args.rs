//! The command line: raw flags, and the settings that they mean once they are checked.
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use mtutrace_common::config::RING_BYTES;

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::schema::Kind;
use crate::commands::{bench, doctor, map, run, schema};
use crate::filter::{Filter, PodName, expression};
use crate::kernel::load;
use crate::model::NetnsId;
use crate::output::format::{Format, RunFormat};
use crate::telemetry::cost::page_size;

/// Which container's traffic is dying or crawling because a packet is too big, whose MTU is wrong, and what one
/// line fixes it.
#[derive(Debug, Parser)]
#[command(name = "mtutrace", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 nothing wrong found; 1 an MTU problem was found (run: only with --exit-code); \
2 the command line is wrong; 3 this machine cannot be traced.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trace this node until Ctrl-C, --duration or --count.
    Run(Box<RunArgs>),
    /// The MTUs of this node: every container's way out, hop by hop, mismatches marked. Traces nothing.
    Map(MapArgs),
    /// What can be traced on this kernel, hook by hook, and what is missing.
    Doctor(DoctorArgs),
    /// What mtutrace costs on this kernel, per packet, beside an empty program.
    Bench(BenchArgs),
    /// The JSON Schema of what -o json writes.
    Schema(SchemaArgs),
}

/// Flags of `run`, as typed.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// How to show what is found [default: tui on a terminal, else text].
    #[arg(short, long, value_enum)]
    pub output: Option<RunFormat>,
    /// Stop after this time (30s, 5m).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Stop after this many events.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Time between reports.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub interval: Duration,
    /// Only this container, by the start of its id or by its name; repeatable.
    #[arg(long, value_name = "ID|NAME")]
    pub container: Vec<String>,
    /// Only this Kubernetes pod; repeatable.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub pod: Vec<PodName>,
    /// Only this network namespace, by inode number or path; repeatable.
    #[arg(long, value_name = "INODE|PATH", value_parser = netns)]
    pub netns: Vec<NetnsId>,
    /// Only what concerns this interface; repeatable.
    #[arg(short, long, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Only flows with this address or network at either end, or of containers that have such an address; repeatable.
    #[arg(long, value_name = "ADDRESS|NETWORK", value_parser = host)]
    pub host: Vec<IpNet>,
    /// Serve metrics for Prometheus on this address (/metrics, /healthz, /readyz). A port alone means loopback; any
    /// other address must be given in full.
    #[arg(long, value_name = "ADDR:PORT", value_parser = crate::metrics::address::parse)]
    pub metrics: Option<SocketAddr>,
    /// Create this file once every hook is attached.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    /// Exit with 1 if an MTU problem was found.
    #[arg(long)]
    pub exit_code: bool,
    /// Use the fallbacks, as on a kernel without kprobes.
    #[arg(long)]
    pub no_kprobes: bool,
    /// The kernel's BTF, where it has none in /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH")]
    pub kernel_btf: Option<PathBuf>,
    /// Show what happens inside, the kernel side included.
    #[arg(short, long)]
    pub verbose: bool,
    /// Bytes of the ring buffer that carries events from the kernel: a power of two, and whole pages.
    #[arg(long, hide = true, value_name = "BYTES", default_value_t = RING_BYTES, value_parser = ring_size)]
    pub ring_size: u32,
    /// Only these flows, as tcpdump has it: host 10.0.0.1 and tcp port 443 (host, net, port, portrange, src, dst, tcp, udp,
    /// sctp, icmp, icmp6, ip, ip6, and, or, not, parentheses).
    #[arg(value_name = "EXPRESSION")]
    pub expression: Vec<String>,
}

impl RunArgs {
    /// The options that these flags mean.
    ///
    /// # Errors
    /// When the expression is wrong.
    pub fn options(&self) -> Result<run::Options, Failure> {
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

impl Command {
    /// Runs what was asked for.
    ///
    /// # Errors
    /// As the command's own function.
    pub fn run(&self) -> Result<Outcome, Failure> {
        match self {
            Command::Run(args) => run::run(&args.options()?),
            Command::Map(args) => {
                map::map(&map::Options { output: args.output, containers: args.container.clone() })
            }
            Command::Doctor(args) => {
                let load = load::Options {
                    no_kprobes: args.no_kprobes,
                    kernel_btf: args.kernel_btf.clone(),
                    ..load::Options::default()
                };
                doctor::doctor(&doctor::Options { output: args.output, load })
            }
            Command::Bench(args) => bench::bench(&bench::Options {
                output: args.output,
                repeat: args.repeat,
                rounds: args.rounds,
            }),
            Command::Schema(args) => schema::schema(args.kind),
        }
    }
}

/// Flags of `map`.
#[derive(Args, Clone, Debug)]
pub struct MapArgs {
    /// How to show what is found.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Only this container and those inside it, by the start of its id or by its name; repeatable.
    #[arg(long, value_name = "ID|NAME")]
    pub container: Vec<String>,
}

/// Flags of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// How to show what is found.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Show what would replace the kprobes.
    #[arg(long)]
    pub no_kprobes: bool,
    /// The kernel's BTF, where it has none in /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH")]
    pub kernel_btf: Option<PathBuf>,
}

/// Flags of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// How to show the figures.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Runs of each program in a round.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Rounds; each measures every program once, and the medians of the rounds count.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
}

/// Flags of `schema`.
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// Of this kind of line; without it, of any.
    #[arg(value_enum)]
    pub kind: Option<Kind>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a time; write it like 30s, 500ms or 5m");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if duration.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(duration) }
}

/// What the kernel demands of a BPF ring buffer (`ringbuf_map_alloc`).
fn ring_size(text: &str) -> Result<u32, String> {
    let page = page_size();
    let right = |bytes: &u32| bytes.is_power_of_two() && u64::from(*bytes).is_multiple_of(page);
    text.parse().ok().filter(right).ok_or_else(|| {
        format!("{text:?} is not the size of a ring; write a power of two, at least {page} and at most 2147483648 bytes")
    })
}

fn host(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| {
        format!("{text:?} is neither an address nor a network; write it like 10.0.0.1, 10.0.0.0/24 or 2001:db8::/32")
    })
}

fn netns(text: &str) -> Result<NetnsId, String> {
    if let Ok(inode) = text.parse() {
        return Ok(NetnsId(inode));
    }
    let meta = std::fs::metadata(text).map_err(|e| {
        format!(
            "{text:?} is neither an inode number nor a namespace that can be read ({e}); try /proc/PID/ns/net"
        )
    })?;
    u32::try_from(meta.ino()).map(NetnsId).map_err(|_| format!("{text:?} is not a network namespace"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("30s", Some(30_000); "seconds")]
    #[test_case("500ms", Some(500); "milliseconds")]
    #[test_case("1m 30s", Some(90_000); "two units")]
    #[test_case("0s", None; "nothing")]
    #[test_case("-1s", None; "negative")]
    #[test_case("30", None; "no unit")]
    #[test_case("soon", None; "no time at all")]
    fn durations(text: &str, milliseconds: Option<u64>) {
        assert_eq!(duration(text).ok(), milliseconds.map(Duration::from_millis));
    }

    #[test_case("1048576", true; "the default")]
    #[test_case("2147483648", true; "the largest")]
    #[test_case("4294967296", false; "too large")]
    #[test_case("0", false; "nothing")]
    #[test_case("2048", false; "less than a page")]
    #[test_case("1000000", false; "no power of two")]
    #[test_case("1M", false; "a unit")]
    fn ring_sizes(text: &str, right: bool) {
        let parsed = ring_size(text);
        assert_eq!(parsed.is_ok(), right, "{parsed:?}");
        assert!(right || parsed.unwrap_err().contains("power of two"));
    }

    #[test_case("ci/build-0", Some(("ci", "build-0")); "well formed")]
    #[test_case("build-0", None; "no namespace")]
    #[test_case("ci/", None; "no name")]
    #[test_case("/build-0", None; "an empty namespace")]
    #[test_case("ci/build/0", None; "three parts")]
    fn pods(text: &str, pod: Option<(&str, &str)>) {
        let parsed = text.parse::<PodName>();
        assert_eq!(parsed.as_ref().ok().map(|p| (p.namespace.as_str(), p.name.as_str())), pod);
        assert!(pod.is_some() || parsed.unwrap_err().contains("NAMESPACE/NAME"));
    }

    #[test_case("10.0.0.1", Some("10.0.0.1/32"); "an address")]
    #[test_case("10.0.0.1/8", Some("10.0.0.1/8"); "a network")]
    #[test_case("2001:db8::/32", Some("2001:db8::/32"); "IPv6")]
    #[test_case("10.0.0.1/33", None; "too many bits")]
    #[test_case("web", None; "a name")]
    fn hosts(text: &str, net: Option<&str>) {
        assert_eq!(host(text).ok().map(|net| net.to_string()).as_deref(), net);
    }

    #[test]
    fn namespaces_by_number_and_by_path() {
        assert_eq!(netns("4026531840"), Ok(NetnsId(4_026_531_840)));
        let own = std::fs::metadata("/proc/self/ns/net").unwrap().ino();
        assert_eq!(netns("/proc/self/ns/net"), Ok(NetnsId(u32::try_from(own).unwrap())));
        assert!(netns("/nowhere").unwrap_err().contains("/proc/PID/ns/net"));
    }
}
