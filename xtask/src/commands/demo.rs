//! `cargo xtask demo`: the founding incident, traced, explained, fixed, cleaned up. No Docker.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mtutrace_tests::check::is_verdict;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::wait;

use crate::as_root;

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(30);
const VERDICT: &str = "pmtu_blackhole";

/// Sets up, builds, becomes root, and tells the story.
pub(crate) fn demo() -> Result<u8> {
    as_root::with_the_binary()?;
    as_root::clean_up_on_signals();
    let start = Instant::now();
    let told = story();
    if wait::interrupted() {
        eprintln!("\nInterrupted; nothing is left on this machine.");
        return Ok(130);
    }
    told?;
    println!("\nDone in {:.0} s; nothing is left on this machine.", start.elapsed().as_secs_f64());
    Ok(0)
}

fn say(text: &str) {
    println!("\n==> {text}");
}

fn story() -> Result<()> {
    say("A node, a pod behind MTU 1450, and in the pod a Docker whose bridge still says 1500");
    let lab = Incident::build(IncidentSpec::default())?;
    println!(
        "    server ── node (cni0, 1450) ── pod (eth0, 1450; docker0, 1500) ── docker build (eth0, 1500)"
    );
    println!("    pod container    {}", &lab.pod.id[..12]);
    println!("    build container  {}", &lab.inner.id[..12]);

    say("A small download in the build container works");
    let small = lab.download(1000, PATIENCE)?.finish()?;
    ensure!(small.complete, "even the small download failed");
    println!("    {} bytes arrived", small.bytes);

    say("mtutrace starts");
    // One tracer to be read by people, one whose lines tell this program how far the story is.
    let mut tracer = Tracer::start(&[])?;
    let mut screen = Screen::start()?;

    say("A large download in the build container stalls");
    let mut download = lab.download(BIG, PATIENCE)?;
    download.wait_for_stall()?;
    println!("    not one of {BIG} bytes arrives; the server repeats the same segment for ever");
    let about = |line: &serde_json::Value| is_verdict(line, VERDICT, &lab.inner.id);
    tracer.wait_for("verdict", PATIENCE, |line| about(line) && line["active"] == true)?;
    screen.wait_for(&lab.inner.id[..12])?;
    drop(download);

    say("The fix: the inner network gets the pod's MTU");
    lab.apply_fix()?;
    let fixed = lab.download(BIG, PATIENCE)?.finish()?;
    ensure!(fixed.complete, "the download still fails after the fix");
    println!("    a new download of {} bytes completes", fixed.bytes);
    tracer.wait_for("end of the verdict", PATIENCE, |line| about(line) && line["active"] == false)?;
    println!("    and the verdict is gone (\"active\": false)");

    say("Ctrl-C: mtutrace's final report");
    screen.stop()?;
    tracer.interrupt()?;
    Ok(())
}

/// `mtutrace run -o text`, its lines shown as they come.
struct Screen {
    process: Process,
    printer: Option<JoinHandle<()>>,
    seen: Arc<Mutex<String>>,
}

impl Screen {
    fn start() -> Result<Self> {
        let ready = std::env::temp_dir().join(format!("mtut-{}-demo-ready", std::process::id()));
        let result = Self::start_with(&ready);
        let _not_there_on_failure = std::fs::remove_file(&ready);
        result
    }

    fn start_with(ready: &Path) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(["run", "-o", "text", "--ready-file"]).arg(ready);
        // A group of its own: Ctrl-C is for the demo, which then ends its children in order.
        let mut process =
            Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0))?;
        let stdout = process.take_stdout().context("stdout is piped")?;
        let seen = Arc::new(Mutex::new(String::new()));
        let copy = Arc::clone(&seen);
        let printer = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("    │ {line}");
                copy.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
            }
        });
        let mut screen = Self { process, printer: Some(printer), seen };
        wait::until("mtutrace to attach", PATIENCE, || match screen.process.ended()? {
            Some(status) => bail!("mtutrace ended before it was ready: {status}"),
            None => Ok(ready.exists().then_some(())),
        })?;
        Ok(screen)
    }

    /// Waits until the text has named something.
    fn wait_for(&self, name: &str) -> Result<()> {
        wait::until("the text report", PATIENCE, || {
            Ok(self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(name).then_some(()))
        })
    }

    /// Ctrl-C, and everything that it still prints.
    fn stop(&mut self) -> Result<()> {
        self.process.signal(libc::SIGINT)?;
        self.process.wait("mtutrace to end", PATIENCE)?;
        if let Some(printer) = self.printer.take() {
            let _a_panic_there_is_shown = printer.join();
        }
        Ok(())
    }
}
