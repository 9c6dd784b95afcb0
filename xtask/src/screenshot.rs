//! `cargo xtask screenshot`: the picture in README.md, of the real screen while the founding incident goes on.

use std::fs;
use std::time::Duration;

use anstyle_svg::{Term, WIN10_CONSOLE};
use anyhow::{Context, Result, ensure};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tmux::Tmux;
use mtutrace_tests::lab::tracer::binary;
use mtutrace_tests::lab::wait;

use crate::exec;

/// Columns and lines of the terminal; README.md shows it at the width of a page.
const SIZE: (u16, u16) = (100, 26);
const BYTES: usize = 300_000;
const STALLED: Duration = Duration::from_secs(30);
const FILE: &str = "docs/screen.svg";
/// The prompt of [`Tmux`], cleared before anything is drawn.
const PROGRAM: &str = "MTUTRACE";

/// Sets up, builds, becomes root, and writes the picture.
pub(crate) fn screenshot() -> Result<u8> {
    exec::become_root_with_the_binary()?;
    exec::clean_up_on_signals();
    let screen = incident_screen();
    if wait::interrupted() {
        eprintln!("\nInterrupted; nothing is left on this machine.");
        return Ok(130);
    }
    let path = exec::root().join(FILE);
    fs::write(&path, svg(&screen?)).with_context(|| path.display().to_string())?;
    println!("wrote {FILE}");
    Ok(0)
}

/// Builds the incident, stalls a download in it, and returns the screen with its escape codes.
fn incident_screen() -> Result<String> {
    let terminal = Tmux::start(SIZE.0, SIZE.1)?;
    let lab = Incident::build(IncidentSpec::default())?;
    let small = lab.download(1000, STALLED)?.finish()?;
    ensure!(small.complete, "even the small download failed");
    // The pod and what runs in it: other containers of this machine stay out of the picture. A variable keeps the
    // path of the binary out of it.
    let run =
        format!("clear; {PROGRAM}={}; exec ${PROGRAM} run --container {}", binary()?.display(), lab.pod.id);
    terminal.type_line(&run)?;
    terminal.wait_for("the screen", |screen| screen.contains("No MTU problem so far"))?;
    let mut download = lab.download(BYTES, STALLED)?;
    download.wait_for_stall()?;
    terminal.wait_for("the verdict", |screen| screen.contains("CRITICAL"))?;
    // Counters and their history take a few intervals.
    let history = |screen: &str| screen.lines().any(|line| line.contains("└─") && line.contains('█'));
    terminal.wait_for("history", history)?;
    std::thread::sleep(Duration::from_secs(4));
    let screen = terminal.coloured()?;
    terminal.press(&["q"])?;
    Ok(screen)
}

fn svg(screen: &str) -> String {
    let svg = Term::new().palette(WIN10_CONSOLE).render_svg(screen.trim_end());
    // Escape codes that mean nothing here leave spaces at the ends of lines.
    svg.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}
