//! The guest's root: busybox, the laboratory's tools with their libraries, the tracer and the test programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::cpio::Archive;
use super::kernel::Kernel;
use super::modules;
use crate::exec;
use crate::packages::debian;
use crate::programs::Program;

/// What a guest runs besides its kernel.
pub(crate) struct Payload {
    busybox: PathBuf,
    /// (name in the guest's PATH, file here)
    tools: Vec<(String, PathBuf)>,
    /// (name of the test program, file here), without debug information.
    tests: Vec<(String, PathBuf)>,
}

impl Payload {
    /// Gathers it; `tracer` is the binary under test, `tests` and `helper` come from cargo.
    pub(crate) fn gather(cache: &Path, tracer: &Path, helper: &Path, tests: &[Program]) -> Result<Self> {
        let stripped = cache.join("stripped");
        fs::create_dir_all(&stripped)?;
        let mut tools = vec![("mtutrace".to_owned(), tracer.to_owned())];
        tools.push(("lab-traffic".to_owned(), strip(helper, &stripped.join("lab-traffic"))?));
        // timeout because busybox's prefers applets to the programs on PATH, and its setpriv knows no users.
        for name in ["ip", "tc", "nft", "setpriv", "prlimit", "timeout", "unshare"] {
            let found = exec::find(name).with_context(|| format!("no {name} on this machine"))?;
            tools.push((name.to_owned(), found));
        }
        let tests =
            tests.iter().map(|test| Ok((test.name.clone(), strip(&test.path, &stripped.join(&test.name))?)));
        Ok(Self { busybox: busybox(cache)?, tools, tests: tests.collect::<Result<_>>()? })
    }

    /// With tools that are wanted besides, those of them that this machine has.
    pub(crate) fn with_tools(mut self, names: &[&str]) -> Self {
        self.tools.extend(names.iter().filter_map(|name| Some(((*name).to_owned(), exec::find(name)?))));
        self
    }

    /// Names of the test programs.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().map(|(name, _)| name.as_str())
    }

    /// Writes the archive for one kernel; `job` is a script for the guest's shell.
    pub(crate) fn write(&self, kernel: &Kernel, environment: &str, job: &str, to: &Path) -> Result<()> {
        let mut archive = Archive::default();
        for dir in ["proc", "sys", "dev", "run", "tmp", "root", "etc", "sbin", "usr/bin", "usr/sbin"] {
            archive.directory(dir);
        }
        // Without it the first process has no stdout.
        archive.device("dev/console", 5, 1);
        // What asks who root is finds out.
        archive.file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\n");
        archive.file("init", 0o755, include_bytes!("init.sh"));
        archive.copy(&self.busybox, "bin/busybox")?;
        archive.link("bin/sh", "busybox");
        let mut libraries = BTreeSet::new();
        let programs = self.tools.iter().map(|(name, path)| (format!("tools/{name}"), path));
        let programs = programs.chain(self.tests.iter().map(|(name, path)| (format!("tests/{name}"), path)));
        for (name, path) in programs {
            archive.copy(path, &name)?;
            libraries.extend(needed(path)?);
        }
        for library in libraries {
            let name = library.to_str().context("a library's path is not UTF-8")?;
            archive.copy(&library, name)?;
        }
        let mut order = String::new();
        for (name, content) in modules::collect(&kernel.modules)? {
            archive.file(&format!("modules/{name}.ko"), 0o644, &content);
            order.push_str(&name);
            order.push('\n');
        }
        for kind in ["accuracy/faults", "accuracy/healthy"] {
            let dir = exec::root().join("tests").join(kind);
            for file in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
                let file = file?;
                let name = file.file_name();
                let name = name.to_str().context("the name of a case is not UTF-8")?;
                archive.copy(&file.path(), &format!("{kind}/{name}"))?;
            }
        }
        archive.file("modules/order", 0o644, order.as_bytes());
        archive.file("job/environment", 0o644, environment.as_bytes());
        archive.file("job/run", 0o644, job.as_bytes());
        fs::write(to, archive.finish()).with_context(|| to.display().to_string())
    }
}

/// A busybox that needs no libraries, out of this machine's own Debian package.
fn busybox(cache: &Path) -> Result<PathBuf> {
    let root = cache.join("busybox");
    let places = ["bin/busybox", "usr/bin/busybox"].map(|path| root.join(path));
    let found = || places.iter().find(|path| path.is_file()).cloned();
    if found().is_none() {
        let suite = debian::Suite::open(cache, "trixie", false)?;
        suite.unpack(&["busybox-static".to_owned()], &root)?;
    }
    found().context("the package busybox-static has no busybox")
}

/// A copy without debug information, which is nine tenths of a test program; made anew when the original is newer.
fn strip(from: &Path, to: &Path) -> Result<PathBuf> {
    let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if time(to) < time(from) || time(to).is_none() {
        if exec::installed("strip") {
            exec::succeed(Command::new("strip").arg("--strip-debug").arg("-o").arg(to).arg(from))?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(to.to_owned())
}

/// The shared libraries of a program and its loader, as the loader itself would find them.
fn needed(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("ldd")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(missing) = text.lines().find(|line| line.contains("not found")) {
        bail!("{}: {}", program.display(), missing.trim());
    }
    Ok(text
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect())
}
