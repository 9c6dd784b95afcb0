//! Named network namespaces that remove themselves.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, bail};

/// `ip netns add` prepares /run/netns on its first call, and two first calls at once disturb each other.
static ADDING: Mutex<()> = Mutex::new(());

/// One network namespace, under /run/netns until it is dropped.
#[derive(Debug)]
pub struct NetNs {
    name: String,
}

impl NetNs {
    /// Makes an empty namespace with loopback up and IPv6 that doesn't keep anyone waiting.
    pub fn create(name: &str) -> Result<Self> {
        {
            let _one_at_a_time = ADDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            run(Command::new("ip").args(["netns", "add", name]), None)?;
        }
        let netns = Self { name: name.to_owned() };
        // Duplicate address detection would hold addresses back for a second; solicitations are only noise.
        netns.sysctl("net/ipv6/conf/all/accept_dad", "0")?;
        netns.sysctl("net/ipv6/conf/default/accept_dad", "0")?;
        netns.sysctl("net/ipv6/conf/default/router_solicitations", "0")?;
        netns.ip("link set lo up")?;
        Ok(netns)
    }

    /// Its name below /run/netns.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that stands for it.
    pub fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// Its inode number, which is how mtutrace names a namespace.
    pub fn inode(&self) -> Result<u64> {
        Ok(std::fs::metadata(self.path())?.ino())
    }

    /// Runs `ip` commands inside, one a line; the error carries what `ip` said.
    pub fn ip(&self, commands: &str) -> Result<String> {
        run(Command::new("ip").args(["-n", &self.name, "-batch", "-"]), Some(commands))
            .with_context(|| format!("in namespace {}:\n{commands}", self.name))
    }

    /// Loads an nftables script inside.
    pub fn nft(&self, script: &str) -> Result<()> {
        run(Command::new("ip").args(["netns", "exec", &self.name, "nft", "-f", "-"]), Some(script))
            .with_context(|| format!("in namespace {}:\n{script}", self.name))?;
        Ok(())
    }

    /// Packets that the only `counter` of its firewall has seen.
    pub fn nft_packets(&self) -> Result<i64> {
        let text =
            run(Command::new("ip").args(["netns", "exec", &self.name, "nft", "list", "ruleset"]), None)?;
        let mut words = text.split_whitespace().skip_while(|word| *word != "packets").skip(1);
        words.next().and_then(|packets| packets.parse().ok()).with_context(|| format!("no counter in {text}"))
    }

    /// Sets one value below /proc/sys, as seen from inside.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<()> {
        let path = format!("/proc/sys/{key}");
        self.enter(|| std::fs::write(&path, value))?
            .with_context(|| format!("{path} = {value} in namespace {}", self.name))
    }

    /// The MTU of one of its devices.
    pub fn mtu(&self, device: &str) -> Result<u32> {
        let text = self.ip(&format!("link show dev {device}"))?;
        let mut words = text.split_whitespace().skip_while(|word| *word != "mtu").skip(1);
        words.next().and_then(|mtu| mtu.parse().ok()).with_context(|| format!("no mtu in {text}"))
    }

    /// Calls `work` on a thread of its own that lives inside the namespace.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let file = File::open(self.path()).with_context(|| format!("no namespace {}", self.name))?;
        let inside = move || {
            // SAFETY: setns takes a descriptor that `file` keeps open and changes this thread alone.
            match unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) } {
                0 => Ok(work()),
                _ => Err(std::io::Error::last_os_error()),
            }
        };
        let result = std::thread::scope(|scope| scope.spawn(inside).join());
        Ok(result.map_err(|_| anyhow!("panic inside namespace {}", self.name))??)
    }
}

impl Drop for NetNs {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("ip").args(["netns", "del", &self.name]), None) {
            eprintln!("lab: {error:#}");
        }
    }
}

/// Runs a command to its end and returns its stdout; the error holds its stderr.
pub(crate) fn run(command: &mut Command, input: Option<&str>) -> Result<String> {
    let line = format!("{command:?}");
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {line}"))?;
    if let (Some(text), Some(mut pipe)) = (input, child.stdin.take()) {
        // A child that refuses early closes the pipe; its stderr says more than our EPIPE would.
        let _ = pipe.write_all(text.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{line}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
