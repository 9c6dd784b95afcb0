//! Builds the BPF object and puts it where the library embeds it from.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[path = "../xtask/src/toolchain.rs"]
mod toolchain;

use toolchain::BpfToolchain;

fn main() -> Result<(), String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = here.parent().ok_or("the crate has no workspace")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    for watched in [
        "mtutrace-ebpf/src",
        "mtutrace-ebpf/Cargo.toml",
        "mtutrace-ebpf/Cargo.lock",
        "mtutrace-common",
        "xtask/src/toolchain.rs",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo::rerun-if-env-changed={}", toolchain::OVERRIDE);
    println!("cargo::rerun-if-env-changed=PATH");
    let target = toolchain::target_dir(&out).unwrap_or(&out);
    let hint = "`cargo xtask setup` installs what is missing";
    let compiler = toolchain::find().ok_or(format!("no compiler with a core library for BPF; {hint}"))?;
    let linker = toolchain::linker(target).ok_or(format!("no bpf-linker; {hint}"))?;
    let object = build(&compiler, &root.join("mtutrace-ebpf"), &target.join("bpf"), &linker)?;
    fs::copy(&object, out.join("mtutrace-ebpf")).map_err(|e| format!("{}: {e}", object.display()))?;
    about_this_build();
    Ok(())
}

/// For `--version`. No time, and the commit of releases alone: each commit would build everything anew.
fn about_this_build() {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let profile = variable("PROFILE");
    println!("cargo::rustc-env=MTUTRACE_BUILD_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=MTUTRACE_BUILD_PROFILE={profile}");
    println!("cargo::rustc-env=MTUTRACE_BUILD_COMPILER={}", output(&variable("RUSTC"), &["--version"]));
    if profile == "release" {
        let commit = output("git", &["describe", "--always", "--dirty", "--abbrev=12", "--match=v*"]);
        println!("cargo::rustc-env=MTUTRACE_BUILD_COMMIT={commit}");
        let head = output("git", &["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"]);
        if Path::new(&head).is_file() {
            println!("cargo::rerun-if-changed={head}");
        }
    }
}

/// The first line; empty where there is no such program, or it fails (no .git: a tarball).
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

fn build(compiler: &BpfToolchain, manifest: &Path, target: &Path, linker: &Path) -> Result<PathBuf, String> {
    let status = compiler
        .command(manifest, target, linker)
        .status()
        .map_err(|e| format!("{compiler} could not be started: {e}"))?;
    if status.success() {
        Ok(BpfToolchain::object(target))
    } else {
        Err(format!("the BPF object could not be built with {compiler}; the compiler's words stand above"))
    }
}
