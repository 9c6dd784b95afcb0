//! Finds what can build the BPF object: a compiler with a `core` for BPF, and bpf-linker.
//!
//! Only std, because `mtutrace/build.rs` includes this file as well (`#[path]`).
#![allow(dead_code, reason = "xtask and build.rs each use a part")]

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target that the kernel's programs are compiled for.
pub(crate) const TARGET: &str = "bpfel-unknown-none";
/// The crate with the kernel's programs, and the name of the object that it becomes.
pub(crate) const CRATE: &str = "mtutrace-ebpf";
/// Overrides the search: the path of a rustc with a prebuilt `core` for BPF.
pub(crate) const OVERRIDE: &str = "MTUTRACE_BPF_RUSTC";

/// Where Debian's rustc-web lands; rustup's rustc usually stands before it on PATH.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";

/// What an outer cargo, rustup or clippy sets for its own compiler, and would disturb this one.
const DISTURBING: [&str; 15] = [
    "CARGO",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "TARGET",
    "__CARGO_FIX_PLZ",
];

/// A way to compile for BPF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BpfToolchain {
    /// A rustup nightly with rust-src, which builds `core` itself.
    Nightly {
        /// Its name, as in `rustup run NAME`.
        toolchain: String,
    },
    /// A compiler that comes with a `core` for BPF, such as Debian's rustc-web.
    Prebuilt {
        /// The compiler.
        rustc: PathBuf,
    },
}

impl std::fmt::Display for BpfToolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nightly { toolchain } => write!(f, "{toolchain} with rust-src"),
            Self::Prebuilt { rustc } => write!(f, "{} with a prebuilt core for BPF", rustc.display()),
        }
    }
}

/// The best toolchain that is installed: the override, else a nightly with rust-src, else a prebuilt core.
pub(crate) fn find() -> Option<BpfToolchain> {
    if let Some(rustc) = env::var_os(OVERRIDE) {
        return Some(BpfToolchain::Prebuilt { rustc: rustc.into() });
    }
    if let Some(toolchain) = nightlies().into_iter().find(|name| has_source(name)) {
        return Some(BpfToolchain::Nightly { toolchain });
    }
    let rustcs = std::iter::once(PathBuf::from(SYSTEM_RUSTC)).chain(on_path("rustc"));
    rustcs.into_iter().find(|rustc| has_prebuilt_core(rustc)).map(|rustc| BpfToolchain::Prebuilt { rustc })
}

/// The nightlies that rustup has, whether or not they have rust-src.
pub(crate) fn nightlies() -> Vec<String> {
    let list = output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| name.starts_with("nightly")).map(str::to_owned).collect()
}

fn has_source(toolchain: &str) -> bool {
    let sysroot = output(Command::new("rustup").args(["run", toolchain, "rustc", "--print", "sysroot"]));
    sysroot.is_some_and(|path| Path::new(path.trim()).join("lib/rustlib/src/rust/library/core").is_dir())
}

fn has_prebuilt_core(rustc: &Path) -> bool {
    let Some(dir) = output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET])) else {
        return false;
    };
    let Ok(entries) = std::fs::read_dir(dir.trim()) else { return false };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.into_iter().any(|name| name.starts_with("libcore-") && name.ends_with(".rlib"))
}

/// The target directory that a build script's OUT_DIR lies in: the one with our tools, else one that cargo tagged for
/// backup programs (it tags the folder of each `--target` inside as well).
pub(crate) fn target_dir(out_dir: &Path) -> Option<&Path> {
    let marks = ["tools/bin/bpf-linker", "CACHEDIR.TAG"];
    marks.iter().find_map(|mark| out_dir.ancestors().find(|dir| dir.join(mark).is_file()))
}

/// Flags that keep this machine's paths out of what is compiled, so that it is the same wherever it was built.
pub(crate) fn without_paths(root: &Path) -> Vec<OsString> {
    let home = |name: &str, folder: &str| {
        let home = || env::var_os("HOME").map(|home| Path::new(&home).join(folder));
        env::var_os(name).map(PathBuf::from).or_else(home)
    };
    let places = [
        (Some(root.to_owned()), "/mtutrace"),
        (home("CARGO_HOME", ".cargo"), "/cargo"),
        (home("RUSTUP_HOME", ".rustup"), "/rustup"),
    ];
    let flag = |(from, to): (Option<PathBuf>, &str)| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from?);
        flag.push("=");
        flag.push(to);
        Some(flag)
    };
    places.into_iter().filter_map(flag).collect()
}

