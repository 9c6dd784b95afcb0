//! Flags of what is shown: of `run`, `record` and `replay`.
use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::values::{host, name, netns};
use crate::commands::outcome::Failure;
use crate::commands::shown::Shown;
use crate::filter::{Filter, PodName, expression};
use crate::model::NetnsId;
use crate::output::format::RunFormat;
use crate::output::limit::Rate;
use crate::output::only::{Kind, Only};

/// As typed.
#[derive(Args, Clone, Debug)]
pub(super) struct ShownArgs {
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
    /// Stop after this many events.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), env = "MTUTRACE_COUNT", hide_env = true)]
    count: Option<u64>,
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
    /// Show every remedy of a verdict, not just one that works at once and one that lasts.
    #[arg(long, env = "MTUTRACE_ALL_FIXES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    all_fixes: bool,
    /// Exit with 1 if an MTU problem was found.
    #[arg(long, env = "MTUTRACE_EXIT_CODE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    exit_code: bool,
    /// Only flows that match, in tcpdump's syntax: host 10.0.0.1 and tcp port 443 (host, net, port, portrange, src, dst,
    /// tcp, udp, sctp, icmp, icmp6, ip, ip6, and, or, not, parentheses).
    #[arg(value_name = "EXPRESSION")]
    expression: Vec<String>,
}

impl ShownArgs {
    /// The options that these flags mean.
    ///
    /// # Errors
    /// When the expression or $MTUTRACE_OUTPUT is wrong.
    pub(super) fn options(&self) -> Result<Shown, Failure> {
        let text = self.expression.join(" ");
        let expression = (!self.expression.is_empty()).then(|| expression::parse(&text)).transpose();
        Ok(Shown {
            output: self.output()?,
            only: Only::new(self.only.clone()),
            rate_limit: self.rate_limit,
            count: self.count,
            filter: Filter {
                containers: self.container.clone(),
                pods: self.pod.clone(),
                netns: self.netns.clone(),
                interfaces: self.interface.clone(),
                hosts: self.host.clone(),
                expression: expression.map_err(Failure::Usage)?,
            },
            all_fixes: self.all_fixes,
            exit_code: self.exit_code,
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
