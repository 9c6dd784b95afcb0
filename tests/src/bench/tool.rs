//! mtutrace, and what one would use instead: started, ready, stopped.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::path::Path;
use crate::lab::place::Place;
use crate::lab::process::Process;
use crate::lab::tracer::Tracer;
use crate::lab::wait;

const PATIENCE: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(5);

/// Tracepoints alone: not every kernel has kprobes.
const SCRIPT: &str =
    "tracepoint:net:netif_receive_skb /args->len > 1464/ { @big[str(args->name)] = count(); }
tracepoint:skb:kfree_skb { @drops[args->reason] = count(); }";
/// Before 5.17 drops have no reason.
const SCRIPT_WITHOUT_REASONS: &str =
    "tracepoint:net:netif_receive_skb /args->len > 1464/ { @big[str(args->name)] = count(); }
tracepoint:skb:kfree_skb { @drops[args->protocol] = count(); }";

/// Gives a program the file systems of the kernel's tracing, which are gone with it.
const WITH_TRACING: &str = "for fs in tracefs:/sys/kernel/tracing debugfs:/sys/kernel/debug; do
mountpoint -q ${fs#*:} || mount -t ${fs%%:*} mtut ${fs#*:} 2>/dev/null; done; exec \"$@\"";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Mtutrace,
    Tcpdump,
    TcpdumpEverywhere,
    Bpftrace,
    Tcpdrop,
    Dropwatch,
}

impl Tool {
    pub(super) const ALL: [Tool; 6] = [
        Tool::Mtutrace,
        Tool::Tcpdump,
        Tool::TcpdumpEverywhere,
        Tool::Bpftrace,
        Tool::Tcpdrop,
        Tool::Dropwatch,
    ];

    /// What tables call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tool::Mtutrace => "mtutrace",
            Tool::Tcpdump => "tcpdump",
            Tool::TcpdumpEverywhere => "tcpdump in each namespace",
            Tool::Bpftrace => "bpftrace",
            Tool::Tcpdrop => "tcpdrop-bpfcc",
            Tool::Dropwatch => "dropwatch",
        }
    }

    /// Starts it and waits until it sees packets. The error says why it cannot.
    pub(super) fn start(self, path: &Path) -> Result<Running> {
        let start = Instant::now();
        let (mut processes, mut tracer) = (Vec::new(), None);
        let places = path.looked_into();
        let node = *places.first().context("a path has a node")?;
        match self {
            Tool::Mtutrace => tracer = Some(Tracer::start_within(PATIENCE, &[])?),
            Tool::Tcpdump => processes.push(self.process(&node)?),
            Tool::TcpdumpEverywhere => {
                for place in &places {
                    processes.push(self.process(place)?);
                }
            }
            Tool::Bpftrace | Tool::Tcpdrop | Tool::Dropwatch => processes.push(self.process(&node)?),
        }
        Ok(Running { tracer, processes, ready: start.elapsed() })
    }

    fn process(self, place: &Place<'_>) -> Result<Other> {
        let (command, ready) = match self {
            Tool::Mtutrace | Tool::Tcpdump | Tool::TcpdumpEverywhere => {
                let mut command = place.command("tcpdump")?;
                // Where it becomes another user it needs one.
                command.args(["-Z", "root", "-i", "any", "-w", "/dev/null", "greater 1465"]);
                (command, "listening on")
            }
            Tool::Bpftrace => {
                let reasons = crate::check::kernel_is_at_least(5, 17);
                let script = if reasons { SCRIPT } else { SCRIPT_WITHOUT_REASONS };
                let mut command = with_tracing(place, &["bpftrace", "-e", script])?;
                command.env("__BPFTRACE_NOTIFY_PROBES_ATTACHED", "1");
                (command, "__BPFTRACE_NOTIFY_PROBES_ATTACHED")
            }
            Tool::Tcpdrop => {
                let mut command = with_tracing(place, &["tcpdrop-bpfcc"])?;
                command.env("PYTHONUNBUFFERED", "1");
                (command, "TIME")
            }
            Tool::Dropwatch => {
                // The kernel's drop monitor answers in the initial namespace alone, and tells of all.
                let mut command = Command::new("dropwatch");
                command.args(["-l", "kas"]);
                (command, "Kernel monitoring activated")
            }
        };
        Other::start(command, ready, if self == Tool::Dropwatch { "start\n" } else { "" })
    }
}

