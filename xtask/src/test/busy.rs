//! A busy machine beside the tests: this program again, as root.

use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use mtutrace_tests::lab::busy;

use crate::{as_root, exec};

/// `cargo xtask busy`: what [`Busy`] starts.
pub(crate) fn busy() -> Result<u8> {
    as_root::clean_up_on_signals();
    let born = busy::run(std::io::stdin())?;
    println!("\nbeside the tests {born} containers of somebody else came and went");
    Ok(0)
}

/// Containers that come and go until it is dropped.
pub(super) struct Busy(Child);

impl Busy {
    pub(super) fn start() -> Result<Self> {
        let mut command = exec::as_root(std::env::current_exe()?);
        let child = command.arg("busy").stdin(Stdio::piped()).spawn();
        Ok(Self(child.with_context(|| format!("cannot run {}", exec::line(&command)))?))
    }

    /// An error if it has ended before its time: then the machine was not busy.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.0.try_wait()? {
            Some(status) => anyhow::bail!("the busy machine ended by itself: {status}"),
            None => Ok(()),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // The end of its input is its sign, and it takes the time that it needs to clean up.
        drop(self.0.stdin.take());
        let _its_own_words_say_why = self.0.wait();
    }
}
