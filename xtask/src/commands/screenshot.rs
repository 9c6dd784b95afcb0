//! `cargo xtask screenshot`: the pictures in README.md, of the real screen while the founding incident goes on.

use std::fs;
use std::time::Duration;

use anstyle_svg::{Term, WIN10_CONSOLE};
use anyhow::{Context, Result, ensure};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tmux::Tmux;
use mtutrace_tests::lab::tracer::binary;
use mtutrace_tests::lab::wait;

use crate::{as_root, exec};

/// Columns of the terminal; README.md shows it at the width of a page.
const COLUMNS: u16 = 100;
const BYTES: usize = 300_000;
/// How many downloads stall, one after the other: a history needs more than one moment.
const DOWNLOADS: usize = 3;
const STALLED: Duration = Duration::from_secs(30);

/// One view of the screen.
struct Picture {
    file: &'static str,
    lines: u16,
    /// What is pressed to get there, as tmux names keys.
    keys: &'static [&'static str],
    /// What is on the screen then.
    shows: &'static str,
}

const PICTURES: [Picture; 2] = [
    Picture { file: "docs/screen.svg", lines: 16, keys: &[], shows: "CRITICAL" },
    Picture { file: "docs/details.svg", lines: 40, keys: &["Enter"], shows: "WRONG" },
];

/// Sets up, builds, becomes root, and writes the pictures.
pub(crate) fn screenshot() -> Result<u8> {
    as_root::with_the_binary()?;
    as_root::clean_up_on_signals();
    let screens = incident_screens();
    if wait::interrupted() {
        eprintln!("\nInterrupted; nothing is left on this machine.");
        return Ok(130);
    }
    for (picture, screen) in PICTURES.iter().zip(screens?) {
        let path = exec::root().join(picture.file);
        fs::write(&path, svg(&screen)).with_context(|| path.display().to_string())?;
        println!("wrote {}", picture.file);
    }
    Ok(0)
}

/// Builds the incident, stalls downloads in it, and returns what each picture shows, with its escape codes.
fn incident_screens() -> Result<Vec<String>> {
    let terminal = Tmux::start(COLUMNS, PICTURES[0].lines)?;
    let lab = Incident::build(IncidentSpec::default())?;
    let small = lab.download(1000, STALLED)?.finish()?;
    ensure!(small.complete, "even the small download failed");
    // The pod and what runs in it: other containers of this machine stay out of the pictures.
    terminal.type_line(&format!("exec {} run --container {}", binary()?.display(), lab.pod.id))?;
    terminal.wait_for("the screen", |screen| screen.contains("standing mismatch"))?;
    let mut stalled = Vec::new();
    for _ in 0..DOWNLOADS {
        let mut download = lab.download(BYTES, STALLED)?;
        download.wait_for_stall()?;
        stalled.push(download);
    }
    terminal.wait_for("the verdict", |screen| screen.contains("CRITICAL"))?;
    let mut screens = Vec::new();
    for picture in &PICTURES {
        terminal.resize(COLUMNS, picture.lines)?;
        terminal.press(picture.keys)?;
        terminal.wait_for(picture.shows, |screen| {
            screen.contains(picture.shows) && screen.lines().count() == usize::from(picture.lines)
        })?;
        // The figures of an interval, and their history.
        std::thread::sleep(Duration::from_secs(3));
        screens.push(terminal.coloured()?);
    }
    terminal.press(&["q"])?;
    Ok(screens)
}

fn svg(screen: &str) -> String {
    let svg = Term::new().palette(WIN10_CONSOLE).render_svg(screen.trim_end());
    // The renderer ends lines with spaces.
    svg.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}
