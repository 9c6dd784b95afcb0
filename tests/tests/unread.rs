//! Output that nobody reads, or that has no room: the run goes on, says so, and ends when it is told to.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::prometheus::{free_port, get};
use mtutrace_tests::lab::stalled::StalledReader;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::wait;

/// After 5 s a reader that takes nothing is told of.
const TOLD: Duration = Duration::from_secs(15);
/// A run whose reader hangs ends within this.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn a_reader_that_does_not_read_is_told_of_and_holds_up_nothing() {
    if skip() {
        return;
    }
    for both in [false, true] {
        let reader = StalledReader::new(&format!("unread-{both}")).unwrap();
        let port = free_port().unwrap();
        let address = format!("127.0.0.1:{port}");
        let args = ["--duration", "120s", "--metrics", &address];
        let tracer = Tracer::start_by(reader.command(both).unwrap(), &args).unwrap();
        let why = wait::until("/readyz to say that nobody reads", TOLD, || {
            let (status, why) = get(port, "/readyz")?;
            Ok((status == 503 && why.contains("nobody has read stdout")).then_some(why))
        })
        .unwrap();
        assert!(why.contains(" bytes wait"), "{why}");
        assert_eq!(get(port, "/healthz").unwrap().0, 200, "starting it again would not help");
        let (_, page) = get(port, "/metrics").unwrap();
        assert!(page.contains("\nmtutrace_ready 0\n"), "{page}");
        assert!(
            page.contains("\nmtutrace_output_waiting_bytes ")
                && page.contains("\nmtutrace_unwritten_lines_total ")
        );

        let start = Instant::now();
        tracer.signal(libc::SIGTERM).unwrap();
        let end = tracer.finish().unwrap();
        assert!(start.elapsed() < wait::patient(AT_ONCE), "it took {:?}", start.elapsed());
        assert_eq!(end.code, Some(130), "{}", end.stderr);
        let said = end.stderr.contains(" lines and the end of the report were left out");
        assert!(said || both, "{}", end.stderr);
    }
}

/// A terminal that takes nothing: stopped by Ctrl-S, or behind a connection that is dead.
#[test]
fn a_stopped_terminal_does_not_hold_up_the_end() {
    if skip() {
        return;
    }
    let (_screen, keyboard) = terminal();
    let end = || Stdio::from(keyboard.try_clone().unwrap());
    let path = name::temporary("stopped");
    let mut command = Command::new(binary().unwrap());
    command.args(["run", "-o", "tui", "--duration", "60s", "--ready-file"]).arg(&path).env("TERM", "xterm");
    let mut process = Process::spawn(command.stdin(end()).stdout(end()).stderr(end())).unwrap();
    wait::until("the ready file", Duration::from_secs(20), || Ok(path.exists().then_some(()))).unwrap();
    // SAFETY: the descriptor is open, and tcflow takes no memory.
    assert_eq!(unsafe { libc::tcflow(keyboard.as_raw_fd(), libc::TCOOFF) }, 0);
    let start = Instant::now();
    process.signal(libc::SIGTERM).unwrap();
    let status = process.wait("mtutrace to end", Duration::from_secs(20)).unwrap();
    assert!(start.elapsed() < wait::patient(AT_ONCE), "it took {:?}", start.elapsed());
    assert_eq!(status.code(), Some(130));
}

/// Both ends of a pseudoterminal: that of whoever looks at it, and that of the programs on it.
fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut outer, mut inner) = (-1, -1);
    // SAFETY: the two numbers may be written to; neither a name, nor settings, nor a size is asked for or given.
    let result = unsafe { libc::openpty(&raw mut outer, &raw mut inner, null_mut(), null(), null()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: openpty has just opened them, and nobody else knows of them.
    unsafe { (OwnedFd::from_raw_fd(outer), OwnedFd::from_raw_fd(inner)) }
}

/// Whatever is full, stderr too: an end that says what is wrong, and none from which a unit starts again for ever.
#[test]
fn a_full_disk_is_an_error_of_its_own() {
    if skip() {
        return;
    }
    for (format, both) in [("json", false), ("text", false), ("json", true)] {
        let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
        let mut command = Command::new(binary().unwrap());
        command.args(["run", "--duration", "2s", "-o", format]).stdin(Stdio::null()).stdout(full());
        if both {
            command.stderr(full());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{format}, {both}: {said}");
        assert!(both || said.contains("cannot write to stdout: No space left on device"), "{said}");
    }
}
