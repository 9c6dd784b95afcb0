//! A real tcpdump inside a namespace, and the file that it writes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use super::name;
use super::netns::NetNs;
use super::place::Place;
use super::process::Process;
use super::traffic::START;

/// A running capture; its file is removed when it is dropped.
#[derive(Debug)]
pub struct Tcpdump {
    process: Process,
    path: PathBuf,
}

impl Tcpdump {
    /// Starts one at a device (`any`: all of them) and waits until it listens. `role` tells its file from others.
    pub fn start(netns: &NetNs, device: &str, role: &str) -> Result<Self> {
        let path = name::temporary(&format!("{role}.pcap"));
        let mut command = Place::host(netns).command("tcpdump")?;
        // Each packet is in the file at once, and the file stays root's.
        command.args(["-i", device, "-U", "--immediate-mode", "-n", "-Z", "root", "-w"]).arg(&path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command)?;
        let mut said = BufReader::new(process.take_stderr().context("stderr is piped")?);
        loop {
            let mut line = String::new();
            ensure!(said.read_line(&mut line)? > 0, "tcpdump ended before it listened on {device}");
            if line.contains("listening on") {
                break;
            }
        }
        // What it says at its end must find a reader.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Ok(Self { process, path })
    }

    /// The file, which may grow.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the capture, as Ctrl-C does: the file is whole then.
    pub fn stop(&mut self) -> Result<()> {
        self.process.signal(libc::SIGINT)?;
        let status = self.process.wait("tcpdump", START)?;
        if !status.success() {
            bail!("tcpdump ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Tcpdump {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _already_gone = std::fs::remove_file(&self.path);
    }
}
