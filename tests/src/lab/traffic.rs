//! Real HTTP through the lab, by the little program `lab-traffic` inside the namespaces.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::place::Place;
use super::process::Process;
use super::wait;

/// How long a helper may take to come up.
pub(crate) const START: Duration = Duration::from_secs(10);

/// An HTTP server: `GET /N` answers with N bytes, `PUT` answers with the count of what it got.
#[derive(Debug)]
pub struct HttpServer {
    _process: Process,
}

impl HttpServer {
    /// Starts it and waits until it listens on every IPv4 address of the place.
    pub fn start(place: Place<'_>, port: u16) -> Result<Self> {
        Self::listen(place, &format!("0.0.0.0:{port}"))
    }

    /// Starts it and waits until it listens on `address`.
    pub fn listen(place: Place<'_>, address: &str) -> Result<Self> {
        let mut command = place.command(program()?)?;
        command.args(["serve", "--listen", address]);
        let (process, lines) = spawn(&mut command)?;
        await_line(&lines, "the HTTP server", START, |line| line == "ready")?;
        Ok(Self { _process: process })
    }
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Everything arrived.
    pub complete: bool,
    /// Bytes of the body that were received (`get`) or handed to the kernel (`put`).
    pub bytes: u64,
}

/// A running download or upload.
#[derive(Debug)]
pub struct Transfer {
    process: Process,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Transfer {
    /// Downloads; gives up after `timeout` without progress.
    pub fn get(place: Place<'_>, url: &str, timeout: Duration) -> Result<Self> {
        Self::start(place, &["get", url, "--timeout", &seconds(timeout)])
    }

    /// Downloads as `reader` says: `slow`, `rest`, `reset`, or at once.
    pub fn read(place: Place<'_>, url: &str, timeout: Duration, reader: &str) -> Result<Self> {
        Self::start(place, &["get", url, "--timeout", &seconds(timeout), "--reader", reader])
    }

    /// Uploads `bytes`; gives up after `timeout` without progress.
    pub fn put(place: Place<'_>, url: &str, bytes: usize, timeout: Duration) -> Result<Self> {
        Self::start(place, &["put", url, "--bytes", &bytes.to_string(), "--timeout", &seconds(timeout)])
    }

    fn start(place: Place<'_>, args: &[&str]) -> Result<Self> {
        Self::by(place.command(program()?)?.args(args))
    }

    /// Any command that runs `lab-traffic` somewhere and passes on what it says.
    pub fn by(command: &mut Command) -> Result<Self> {
        let (process, lines) = spawn(command)?;
        Ok(Self { process, lines, seen: Vec::new() })
    }

    /// The process id of the client.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until the transfer has stopped moving (or fails when it ends first).
    pub fn wait_for_stall(&mut self) -> Result<()> {
        self.seen
            .push(await_line(&self.lines, "a stalled transfer", START, |line| line.starts_with("stalled"))?);
        Ok(())
    }

    /// Waits for the end; the client bounds itself by its own timeout.
    pub fn finish(&mut self) -> Result<Outcome> {
        let limit = Duration::from_secs(120);
        let mut complete = false;
        let line = await_line(&self.lines, "the end of a transfer", limit, |line| {
            complete = line.starts_with("complete");
            complete || line.starts_with("failed")
        })?;
        let bytes =
            line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).context(line.clone())?;
        let status = self.process.wait("the traffic client", START)?;
        if status.success() != complete {
            bail!("the traffic client said '{line}' and ended with {status}");
        }
        Ok(Outcome { complete, bytes })
    }
}

/// Starts a helper with its stdout as a channel of lines; the channel ends with the helper.
pub(crate) fn spawn(command: &mut Command) -> Result<(Process, Receiver<String>)> {
    let mut process = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let stdout = process.take_stdout().context("stdout is piped")?;
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let lines: Lines<BufReader<ChildStdout>> = BufReader::new(stdout).lines();
        for line in lines.map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    Ok((process, receive))
}

pub(crate) fn await_line(
    lines: &Receiver<String>,
    what: &str,
    timeout: Duration,
    mut wanted: impl FnMut(&str) -> bool,
) -> Result<String> {
    wait::until(what, timeout, || match lines.recv_timeout(Duration::from_millis(50)) {
        Ok(line) if wanted(&line) => Ok(Some(line)),
        Ok(_) | Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => bail!("{what}: the helper ended first"),
    })
}

fn seconds(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}

/// `lab-traffic`, which cargo builds beside whatever links this library.
///
/// # Errors
/// Where it was not built.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("MTUTRACE_LAB_TRAFFIC") {
        return Ok(path.into());
    }
    let exe = std::env::current_exe()?;
    let mut near = exe.ancestors().skip(1).take(2).map(|dir| dir.join("lab-traffic"));
    near.find(|path| path.is_file()).with_context(|| {
        format!("no lab-traffic near {}: build it with `cargo build -p mtutrace-tests`", exe.display())
    })
}
