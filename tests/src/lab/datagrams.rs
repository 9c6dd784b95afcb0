//! Datagrams and lone fragments, sent by `lab-traffic` inside the namespaces.

use anyhow::{Context, Result};

use super::place::Place;
use super::traffic::{START, await_line, program, spawn};

/// What a sender does about the path's MTU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// DF, and the kernel refuses what is larger than it knows the path to be (`IP_PMTUDISC_DO`).
    Df,
    /// DF, and only the device's own MTU counts: every packet is really sent (`IP_PMTUDISC_PROBE`).
    Probe,
    /// May be fragmented (`IP_PMTUDISC_DONT`).
    Fragment,
}

/// What became of the calls of `sendto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Those that the kernel took.
    pub sent: u64,
    /// Those that it refused with `EMSGSIZE`.
    pub refused: u64,
}

/// Sends `count` UDP datagrams of `size` bytes of payload.
pub fn udp_send(place: Place<'_>, to: &str, size: u32, count: u64, discovery: Discovery) -> Result<Sent> {
    let option = match discovery {
        Discovery::Df => Some("--df"),
        Discovery::Probe => Some("--probe"),
        Discovery::Fragment => None,
    };
    send(place, "udp-send", to, size, count, option)
}

/// Sends `count` first fragments of `size` bytes behind the IP header, whose rest never comes.
pub fn first_fragments(place: Place<'_>, to: &str, size: u32, count: u64) -> Result<Sent> {
    send(place, "first-fragments", to, size, count, None)
}

fn send(place: Place<'_>, what: &str, to: &str, size: u32, count: u64, option: Option<&str>) -> Result<Sent> {
    let mut command = place.command(program()?)?;
    command.args([what, to, "--size", &size.to_string(), "--count", &count.to_string()]).args(option);
    let (_process, lines) = spawn(&mut command)?;
    let line = await_line(&lines, what, START, |line| line.starts_with("sent "))?;
    let number = |at| line.split(' ').nth(at).and_then(|word| word.parse().ok()).context(line.clone());
    Ok(Sent { sent: number(1)?, refused: number(3)? })
}
