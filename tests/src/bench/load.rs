//! Load between two namespaces, and what arrived.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context, Result};

use super::cpus;
use crate::lab::mib::Mib;
use crate::lab::netns::NetNs;
use crate::lab::place::Place;
use crate::lab::process::Process;
use crate::lab::traffic::{START, await_line, program, spawn};
use crate::lab::wait;

/// Where the sink listens, UDP and TCP.
const PORT: u16 = 5001;
/// UDP payload of a packet of 64 bytes at L3 (RFC 791, RFC 768).
const SMALL: u32 = 64 - 20 - 8;

/// Takes whatever comes to a namespace.
#[derive(Debug)]
pub(super) struct Sink {
    _process: Process,
    _lines: Receiver<String>,
}

impl Sink {
    pub(super) fn start(netns: &NetNs) -> Result<Self> {
        let mut command = Place::host(netns).command(program()?)?;
        command.args(["load-sink", "--listen", &format!("0.0.0.0:{PORT}"), "--cpu"]);
        let (process, lines) = spawn(command.arg(cpus::ends()?.1.to_string()))?;
        await_line(&lines, "the sink of the load", START, |line| line == "ready")?;
        Ok(Self { _process: process, _lines: lines })
    }
}

/// A sender, and the sink that it sends to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Where the sender runs.
    pub(super) from: Place<'a>,
    /// Where the [`Sink`] is.
    pub(super) to: &'a NetNs,
    /// Its address.
    pub(super) address: &'a str,
}

/// What a sender did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sent {
    /// Datagrams, or bytes.
    pub(super) count: u64,
    /// How long it took.
    pub(super) elapsed: Duration,
    /// CPU time that the path took on the sender's CPU, nanoseconds: the kernel runs it all the way to the receiver's queue in the
    /// sender's time, or in that of the CPU's ksoftirqd. Others who want the CPU meanwhile do not count.
    pub(super) cpu_ns: u64,
}

impl Sent {
    /// CPU time of the path for each, nanoseconds.
    pub(super) fn each_ns(&self) -> f64 {
        self.cpu_ns as f64 / self.count.max(1) as f64
    }

    /// How many in a second.
    pub(super) fn each_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// `sent N nanos N cpu N`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut number = |name: &str| (words.next()? == name).then(|| words.next()?.parse::<u64>().ok())?;
        let (count, nanos) = (number("sent")?, number("nanos")?);
        Some(Self { count, elapsed: Duration::from_nanos(nanos), cpu_ns: number("cpu")? })
    }
}

impl Line<'_> {
    /// Packets of 64 bytes, as fast as they go: those that arrive in a second, and what was sent.
    pub(super) fn packets(&self, length: Duration) -> Result<(f64, Sent)> {
        let before = Mib::read(self.to)?;
        let sent = self.send(&["load-udp"], PORT, length, &["--size", &SMALL.to_string()])?;
        let arrived = self.settled("UdpInDatagrams")? - before.get("UdpInDatagrams");
        Ok((arrived as f64 / sent.elapsed.as_secs_f64(), sent))
    }

    /// Bytes of one TCP connection, as fast as they go.
    pub(super) fn bytes(&self, length: Duration) -> Result<Sent> {
        self.send(&["load-tcp"], PORT, length, &[])
    }

    /// Datagrams of `size` bytes of payload with DF, whatever the kernel has learnt of the path, so many a second, to a port
    /// where nobody listens.
    pub(super) fn paced(&self, size: u32, rate: u64, length: Duration) -> Result<Sent> {
        const DISCARD: u16 = 9;
        let (size, rate) = (size.to_string(), rate.to_string());
        self.send(&["load-udp"], DISCARD, length, &["--size", &size, "--rate", &rate, "--probe"])
    }

    fn send(&self, what: &[&str], port: u16, length: Duration, options: &[&str]) -> Result<Sent> {
        let mut command = self.from.command(program()?)?;
        command.args(what).arg(format!("{}:{port}", self.address)).args(options);
        command.args(["--seconds", &length.as_secs_f64().to_string()]);
        let cpu = cpus::ends()?.0;
        let before = cpus::softirqs_ns(cpu);
        let (_process, lines) = spawn(command.args(["--cpu", &cpu.to_string()]))?;
        let line =
            await_line(&lines, "the end of the load", START + length * 2, |line| line.starts_with("sent "))?;
        let sent = Sent::parse(&line).context(line)?;
        Ok(Sent { cpu_ns: sent.cpu_ns + cpus::softirqs_ns(cpu).saturating_sub(before), ..sent })
    }

    /// A counter of the sink's namespace once it stands still: what is queued is read after the sender's end.
    fn settled(&self, counter: &str) -> Result<i64> {
        let mut last = None;
        wait::until("the sink to read what is queued", START, || {
            let now = Mib::read(self.to)?.get(counter);
            Ok((last.replace(now) == Some(now)).then_some(now))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_understood() {
        let sent = Sent { count: 12, elapsed: Duration::from_micros(3), cpu_ns: 24 };
        assert_eq!(Sent::parse("sent 12 nanos 3000 cpu 24"), Some(sent));
        assert_eq!((sent.each_ns(), Sent { count: 0, ..sent }.each_ns()), (2.0, 24.0));
        for wrong in ["sent 12", "sent 12 refused 0", "sent -1 nanos 3 cpu 4", "sent 1 nanos 3 cpu", ""] {
            assert_eq!(Sent::parse(wrong), None);
        }
    }
}
