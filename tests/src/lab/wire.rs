//! A stretch of network in user space between two namespaces, by `lab-traffic wire`.

use std::process::Command;

use anyhow::Result;

use super::netns::NetNs;
use super::process::Process;
use super::traffic::{START, await_line, program, spawn};

/// Who says "too big" on a wire, in both families.
pub const ROUTER: &str = "192.0.2.254,2001:db8:fe::fe";

/// A running wire; its devices vanish with it.
#[derive(Debug)]
pub struct Wire {
    _process: Process,
}

/// One end: a namespace and the name of the device that is made there.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The namespace.
    pub netns: &'a NetNs,
    /// The device.
    pub device: &'a str,
}

impl Wire {
    /// Makes both devices and carries what they send; `options` are those of `lab-traffic wire`.
    pub fn start(kind: &str, a: End<'_>, b: End<'_>, options: &[String]) -> Result<Self> {
        let mut command = Command::new(program()?);
        let end = |end: End<'_>| format!("{}:{}", end.netns.path().display(), end.device);
        command.args(["wire", "--kind", kind, "--a", &end(a), "--b", &end(b), "--router", ROUTER]);
        super::place::die_with_parent(command.args(options));
        let (process, lines) = spawn(&mut command)?;
        await_line(&lines, "the wire", START, |line| line == "ready")?;
        Ok(Self { _process: process })
    }
}
