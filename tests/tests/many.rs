//! Three hundred containers and one that is sick: it is on the first screen, whatever one looks at.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Output, Stdio};
use std::time::Instant;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::crowd::Crowd;
use mtutrace_tests::lab::tmux::Tmux;
use mtutrace_tests::lab::tracer::{Tracer, binary};

const CONTAINERS: usize = 300;
const SICK: usize = 227;
/// Lines of the smallest terminal that anybody has.
const SCREEN: usize = 24;

fn map(args: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("60").arg(binary().unwrap()).arg("map").args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(str::to_owned).collect()
}

/// The first line that has all of these words.
fn place(lines: &[String], words: &[&str]) -> usize {
    let has = |line: &String| words.iter().all(|word| line.contains(word));
    lines.iter().position(has).unwrap_or_else(|| panic!("no line with {words:?}: {lines:#?}"))
}

#[test]
fn the_sick_one_of_three_hundred_is_on_the_first_screen() {
    if skip() || alone::ran("the_sick_one_of_three_hundred_is_on_the_first_screen") {
        return;
    }
    let start = Instant::now();
    let crowd = Crowd::fitting(CONTAINERS).unwrap();
    crowd.widen(SICK).unwrap();
    eprintln!("{CONTAINERS} containers in {:?}", start.elapsed());
    let id = &crowd.pods[SICK].id[..12];
    let wrong = format!("eth0 {} (should be {})", Crowd::OWN_MTU, Crowd::WAY_MTU);

    let start = Instant::now();
    let output = map(&[]);
    let text = lines(&output.stdout);
    eprintln!("map: {} lines in {:?}\n{}", text.len(), start.elapsed(), text.join("\n"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(place(&text, &["WARNING", id, &wrong]), 0, "{text:#?}");
    assert!(text.len() <= SCREEN, "{text:#?}");
    place(&text, &["299 containers:  eth0 1450 > br0 1450"]);
    assert_eq!(
        place(&text, &["300 containers and 1 namespace without one, 1 mismatch: ", id]),
        text.len() - 1,
        "{text:#?}"
    );

    let problems = lines(&map(&["--problems"]).stdout);
    assert!(problems.len() < text.len() && place(&problems, &[id, &wrong]) == 0, "{problems:#?}");
    // Each container and what is the matter with it on one line, for grep.
    let all = lines(&map(&["--all"]).stdout);
    for (n, pod) in crowd.pods.iter().enumerate() {
        let mtu = if n == SICK { Crowd::OWN_MTU } else { Crowd::WAY_MTU };
        place(&all, &[&pod.id[..12], &format!("eth0 {mtu}")]);
    }

    // Nothing is sent, and a run says it all the same: at its start, and in its report.
    let end = Tracer::start_text(&["--duration", "1s", "--exit-code"]).unwrap().finish().unwrap();
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    assert!(place(&end.lines, &["WARNING standing mismatch", id]) < SCREEN, "{:#?}", end.lines);
    assert!(!end.lines.iter().any(|line| line.starts_with("No MTU problem")), "{:#?}", end.lines);
    let said = lines(end.stderr.as_bytes());
    assert!(place(&said, &["standing mismatch: ", id]) < SCREEN, "{said:#?}");

    let terminal = Tmux::start(100, SCREEN as u16).unwrap();
    terminal.type_line(&format!("exec {} run", binary().unwrap().display())).unwrap();
    let sick = |line: &str| line.contains("! ") && line.contains(id);
    let shown = |screen: &str| {
        screen.contains("standing mismatch") && screen.lines().filter(|line| sick(line)).count() >= 2
    };
    let screen = terminal.wait_for("the sick one in both panes", shown).unwrap();
    eprintln!("{screen}");
    terminal.press(&["q"]).unwrap();
}
