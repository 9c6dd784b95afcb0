//! The tracer under test: the real binary, its lines as they come, its end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::name;
use super::place::die_with_parent;
use super::process::Process;
use super::wait;

const READY: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(15);
static RUNS: AtomicU32 = AtomicU32::new(0);

/// How a run ended.
#[derive(Debug)]
pub struct End {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Every line of stdout, from the start.
    pub lines: Vec<String>,
    /// Lines that came after [`Tracer::interrupt`]: the final report.
    pub last: Vec<String>,
    /// All of stderr.
    pub stderr: String,
}

impl End {
    /// The lines of the whole run that are JSON of this kind.
    pub fn of_kind(&self, kind: &str) -> Vec<Value> {
        parse(&self.lines, kind)
    }

    /// The lines of the final report that are JSON of this kind. An interval may end together with the run: of two
    /// lines about one thing the second counts.
    pub fn last_of_kind(&self, kind: &str) -> Vec<Value> {
        let about = |line: &Value| {
            let names = ["/netns", "/container/id", "/verdict", "/culprit", "/bottleneck"];
            names.map(|name| line.pointer(name).cloned())
        };
        let mut found: Vec<Value> = Vec::new();
        for line in parse(&self.last, kind) {
            found.retain(|older| about(older) != about(&line));
            found.push(line);
        }
        found
    }
}

fn parse(lines: &[String], kind: &str) -> Vec<Value> {
    let values = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    values.filter(|value| value["kind"] == kind).collect()
}

/// A running `mtutrace run`.
#[derive(Debug)]
pub struct Tracer {
    process: Process,
    receive: Receiver<String>,
    /// Lines that a `wait_for` has not looked at yet.
    pending: VecDeque<String>,
    lines: Vec<String>,
    stderr: Arc<Mutex<String>>,
    /// How long it may take to end.
    end: Duration,
    _ready_file: ReadyFile,
}

impl Tracer {
    /// Runs `mtutrace run -o json ARGS` and waits until every hook is attached.
    pub fn start(args: &[&str]) -> Result<Self> {
        Self::launch(&[&["-o", "json"], args].concat(), usize::MAX)
    }

    /// The same where that and its end may each take so long.
    pub fn start_within(patience: Duration, args: &[&str]) -> Result<Self> {
        let args = [&["run", "-o", "json"], args].concat();
        let mut tracer = Self::launch_in(patience, Command::new(binary()?), &args, usize::MAX)?;
        tracer.end = patience;
        Ok(tracer)
    }

    /// Runs `mtutrace run -o text ARGS`, likewise.
    pub fn start_text(args: &[&str]) -> Result<Self> {
        Self::launch(&[&["-o", "text"], args].concat(), usize::MAX)
    }

    /// The same, with a reader that closes the pipe after one line, as `| head -1` does.
    pub fn start_with_leaving_reader(args: &[&str]) -> Result<Self> {
        Self::launch(&[&["-o", "json"], args].concat(), 1)
    }

    /// Likewise by a command that goes somewhere and becomes mtutrace there.
    pub fn start_by(command: Command, args: &[&str]) -> Result<Self> {
        Self::launch_program(command, &[&["run", "-o", "json"], args].concat(), usize::MAX)
    }

    /// Runs `mtutrace record -w FILE -o json ARGS`, likewise.
    pub fn record(file: &Path, args: &[&str]) -> Result<Self> {
        let file = file.to_str().context("the file's name is text")?;
        let record = ["record", "-w", file, "-o", "json"];
        Self::launch_program(Command::new(binary()?), &[&record, args].concat(), usize::MAX)
    }

    /// Likewise by a command that goes somewhere and becomes mtutrace there; `-w FILE` is among ARGS.
    pub fn record_by(command: Command, args: &[&str]) -> Result<Self> {
        Self::launch_program(command, &[&["record", "-o", "json"], args].concat(), usize::MAX)
    }

    fn launch(args: &[&str], lines_read: usize) -> Result<Self> {
        Self::launch_program(Command::new(binary()?), &[&["run"], args].concat(), lines_read)
    }

    fn launch_program(command: Command, args: &[&str], lines_read: usize) -> Result<Self> {
        Self::launch_in(READY, command, args, lines_read)
    }

