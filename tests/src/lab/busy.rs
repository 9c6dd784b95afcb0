//! A busy machine: containers of somebody else come and go, as fast as a continuous integration makes them.

use std::collections::VecDeque;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::cgroup::{Cgroup, random_id};
use super::netns::NetNs;
use super::place::Place;
use super::process::Process;
use super::wait;

/// From one start to the next: 20 a second.
const PACE: Duration = Duration::from_millis(50);
/// Containers that live at the same time: each for a second.
const ALIVE: usize = 20;

/// One of them, with a device in the namespace of whoever called, as Docker has it. In the order of the clean-up.
struct Stranger {
    _process: Process,
    _cgroup: Cgroup,
    _netns: NetNs,
}

impl Stranger {
    fn start(crowd: &str, number: u64) -> Result<Self> {
        let netns = NetNs::create(&format!("{crowd}-{number}"))?;
        // That one stays down: nothing of the machine is to talk.
        let port = format!("busy{}", number % 100_000);
        netns.ip(&format!(
            "link add eth0 type veth peer name {port} netns {}\n\
             address add 172.17.0.2/16 dev eth0\nlink set eth0 up",
            std::process::id()
        ))?;
        let cgroup = Cgroup::below(crowd, &format!("docker/{}", random_id()?))?;
        let mut sleep = Place::container(&netns, &cgroup).command("sleep")?;
        let process = Process::spawn(sleep.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null()))?;
        Ok(Self { _process: process, _cgroup: cgroup, _netns: netns })
    }
}

/// Starts and stops containers until `input` ends, or a signal says so; how many there were.
pub fn run(input: impl Read + Send + 'static) -> Result<u64> {
    let end = when_it_ends(input);
    // No name of theirs begins as ours do.
    let crowd = format!("busy-{:08x}", fastrand::u32(..));
    let (mut strangers, mut born) = (VecDeque::new(), 0);
    let mut next = Instant::now();
    while matches!(
        end.recv_timeout(next.saturating_duration_since(Instant::now())),
        Err(RecvTimeoutError::Timeout)
    ) && !wait::interrupted()
    {
        strangers.push_back(Stranger::start(&crowd, born)?);
        born += 1;
        if strangers.len() > ALIVE {
            strangers.pop_front();
        }
        // A machine that cannot keep up goes on as fast as it can.
        next = (next + PACE).max(Instant::now());
    }
    Ok(born)
}

/// Hangs up when there is no more to read.
fn when_it_ends(mut input: impl Read + Send + 'static) -> Receiver<()> {
    let (sender, end) = channel();
    std::thread::spawn(move || {
        while let Ok(1..) = input.read(&mut [0; 64]) {}
        drop(sender);
    });
    end
}
