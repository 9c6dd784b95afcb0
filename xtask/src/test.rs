//! `cargo xtask test`: unit tests of the workspace, then the scenarios on this kernel.

use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::{self, For};
use crate::{build, exec};

/// Two scenarios at a time: each is a node of its own, and more of them would wait for each other's packets.
const AT_A_TIME: &str = "--test-threads=2";

/// Runs every test that `args` selects; the exit code is that of the first cargo test that fails.
/// With `vm`, the scenarios run on the kernels of the matrix, too.
pub(crate) fn test(vm: bool, args: &[String]) -> Result<u8> {
    setup::setup(For::Testing)?;
    let binary = build::release()?;
    let mut units = exec::cargo("test");
    units.args(["--workspace", "--exclude", "mtutrace-tests", "--lib", "--bins", "--"]).args(args);
    let first = finish(&mut units)?;
    println!("scenarios, with {}", binary.display());
    let mut scenarios = exec::cargo("test");
    // Debug builds of the lab are quick to build, and speed is not what it measures.
    scenarios.args(["--package", "mtutrace-tests", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    as_root_runner(&mut scenarios);
    // What a scenario waited for in vain says more than where in the lab it waited.
    scenarios.env("RUST_BACKTRACE", "0");
    let second = finish(scenarios.env("MTUTRACE_BIN", &binary).args(["--", AT_A_TIME]).args(args))?;
    let third = if vm {
        crate::vm::test_binary(&binary, &crate::vm::MATRIX.map(str::to_owned), crate::vm::LIMIT, args)?
    } else {
        0
    };
    Ok([first, second, third].into_iter().find(|code| *code != 0).unwrap_or(0))
}

/// Lets cargo build as the user but start the test programs as root.
fn as_root_runner(cargo: &mut Command) {
    if !exec::is_root() {
        let runner = "sudo --preserve-env=MTUTRACE_BIN,CI,RUST_BACKTRACE";
        let arch = std::env::consts::ARCH.to_uppercase();
        cargo.env(format!("CARGO_TARGET_{arch}_UNKNOWN_LINUX_GNU_RUNNER"), runner);
    }
}

fn finish(command: &mut Command) -> Result<u8> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    Ok(exec::code(status))
}