    fn launch_in(patience: Duration, mut command: Command, args: &[&str], lines_read: usize) -> Result<Self> {
        let ready = ReadyFile::new();
        command.args(args).arg("--ready-file").arg(&ready.0);
        // A group of its own, so that a Ctrl-C in the terminal is the lab's to pass on.
        die_with_parent(command.process_group(0));
        let mut process =
            Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let stdout = process.take_stdout().context("stdout is piped")?;
        let pipe = process.take_stderr().context("stderr is piped")?;
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok).take(lines_read);
            // Reads on even when nobody listens, so that the tracer never meets a closed pipe by accident.
            lines.for_each(|line| drop(send.send(line)));
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let copy = Arc::clone(&stderr);
        std::thread::spawn(move || collect(pipe, &copy));
        let path = ready.0.clone();
        let (pending, lines) = (VecDeque::new(), Vec::new());
        let mut tracer = Self { process, receive, pending, lines, stderr, end: END, _ready_file: ready };
        let attached = wait::until("mtutrace to attach", patience, || match tracer.process.ended()? {
            // Who is left alone with a closed pipe may end at once.
            Some(_) if lines_read != usize::MAX => Ok(Some(())),
            Some(status) => bail!("mtutrace ended before it was ready: {status}"),
            None => Ok(path.exists().then_some(())),
        });
        attached.with_context(|| tracer.so_far())?;
        Ok(tracer)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The next line, whatever it is; none when there is none in time or no more will come.
    pub fn next_line(&mut self, timeout: Duration) -> Option<String> {
        if self.pending.is_empty() {
            self.take(timeout);
        }
        self.pending.pop_front()
    }

    /// Waits for a JSON line that `wanted` accepts; lines that came before the call count as well.
    pub fn wait_for(
        &mut self,
        what: &str,
        timeout: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        self.wait_for_line(what, timeout, |line| {
            serde_json::from_str(line).ok().filter(|value| wanted(value))
        })
    }

    /// Waits for a line of which `wanted` makes something; lines that came before the call count as well.
    pub fn wait_for_line<T>(
        &mut self,
        what: &str,
        timeout: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let (start, timeout) = (Instant::now(), wait::patient(timeout));
        loop {
            while let Some(line) = self.pending.pop_front() {
                if let Some(found) = wanted(&line) {
                    return Ok(found);
                }
            }
            let Some(left) = timeout.checked_sub(start.elapsed()) else {
                bail!("no {what} within {timeout:?}\n{}", self.so_far());
            };
            if wait::interrupted() {
                bail!("interrupted while waiting for {what}");
            }
            if !self.take(left.min(Duration::from_millis(100))) {
                bail!("mtutrace ended without {what}\n{}", self.so_far());
            }
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) -> Result<()> {
        self.process.signal(signal)
    }

    /// Ctrl-C: the rest of the output and the exit code.
    pub fn interrupt(mut self) -> Result<End> {
        while self.take(Duration::ZERO) && !self.pending.is_empty() {
            self.pending.clear();
        }
        let before = self.lines.len();
        self.process.signal(libc::SIGINT)?;
        self.end(before)
    }

    /// Waits for a run that ends by itself (`--duration`, `--count`).
    pub fn finish(self) -> Result<End> {
        let before = self.lines.len();
        self.end(before)
    }

    /// SIGKILL: no chance to clean up.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        Ok(())
    }

    fn end(mut self, before: usize) -> Result<End> {
        let status: ExitStatus =
            self.process.wait("mtutrace to end", self.end).with_context(|| self.so_far())?;
        while self.take(Duration::from_secs(1)) {}
        let last = self.lines.split_off(before);
        let lines = [self.lines, last.clone()].concat();
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(End { code: status.code(), signal: status.signal(), lines, last, stderr })
    }

    /// Moves at most one line from the reader to `pending`; false when no more will come.
    fn take(&mut self, timeout: Duration) -> bool {
        match self.receive.recv_timeout(timeout) {
            Ok(line) => {
                self.lines.push(line.clone());
                self.pending.push_back(line);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    /// What it has said, for the message of a failure: the last lines, each cut.
    fn so_far(&self) -> String {
        const LINES: usize = 60;
        const LENGTH: usize = 1000;
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.lines.len().saturating_sub(LINES);
        let cut = |line: &String| line.chars().take(LENGTH).collect::<String>();
        let lines = self.lines[first..].iter().map(cut).collect::<Vec<_>>().join("\n");
        format!("stdout so far, without its first {first} lines:\n{lines}\nstderr so far:\n{stderr}")
    }
}

fn collect(mut pipe: impl Read, into: &Mutex<String>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..count]);
        into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
    }
}

/// A path nobody else uses; the file is removed with the run.
#[derive(Debug)]
struct ReadyFile(PathBuf);

impl ReadyFile {
    fn new() -> Self {
        Self(name::temporary(&format!("{}-ready", RUNS.fetch_add(1, Ordering::Relaxed))))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let _never_came = std::fs::remove_file(&self.0);
    }
}

/// What mtutrace writes to stdout, whatever its exit code. Panics when it cannot run.
pub fn stdout_of(args: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command
        .arg("60")
        .arg(binary().expect("no binary"))
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    String::from_utf8(command.output().expect("it cannot run").stdout).expect("it writes UTF-8")
}

/// The binary under test: `MTUTRACE_BIN`, else the release build of this workspace.
pub fn binary() -> Result<PathBuf> {
    let path = std::env::var_os("MTUTRACE_BIN").map_or_else(
        || {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
            target.join("release/mtutrace")
        },
        PathBuf::from,
    );
    if !path.is_file() {
        bail!("no {}: build it (`cargo build --release`) or set MTUTRACE_BIN", path.display());
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