fn with_tracing(place: &Place<'_>, program: &[&str]) -> Result<Command> {
    let mut command = place.command("unshare")?;
    command.args(["--mount", "--propagation", "private", "--", "sh", "-c", WITH_TRACING, "sh"]).args(program);
    Ok(command)
}

/// A running tool.
#[derive(Debug)]
pub(super) struct Running {
    tracer: Option<Tracer>,
    processes: Vec<Other>,
    /// How long it took to see packets.
    pub(super) ready: Duration,
}

impl Running {
    pub(super) fn pids(&self) -> Vec<u32> {
        let tracer = self.tracer.iter().map(Tracer::pid);
        tracer.chain(self.processes.iter().map(|other| other.process.pid())).collect()
    }

    /// Ends it as Ctrl-C does; mtutrace's last `status`.
    pub(super) fn stop(self) -> Result<Option<Value>> {
        for Other { mut process, commands } in self.processes {
            process.signal(libc::SIGINT)?;
            drop(commands);
            // Who takes longer is killed by its guard.
            let _in_time = process.wait("a tool to end", END);
        }
        let Some(tracer) = self.tracer else { return Ok(None) };
        Ok(tracer.interrupt()?.of_kind("status").pop())
    }
}

/// A process that is not mtutrace.
#[derive(Debug)]
struct Other {
    process: Process,
    /// Open as long as it runs: dropwatch ends with its commands.
    commands: Option<ChildStdin>,
}

impl Other {
    fn start(mut command: Command, ready: &str, commands: &str) -> Result<Self> {
        let (send, said) = channel();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command).map_err(|error| {
            let kind = error.downcast_ref::<Error>().map(Error::kind);
            if kind == Some(ErrorKind::NotFound) { anyhow!("not installed") } else { error }
        })?;
        let mut stdin = process.take_stdin();
        if let Some(pipe) = &mut stdin {
            // Who ends early has said why.
            let _closed = pipe.write_all(commands.as_bytes());
        }
        listen(process.take_stdout(), send.clone());
        listen(process.take_stderr(), send);
        let mut lines = Vec::new();
        let started =
            wait::until("the tool to see packets", PATIENCE, || said_ready(&said, ready, &mut lines));
        match started {
            Ok(()) => Ok(Self { process, commands: stdin }),
            Err(error) if wait::interrupted() => Err(error),
            Err(_) => bail!("{}", reason(&lines)),
        }
    }
}

fn said_ready(said: &Receiver<String>, ready: &str, lines: &mut Vec<String>) -> Result<Option<()>> {
    match said.recv_timeout(Duration::from_millis(20)) {
        Ok(line) if line.contains(ready) => Ok(Some(())),
        Ok(line) => {
            lines.push(line);
            Ok(None)
        }
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => bail!("it ended"),
    }
}

/// Reads on when nobody wants the lines any more: a full pipe would stop the tool.
fn listen(pipe: Option<impl Read + Send + 'static>, send: Sender<String>) {
    let Some(pipe) = pipe else { return };
    std::thread::spawn(move || {
        BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
    });
}

/// Why a tool did not start, in its own words: the first line that says so.
fn reason(lines: &[String]) -> String {
    const LONGEST: usize = 120;
    let says_why = |line: &&String| {
        let line = line.to_lowercase();
        ["unable", "cannot", "can't", "failed"].iter().any(|words| line.contains(words))
    };
    if lines.iter().any(|line| line.contains("exec: ") && line.ends_with("not found")) {
        return "not installed".to_owned();
    }
    let found = lines.iter().find(says_why).or(lines.first());
    let Some(line) = found else { return "it ended without a word".to_owned() };
    // The sentence alone; names of files are the machine's business.
    let sentence = line.split(". ").next().unwrap_or(line);
    sentence.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_did_not_start() {
        let reason =
            |lines: &[&str]| reason(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        let headers = "Unable to find kernel headers. Try rebuilding kernel with CONFIG_IKHEADERS=m (module)";
        assert_eq!(reason(&["sh: 1: modprobe: not found", headers]), "Unable to find kernel headers");
        assert_eq!(reason(&["sh: 1: exec: dropwatch: not found"]), "not installed");
        assert_eq!(reason(&["strange\u{1b}[31m"]), "strange[31m");
        assert_eq!(reason(&[]), "it ended without a word");
    }
}
