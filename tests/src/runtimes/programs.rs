//! Where the programs of the runtimes are: the machine's own, and those that `cargo xtask setup` unpacked because it has none.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools;

/// Where programs are looked for: Debian's packages before what somebody put beside them.
pub(super) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

/// The folder of the unpacked ones, in that of the tools: a tree with a `usr`.
pub const FOLDER: &str = "runtimes";

/// The plugin of CNI that pods need; it lies in a folder of its own, beside the others.
pub const CNI_BRIDGE: &str = "bridge";

/// Where distributions put the plugins of CNI, and where upstream does.
pub(super) const CNI: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];

/// What `cargo xtask setup` unpacked.
pub fn tree() -> Option<PathBuf> {
    Some(tools::folder().join(FOLDER)).filter(|tree| tree.join("usr").is_dir())
}

/// A program of the machine, else of `tree`.
pub fn find(program: &str, tree: Option<&Path>) -> Option<PathBuf> {
    let folders = match program {
        CNI_BRIDGE => CNI.to_vec(),
        _ => PATH.split(':').collect(),
    };
    let roots = std::iter::once(Path::new("/")).chain(tree);
    let files = roots.flat_map(|root| {
        let inside = folders.iter().filter_map(|folder| folder.strip_prefix('/'));
        inside.map(|folder| root.join(folder).join(program)).collect::<Vec<_>>()
    });
    { files }.find(|file| file.is_file())
}

/// A program of the machine, else of the unpacked ones, as it and what it starts find each other and their libraries
/// without a `/usr` of their own.
pub fn command(program: &str) -> Command {
    let Some(tree) = tree() else {
        let mut command = Command::new(program);
        command.env("PATH", PATH);
        return command;
    };
    let path = find(program, Some(&tree)).unwrap_or_else(|| program.into());
    let usr = tree.join("usr");
    let folders = ["sbin", "bin"].map(|folder| usr.join(folder).display().to_string());
    let mut command = Command::new(path);
    command.env("PATH", format!("{PATH}:{}", folders.join(":")));
    let libraries = usr.join("lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
    command.env("LD_LIBRARY_PATH", libraries);
    command
}
