//! Docker and containerd, for the scenarios that run them on a machine of their own inside this one.
//!
//! What is there already is used, whoever packaged it. The rest is unpacked below target/tools, where scenarios lay it over
//! their /usr: installed, Debian's packages would leave services running that were not there before.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use mtutrace_tests::runtimes::programs;

use crate::packages::apt;

/// Each program, and its package.
const PROGRAMS: [(&str, &str); 7] = [
    ("dockerd", "docker.io"),
    ("docker", "docker.io"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    (programs::CNI_BRIDGE, "containernetworking-plugins"),
];

/// Newer Debians package Docker's client by itself; older ones don't know the name.
const CLIENT: [&str; 2] = ["docker-cli", "docker.io"];

/// Unpacks what is missing into `tools`; says what is there then.
pub(crate) fn fetch(tools: &Path) -> Result<String> {
    let tree = tools.join(programs::FOLDER);
    let lacking = |tree: Option<&Path>| {
        let found = |program: &str| programs::find(program, tree).is_some();
        PROGRAMS.into_iter().filter(|(program, _)| !found(program)).collect::<Vec<_>>()
    };
    if lacking(None).is_empty() {
        return Ok("this machine's own".to_owned());
    }
    if !lacking(Some(&tree)).is_empty() {
        let mut packages = lacking(None).iter().map(|(_, package)| *package).collect::<Vec<_>>();
        if lacking(None).iter().any(|(program, _)| *program == "docker") {
            packages.extend(apt::first_known(&CLIENT));
        }
        packages.sort_unstable();
        packages.dedup();
        // An older one lacks something, or what the machine had is gone.
        if tree.exists() {
            fs::remove_dir_all(&tree).with_context(|| tree.display().to_string())?;
        }
        fs::create_dir_all(tools)?;
        apt::unpack(&packages, &tree)?;
        plain_names(&tree.join("usr/sbin"))?;
    }
    Ok(format!("in {}", tree.display()))
}

/// Installing links `iptables` to `iptables-nft` (update-alternatives); unpacking doesn't.
fn plain_names(sbin: &Path) -> Result<()> {
    for entry in fs::read_dir(sbin).with_context(|| sbin.display().to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let plain = name.replacen("-nft", "", 1);
        if name.contains("tables-nft") && !sbin.join(&plain).exists() {
            symlink(&name, sbin.join(&plain))?;
        }
    }
    Ok(())
}
