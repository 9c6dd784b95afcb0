//! Becoming root for what needs a laboratory, with everything built before.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use mtutrace_tests::lab::wait;
use mtutrace_tests::tools;

use crate::setup::{self, For};
use crate::{build, exec};

/// Sets up and builds what labs need, then runs this very command again as root, with `MTUTRACE_BIN` set: from there on
/// it returns at once.
pub(crate) fn with_the_binary() -> Result<()> {
    if std::env::var_os("MTUTRACE_BIN").is_some() {
        return Ok(());
    }
    setup::setup(For::Testing)?;
    let binary = build::release()?;
    exec::succeed(exec::cargo("build").args(["--package", "mtutrace-tests", "--bins"]))?;
    let mut again = exec::as_root("env");
    again.arg(format!("MTUTRACE_BIN={}", binary.display()));
    again.arg(format!("{}={}", tools::VARIABLE, exec::tools_dir().display()));
    let error = again.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot run {}", exec::line(&again)))
}

/// Ctrl-C and `kill` make every wait fail, and then the guards take the lab down.
pub(crate) fn clean_up_on_signals() {
    extern "C" fn stop(_signal: libc::c_int) {
        wait::interrupt();
    }
    let handler: extern "C" fn(libc::c_int) = stop;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler only stores to an atomic.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}
