//! The start of a run on a node with many devices: it answers from the first moment, and says how far it is.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::place::die_with_parent;
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::tmux::Tmux;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::wait;

/// Each has two ends, and the kernel takes 13 ms for each of the two classifiers of each.
const PAIRS: usize = 60;
/// Pairs of a namespace: a run waits for so many devices of one.
const SHARE: usize = 15;
/// What somebody who ends a run waits for at most; a busy machine takes its share.
const SECOND: Duration = Duration::from_secs(1);
const BUSY: u32 = 4;
const SOON: Duration = Duration::from_secs(20);
/// A run attaches to all that is on the node: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

/// Namespaces that are full of devices.
fn crowd() -> Vec<NetNs> {
    let prefix = name::own();
    (0..PAIRS / SHARE)
        .map(|number| {
            let netns = NetNs::create(&format!("{prefix}-{number}")).unwrap();
            let pair =
                |n| format!("link add n{n} type veth peer name f{n}\nlink set n{n} up\nlink set f{n} up\n");
            netns.ip(&(0..SHARE).map(pair).collect::<String>()).unwrap();
            netns
        })
        .collect()
}

/// A run whose start is not waited for.
fn start(arguments: &[&str]) -> Process {
    let mut command = Command::new(binary().unwrap());
    command.arg("run").args(arguments);
    die_with_parent(&mut command);
    // Under nohup(1) SIGHUP is ignored, and stays so in what is started.
    // SAFETY: signal is async-signal-safe, and takes no pointers here.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGHUP, libc::SIG_DFL);
            Ok(())
        });
    }
    Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap()
}

fn rest(mut stdout: ChildStdout) -> String {
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_signal_while_it_attaches_ends_it_within_a_second_with_the_report() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _crowd = crowd();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let mut run = start(&["-o", "json"]);
        let stdout = run.take_stdout().unwrap();
        let stderr = BufReader::new(run.take_stderr().unwrap());
        let mut said = stderr.lines().map(Result::unwrap);
        // "attached 38/163": some, and not yet all.
        let (attached, wanted) = said
            .find_map(|line| {
                let (attached, wanted) = line.strip_prefix("mtutrace: attached ")?.split_once('/')?;
                let pair = (attached.parse::<u64>().unwrap(), wanted.parse::<u64>().unwrap());
                (pair.0 > 0).then_some(pair)
            })
            .expect("progress on stderr, before it is ready");
        assert!(0 < attached && attached < wanted && wanted > 2 * PAIRS as u64, "{attached} of {wanted}");
        let asked = Instant::now();
        run.signal(signal).unwrap();
        let status = run.wait("the end", SOON).unwrap();
        let took = asked.elapsed();
        assert!(took < wait::patient(SECOND * BUSY), "signal {signal}: {took:?}");
        assert_eq!(status.code(), Some(0), "signal {signal}");
        let text = rest(stdout);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert!(last["duration_ms"].is_u64(), "the final report: {last}");
        assert!(last["interfaces"].as_u64().unwrap() < wanted, "it did not go on attaching: {last}");
        assert!(!said.any(|line| line.contains("tracing")), "it was never ready");
    }
}

/// Whether a process has a handler for a signal (`SigCgt` of proc(5)).
fn handles(pid: u32, signal: libc::c_int) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (signal - 1)) != 0
}

#[test]
fn a_signal_while_the_programs_are_loaded_ends_it_with_a_report_that_proves_nothing() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for format in ["json", "text"] {
        let mut run = start(&["-o", format]);
        let stdout = run.take_stdout().unwrap();
        let handled = || Ok(handles(run.pid(), libc::SIGTERM).then_some(()));
        wait::until("the handler", SOON, handled).unwrap();
        let asked = Instant::now();
        run.signal(libc::SIGTERM).unwrap();
        let status = run.wait("the end", SOON).unwrap();
        assert!(asked.elapsed() < wait::patient(SECOND * BUSY), "{:?}", asked.elapsed());
        assert_eq!(status.code(), Some(0));
        let text = rest(stdout);
        let words = if format == "json" { "\"duration_ms\":" } else { "No verdict in 0." };
        // In text what was not seen stands behind it.
        assert!(text.lines().rev().take(2).any(|line| line.contains(words)), "{text}");
    }
}

#[test]
fn the_duration_counts_from_ready_and_is_kept() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _crowd = crowd();
    let before = Instant::now();
    let tracer = Tracer::start(&["--duration", "2s"]).unwrap();
    let (ready, started) = (Instant::now(), before.elapsed());
    let end = tracer.finish().unwrap();
    let took = ready.elapsed();
    assert!(started > SECOND, "{PAIRS} pairs are attached to in {started:?}: too soon to tell");
    assert!(took > Duration::from_millis(1800), "{took:?} after ready");
    // The last second: the harness waits for the end of the output.
    assert!(took < wait::patient(Duration::from_secs(4)), "{took:?} after ready");
    let last = end.of_kind("status").pop().unwrap();
    let said = last["duration_ms"].as_u64().unwrap();
    assert!((2000..3000).contains(&said), "{said} ms");
    assert!(last["interfaces"].as_u64().unwrap() > 2 * PAIRS as u64, "{last}");
}

#[test]
fn the_screen_is_there_at_once_and_answers() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _crowd = crowd();
    let terminal = Tmux::start(100, 30).unwrap();
    terminal.type_line(&format!("{} run", binary().unwrap().display())).unwrap();
    let progress = |screen: &str| screen.lines().any(|line| line.contains("attached ") && line.contains('/'));
    terminal.wait_for("how far it is", progress).unwrap();
    terminal.press(&["?"]).unwrap();
    let help = terminal.wait_for("the help", |screen| screen.contains("Ctrl-L")).unwrap();
    assert!(progress(&help), "it still attaches:\n{help}");
    terminal.press(&["?"]).unwrap();
    terminal.press(&["q"]).unwrap();
    let asked = Instant::now();
    terminal.wait_for("the report", |screen| screen.trim_end().ends_with("ready>")).unwrap();
    let took = asked.elapsed();
    assert!(took < wait::patient(SECOND * BUSY), "{took:?}");
    let screen = terminal.screen().unwrap();
    assert!(screen.contains("No verdict in"), "{screen}");
}