/// bpf-linker: the project's own in `target_dir/tools`, else the one on PATH.
pub(crate) fn linker(target_dir: &Path) -> Option<PathBuf> {
    let own = target_dir.join("tools/bin/bpf-linker");
    std::iter::once(own).chain(on_path("bpf-linker")).find(|path| runs(path))
}

fn runs(program: &Path) -> bool {
    program.is_file() && output(Command::new(program).arg("--version")).is_some()
}

/// Every file of this name on PATH, in order.
pub(crate) fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|dir| dir.join(name)).filter(|file| file.is_file()).collect()
}

/// Stdout of a program that succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = clean(command).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(disturbs)) {
        command.env_remove(name);
    }
    command
}

/// Without link-time optimisation, for one, the verifier refuses the object.
fn disturbs(variable: &str) -> bool {
    DISTURBING.contains(&variable) || variable.starts_with("CARGO_PROFILE_")
}

impl BpfToolchain {
    /// The cargo command that builds the eBPF crate of `manifest_dir`, in release, below `target_dir`.
    pub(crate) fn command(&self, manifest_dir: &Path, target_dir: &Path, linker: &Path) -> Command {
        self.cargo("build", manifest_dir, target_dir, linker)
    }

    /// Where [`command`](Self::command) puts the object.
    pub(crate) fn object(target_dir: &Path) -> PathBuf {
        target_dir.join(TARGET).join("release").join(CRATE)
    }

    /// The command that lints the same crate with the same compiler; none without a clippy for it.
    pub(crate) fn clippy(&self, manifest_dir: &Path, target_dir: &Path, linker: &Path) -> Option<Command> {
        let mut command = match self {
            Self::Nightly { .. } => self.cargo("clippy", manifest_dir, target_dir, linker),
            Self::Prebuilt { rustc } => {
                // clippy-driver is bound to its compiler, so only the one beside that compiler will do.
                let driver = rustc.with_file_name("clippy-driver");
                if !driver.is_file() {
                    return None;
                }
                let mut command = self.cargo("check", manifest_dir, target_dir, linker);
                command.env("RUSTC_WORKSPACE_WRAPPER", driver);
                // How cargo-clippy hands its arguments to the driver; Debian's own cargo-clippy wants its own cargo.
                command.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
                return Some(command);
            }
        };
        command.args(["--", "-D", "warnings"]);
        Some(command)
    }

    fn cargo(&self, verb: &str, manifest_dir: &Path, target_dir: &Path, linker: &Path) -> Command {
        let mut command = match self {
            Self::Nightly { toolchain } => {
                let mut command = Command::new("rustup");
                clean(&mut command).args(["run", toolchain, "cargo", verb, "-Z", "build-std=core"]);
                command
            }
            Self::Prebuilt { rustc } => {
                let mut command = Command::new(clean_cargo());
                // The compiler is a stable one; aya-ebpf needs unstable features of the BPF target.
                clean(&mut command).arg(verb).env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
                command
            }
        };
        let mut link = OsString::from("-Cdebuginfo=2\u{1f}-Clinker=");
        link.push(linker);
        link.push("\u{1f}-Clink-arg=--btf");
        for flag in without_paths(manifest_dir.parent().unwrap_or(manifest_dir)) {
            link.push("\u{1f}");
            link.push(flag);
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", link);
        command.args(["--release", "--target", TARGET, "--target-dir"]).arg(target_dir);
        command.arg("--manifest-path").arg(manifest_dir.join("Cargo.toml"));
        command
    }
}

/// The cargo that is running us, else the one on PATH.
fn clean_cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::disturbs;

    #[test]
    fn what_an_outer_build_says_of_compilers_and_profiles_is_not_said_to_this_one() {
        for variable in
            ["RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_PROFILE_RELEASE_LTO", "CARGO_PROFILE_DEV_DEBUG"]
        {
            assert!(disturbs(variable), "{variable}");
        }
        for variable in ["PATH", "CARGO_HOME", "CARGO_NET_OFFLINE", "RUSTUP_HOME"] {
            assert!(!disturbs(variable), "{variable}");
        }
    }
}
