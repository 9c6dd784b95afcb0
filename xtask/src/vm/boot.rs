//! One boot under software emulation: works everywhere, needs neither root nor /dev/kvm.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use mtutrace_tests::lab::place::die_with_parent;

use super::kernel::Kernel;
use crate::exec;
use crate::setup::qemu::Qemu;

/// Lines of the console that a failed boot shows.
const LAST_LINES: usize = 40;

/// Without cmpxchg16b: under emulation 6.12's allocator panics on it now and then. XSAVE stays: 7.3 panics where there is AVX
/// without it.
const CPU: &str = "max,-cx16";

/// How a guest's clock goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// As the host's does.
    Real,
    /// A nanosecond for each instruction that its CPU executes, and at once to the next timer where it has nothing to do.
    Instructions,
}

/// A guest that is killed with its guard.
struct Guest(Child);

impl Drop for Guest {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn command(qemu: &Qemu, kernel: &Kernel, initrd: &Path, clock: Clock, options: &str) -> Command {
    let mut command = qemu.command();
    match clock {
        Clock::Real => command.args(["-accel", "tcg,thread=multi", "-m", "1024"]),
        Clock::Instructions => command
            .args(["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"])
            .args(["-rtc", "clock=vm", "-m", "2048"]),
    };
    // One CPU each: two guests share two cores, and a guest's CPU that waits for its turn holds the other one up.
    command.args(["-cpu", CPU, "-smp", "1"]);
    command.args(["-no-reboot", "-nic", "none", "-display", "none", "-monitor", "none"]);
    command.arg("-kernel").arg(&kernel.image).arg("-initrd").arg(initrd);
    // On a busy machine too few ticks arrive while the kernel tests its timer, and it panics.
    // Nobody attacks a guest: thunks around indirect calls are a fifth of what it does. `mitigations=off` would do more,
    // also to the verifier, whose strictness is under test.
    let kernel_options = "console=ttyS0 panic=-1 no_timer_check spectre_v2=off quiet";
    command.args(["-append", &format!("{kernel_options} {options}")]);
    command
}

/// Boots, gives each line of the guest's second serial port to `line` as it comes, until the guest is off. The error
/// of a guest that panics or hangs (longer than `limit`) ends with its console's last lines.
pub(crate) fn run(
    qemu: &Qemu,
    kernel: &Kernel,
    initrd: &Path,
    (clock, step_back): (Clock, bool),
    limit: Duration,
    mut line: impl FnMut(&str),
) -> Result<()> {
    let console = initrd.with_extension("console");
    let mut command = command(qemu, kernel, initrd, clock, "");
    command.arg("-serial").arg(format!("file:{}", console.display())).args(["-serial", "stdio"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // A guest must not go on when nobody reads its results any more.
    die_with_parent(&mut command);
    if step_back {
        give_way(&mut command);
    }
    let mut guest = Guest(command.spawn().with_context(|| format!("cannot run {qemu}"))?);
    let mut pipe = guest.0.stdout.take().context("stdout is piped")?;
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if send.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let start = Instant::now();
    let mut rest = Vec::new();
    let hung = loop {
        match receive.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(bytes) => rest.extend(bytes),
            Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => break true,
        }
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let whole = rest.drain(..=end).collect::<Vec<_>>();
            line(String::from_utf8_lossy(&whole).trim_end());
        }
    };
    // Half a line is the test that was running.
    line(String::from_utf8_lossy(&rest).trim_end());
    drop(guest);
    let said = std::fs::read(&console).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    if hung {
        bail!("not done after {} s; the console's end:\n{}", limit.as_secs(), tail(&said));
    }
    if said.contains("Kernel panic") {
        bail!("the kernel panicked; the console's end:\n{}", tail(&said));
    }
    Ok(())
}

/// Lets a process have what all others leave of the processors, so that scenarios here keep their times.
fn give_way(command: &mut Command) {
    let give_way = || {
        let parameters = libc::sched_param { sched_priority: 0 };
        // SAFETY: the kernel only reads `parameters`, which outlive the call; 0 is the process itself. Where it is refused, the
        // guest runs like any process.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
        Ok(())
    };
    // SAFETY: the closure makes one system call, and allocates nothing.
    unsafe { command.pre_exec(give_way) };
}

fn tail(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// Boots into a shell on this terminal; Ctrl-A X ends QEMU.
pub(crate) fn shell(qemu: &Qemu, kernel: &Kernel, initrd: &Path) -> Result<u8> {
    let mut command = command(qemu, kernel, initrd, Clock::Real, "mtutrace.shell");
    let status = command.args(["-serial", "mon:stdio"]).status();
    Ok(exec::code(status.with_context(|| format!("cannot run {qemu}"))?))
}
