//! Running programs: with progress, with root, with an exit code to pass on.

use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::toolchain::on_path;

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The target directory that cargo uses for the workspace.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where setup puts programs that are not installed: to build and to test with.
pub(crate) fn tools_dir() -> PathBuf {
    target_dir().join("tools")
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// A command that runs as root: itself, or behind sudo.
pub(crate) fn as_root(program: impl AsRef<OsStr>) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

/// cargo, in the workspace; the one that runs us, so that the toolchain is the user's.
pub(crate) fn cargo(verb: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(verb).current_dir(root());
    command
}

/// `cargo install` of one version of a package below `root`. Built for one use a day, or for a linker whose work LLVM does:
/// half the time to build counts for more than a second to run.
pub(crate) fn install(package: &str, version: &str, root: &Path) -> Command {
    let mut install = cargo("install");
    install.args([package, "--version", version, "--locked", "--root"]).arg(root);
    for (setting, value) in [("OPT_LEVEL", "0"), ("DEBUG", "false"), ("LTO", "off"), ("CODEGEN_UNITS", "256")]
    {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    // Its own target directory goes away afterwards; ours would keep hundreds of crates that nothing else uses.
    install.env_remove("CARGO_TARGET_DIR");
    install
}

/// Runs to the end with our own output; anything but success is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", line(command)))?;
    if status.success() { Ok(()) } else { bail!("{}: {status}", line(command)) }
}

/// Program and arguments, without the environment that Debug adds.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The exit code as a shell would give it.
pub(crate) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Runs something long: its own output on a terminal, else a line of elapsed seconds now and then, and what it
/// said only when it fails. Stopped after `limit`.
pub(crate) fn with_progress(command: &mut Command, limit: Duration) -> Result<()> {
    let start = Instant::now();
    let streams = std::io::stdout().is_terminal();
    let log = std::env::temp_dir().join(format!("mtutrace-xtask-{}.log", std::process::id()));
    if !streams {
        let file = std::fs::File::create(&log).with_context(|| log.display().to_string())?;
        command.stderr(file.try_clone()?).stdout(file);
    }
    let mut child =
        command.stdin(Stdio::inherit()).spawn().with_context(|| format!("cannot run {}", line(command)))?;
    let mut next = Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        if !streams && start.elapsed() > next {
            println!("    … {} s", start.elapsed().as_secs());
            std::io::stdout().flush()?;
            next += Duration::from_secs(10);
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = std::fs::read_to_string(&log).unwrap_or_default();
    let _only_without_a_terminal = std::fs::remove_file(&log);
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("{}: {status}\n{}", line(command), tail(&said)),
        None => bail!("{}: stopped after {limit:?}\n{}", line(command), tail(&said)),
    }
}

fn tail(text: &str) -> String {
    let lines = text.lines().collect::<Vec<_>>();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// What a program says, if it can be run at all.
pub(crate) fn output(program: &str, args: &[&str]) -> Option<Output> {
    Command::new(program).args(args).stdin(Stdio::null()).output().ok()
}

/// A program on PATH, or in the places that PATH of a plain user leaves out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let hidden = ["/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join(program));
    on_path(program).into_iter().chain(hidden).find(|path| path.is_file())
}

/// Whether [`find`] finds a program.
pub(crate) fn installed(program: &str) -> bool {
    find(program).is_some()
}
