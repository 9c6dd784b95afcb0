//! A container of the lab: a namespace, a cgroup named after an id, and a process that holds both.

use std::process::{Command, Stdio};

use anyhow::Result;

use super::cgroup::{Cgroup, random_id};
use super::netns::NetNs;
use super::place::Place;
use super::process::Process;

/// One container. The order of the fields is the order of the clean-up.
#[derive(Debug)]
pub struct Container {
    holder: Process,
    cgroup: Cgroup,
    /// Its network namespace.
    pub netns: NetNs,
    /// Its id, 64 hex digits.
    pub id: String,
    /// Its address.
    pub address: String,
}

impl Container {
    /// Starts the holder process in `cgroup_path` and `netns`.
    pub(crate) fn start(netns: NetNs, cgroup_path: &str, id: String, address: String) -> Result<Self> {
        let cgroup = Cgroup::create(cgroup_path)?;
        let mut sleep = Place::container(&netns, &cgroup).command("sleep")?;
        let holder = Process::spawn(sleep.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null()))?;
        Ok(Self { holder, cgroup, netns, id, address })
    }

    /// Where its processes run.
    pub fn place(&self) -> Place<'_> {
        Place::container(&self.netns, &self.cgroup)
    }

    /// A command that will run inside.
    pub fn command(&self, program: &str) -> Result<Command> {
        self.place().command(program)
    }

    /// Its cgroup.
    pub fn cgroup(&self) -> &Cgroup {
        &self.cgroup
    }

    /// The process id of its first process.
    pub fn pid(&self) -> u32 {
        self.holder.pid()
    }
}

/// A container of Docker's in that namespace, with a new id.
pub(crate) fn docker(netns: NetNs, address: &str) -> Result<Container> {
    let id = random_id()?;
    Container::start(netns, &format!("docker/{id}"), id, address.to_owned())
}
