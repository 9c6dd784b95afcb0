//! The live screen in a real terminal: every view of it, and the terminal as it was when it ends.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tmux::Tmux;
use mtutrace_tests::lab::tracer::binary;
use mtutrace_tests::lab::wait;
use test_files::Files;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(20);

/// Files of one test, gone with it.
mod test_files {
    use std::path::PathBuf;

    use mtutrace_tests::lab::name;

    pub(super) struct Files(PathBuf);

    impl Files {
        pub(super) fn new(test: &str) -> Self {
            let path = name::temporary(&format!("screen-{test}"));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(super) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _not_there = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The screen shows the whole node: each test has one of its own, and one runs at a time, because hooks of the kernel see
/// packets of all.
fn ran_alone(name: &str) -> bool {
    static NODE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = NODE.lock().unwrap_or_else(PoisonError::into_inner);
    alone::ran(name)
}

/// A shell in a terminal, in which mtutrace is started.
struct Session {
    terminal: Tmux,
    files: Files,
}

impl Session {
    fn new(test: &str, columns: u16, lines: u16) -> Self {
        let terminal = Tmux::start(columns, lines).unwrap();
        let session = Self { terminal, files: Files::new(test) };
        session.shell(&format!("stty -a > {}", session.file("before")));
        session
    }

    fn file(&self, name: &str) -> String {
        self.files.path(name).display().to_string()
    }

    /// Runs a line in the shell, and waits until the prompt is back.
    fn shell(&self, line: &str) {
        let done = self.files.path("done");
        self.terminal.type_line(&format!("{line}; touch {}", done.display())).unwrap();
        wait::until(line, SOON, || Ok(done.exists().then_some(()))).unwrap();
        std::fs::remove_file(done).unwrap();
    }

    /// Starts mtutrace; its process id is in a file, and later its exit code.
    fn start(&self, arguments: &str) {
        let (pid, code) = (self.file("pid"), self.file("code"));
        let program = binary().unwrap().display().to_string();
        let line =
            format!("clear; bash -c 'echo $$ > {pid}; exec {program} run {arguments}'; echo $? > {code}");
        self.terminal.type_line(&line).unwrap();
    }

    fn pid(&self) -> i32 {
        std::fs::read_to_string(self.files.path("pid")).unwrap().trim().parse().unwrap()
    }

    fn signal(&self, signal: i32) {
        // SAFETY: kill has no preconditions; the process is the one that this test started.
        assert_eq!(unsafe { libc::kill(self.pid(), signal) }, 0);
    }

    fn wait_for(&self, what: &str) -> String {
        self.terminal.wait_for(what, |screen| screen.contains(what)).unwrap()
    }

    /// The exit code of a run that has been told to end; the terminal is as it was before.
    fn end(&self) -> i32 {
        let path: PathBuf = self.files.path("code");
        let code = wait::until("mtutrace to end", SOON, || {
            Ok(std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()))
        });
        let code = code.unwrap();
        std::fs::remove_file(path).unwrap();
        self.assert_restored();
        code
    }

    fn assert_restored(&self) {
        assert!(!self.terminal.is_alternate().unwrap() && self.terminal.has_cursor().unwrap());
        self.shell(&format!("stty -a > {}", self.file("after")));
        let read = |name: &str| std::fs::read_to_string(self.files.path(name)).unwrap();
        assert_eq!(read("before"), read("after"), "stty");
    }
}

/// The colours that are set, as parameters of SGR: 30 to 37, 40 to 47, 90 to 97, and 38 and 48 with more after them.
fn colours(screen: &str) -> Vec<String> {
    let codes = screen.split("\x1b[").skip(1).filter_map(|code| code.split_once('m'));
    let numbers = codes.flat_map(|(code, _)| code.split(';')).map(str::to_owned);
    numbers.filter(|n| n.len() == 2 && ["3", "4", "9"].contains(&&n[..1]) && !n.ends_with('9')).collect()
}

/// Every view while the incident goes on, then the end by `q`.
fn every_view(columns: u16, lines: u16) {
    let session = Session::new("views", columns, lines);
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let terminal = &session.terminal;
    session.start("--exit-code");
    session.wait_for("standing mismatch: ");
    // The last line that is drawn.
    let screen = session.wait_for("q quit");
    assert!(!screen.contains("No MTU problem"), "{screen}");
    assert!(screen.contains("cost: nothing lost") && screen.contains("q quit"), "{screen}");
    assert!(terminal.is_alternate().unwrap());
    let _download = lab.download(BIG, STALLED).unwrap();

    let inner = &lab.inner.id[..12];
    session.wait_for("!! CRITICAL PMTU black hole");
    assert!(!colours(&terminal.coloured().unwrap()).is_empty(), "what is critical has a colour");
    let screen = terminal
        .wait_for("the inner container below its pod", |screen| {
            let line = |id: &str, twig: &str| {
                screen
                    .lines()
                    .position(|line| line.contains(id) && line.contains(twig) && !line.contains("MTU"))
            };
            let counted = screen.lines().any(|line| line.contains("history") && line.contains("drop"));
            counted && line(&lab.pod.id[..12], "").zip(line(inner, "└─")).is_some_and(|(o, i)| o < i)
        })
        .unwrap();
    let paste = format!("now      ip netns exec {}", lab.prefix());
    assert!(screen.contains(&paste), "what can be pasted: {screen}");

    terminal.press(&["Enter"]).unwrap();
    let story = session.wait_for("WRONG");
    for part in ["CRITICAL", "docker0", "vethinner", "1500", "LIMIT", "dockerd --mtu=1450"] {
        assert!(story.contains(part), "no {part}:\n{story}");
    }
    terminal.press(&["G"]).unwrap();
    session.wait_for("network namespace");
    terminal.press(&["Tab"]).unwrap();
    let figures = session.wait_for("Flows with the most events");
    for part in ["MTU 1450", "MTU 1500", "█", "192.0.2.10:80"] {
        assert!(figures.contains(part), "no {part}:\n{figures}");
    }
    terminal.press(&["Escape"]).unwrap();
    session.wait_for("Containers by severity");
    terminal.press(&["?"]).unwrap();
    session.wait_for("this help");
    terminal.press(&["?", "s", "p"]).unwrap();
    session.wait_for("PAUSED");
    session.wait_for("Containers by rate");
    terminal.press(&["p", "/", "n", "o", "b", "o", "d", "y", "Enter"]).unwrap();
    session.wait_for("nothing here");
    terminal.press(&["Escape"]).unwrap();
    session.wait_for("the host");
    terminal.press(&["C-l"]).unwrap();
    terminal.resize(39, 9).unwrap();
    session.wait_for("too small");
    terminal.resize(columns, lines).unwrap();
    session.wait_for("the host");

    terminal.press(&["q"]).unwrap();
    assert_eq!(session.end(), 1, "--exit-code, and a problem was found");
    let report = terminal.coloured().unwrap();
    for part in [
        "Still active (1):",
        "PMTU black hole",
        "docker0 1500",
        "now",
        "for good",
        "dockerd --mtu=1450",
        "Cost:",
    ] {
        assert!(report.contains(part), "no {part} in sight after the end:\n{report}");
    }
}

#[test]
fn every_view_at_80x24() {
    if !skip() && !ran_alone("every_view_at_80x24") {
        every_view(80, 24);
    }
}

#[test]
fn every_view_at_160x50() {
    if !skip() && !ran_alone("every_view_at_160x50") {
        every_view(160, 50);
    }
}

#[test]
fn the_terminal_is_restored_whatever_ends_or_stops_it() {
    if skip() || ran_alone("the_terminal_is_restored_whatever_ends_or_stops_it") {
        return;
    }
    let session = Session::new("signals", 80, 24);
    let terminal = &session.terminal;
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        session.start("");
        session.wait_for("No verdict so far");
        session.signal(signal);
        assert_eq!(session.end(), 0, "signal {signal}");
        session.wait_for("No verdict in");
    }
    session.start("");
    session.wait_for("No verdict so far");
    terminal.press(&["C-z"]).unwrap();
    session.wait_for("Stopped");
    session.assert_restored();
    // What is typed now is the shell's; the job comes back with its screen.
    terminal.type_line("fg").unwrap();
    session.wait_for("No verdict so far");
    assert!(terminal.is_alternate().unwrap());
    session.signal(libc::SIGTSTP);
    session.wait_for("Stopped");
    session.assert_restored();
    terminal.type_line("fg").unwrap();
    session.wait_for("No verdict so far");
    terminal.press(&["C-c"]).unwrap();
    wait::until("the screen to go", SOON, || Ok((!terminal.is_alternate()?).then_some(()))).unwrap();
    session.wait_for("No verdict in");
    session.assert_restored();
}

#[test]
fn no_escape_codes_where_nobody_wants_them() {
    if skip() || ran_alone("no_escape_codes_where_nobody_wants_them") {
        return;
    }
    let session = Session::new("plain", 80, 24);
    let program = binary().unwrap().display().to_string();
    let out = session.file("out");
    session.shell(&format!("{program} run --duration 1s 2> /dev/null | cat > {out}"));
    let piped = std::fs::read_to_string(&out).unwrap();
    assert!(piped.contains("No verdict in") && !piped.contains('\x1b'), "{piped:?}");
    session.shell(&format!("{program} run -o tui --duration 1s 2> {out} | cat; true"));
    let refused = std::fs::read_to_string(&out).unwrap();
    assert!(refused.contains("-o tui needs a terminal"), "{refused}");

    session.start("--duration 1s");
    assert_eq!(session.end(), 0);
    // Typed into a terminal, but one that knows no escape codes.
    session.shell(&format!("clear; TERM=dumb {program} run --duration 1s"));
    session.wait_for("No verdict in");

    session.shell("export NO_COLOR=1; clear");
    session.start("");
    session.wait_for("No verdict so far");
    let set = colours(&session.terminal.coloured().unwrap());
    assert!(set.is_empty(), "{set:?}");
    session.terminal.press(&["q"]).unwrap();
    assert_eq!(session.end(), 0);
}
