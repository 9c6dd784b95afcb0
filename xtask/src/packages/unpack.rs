//! Debian packages as plain files: downloaded and unpacked below a folder, not installed. Nothing of the machine changes,
//! no package of its own stands in the way, and no service starts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::exec;

const LIMIT: Duration = Duration::from_secs(900);
/// Packages put files into these as well; as on an installed system they lie below usr/.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Downloads `packages` with `apt_get` (which says whose they are) and unpacks them into `into`, which exists only when
/// everything went well.
pub(crate) fn unpack(apt_get: Command, packages: &[String], into: &Path) -> Result<()> {
    let work = into.with_extension(format!("partial-{}", std::process::id()));
    let tree = work.join("tree");
    let result = fill(apt_get, packages, &work, &tree).and_then(|()| {
        if !into.exists() {
            fs::rename(&tree, into).with_context(|| into.display().to_string())?;
        }
        Ok(())
    });
    fs::remove_dir_all(&work)?;
    result
}

fn fill(mut apt_get: Command, packages: &[String], work: &Path, tree: &Path) -> Result<()> {
    fs::create_dir_all(tree.join("usr"))?;
    for dir in MERGED {
        fs::create_dir(tree.join("usr").join(dir))?;
        symlink(format!("usr/{dir}"), tree.join(dir))?;
    }
    exec::with_progress(apt_get.args(["download", "-q"]).args(packages).current_dir(work), LIMIT)?;
    let files = fs::read_dir(work)?.flatten().map(|entry| entry.path());
    for deb in files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")) {
        extract(&deb, tree).with_context(|| deb.display().to_string())?;
    }
    Ok(())
}

/// `dpkg -x`, which would put a folder in the place of a link to one.
fn extract(deb: &Path, tree: &Path) -> Result<()> {
    let mut packed = Command::new("dpkg-deb");
    let mut packed =
        packed.arg("--fsys-tarfile").arg(deb).stdout(Stdio::piped()).spawn().context("dpkg-deb")?;
    let files = packed.stdout.take().context("stdout is piped")?;
    let mut tar = Command::new("tar");
    let unpacked = tar.args(["-x", "--keep-directory-symlink", "-C"]).arg(tree).stdin(files).status();
    let status = packed.wait()?;
    ensure!(status.success() && unpacked.context("tar")?.success(), "it cannot be unpacked ({status})");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package with one file, built by hand, and an "apt-get" that only copies it.
    fn copier(dir: &Path) -> Option<Command> {
        let root = dir.join("package");
        fs::create_dir_all(root.join("DEBIAN")).unwrap();
        fs::create_dir_all(root.join("sbin")).unwrap();
        fs::write(root.join("sbin/tool"), "x").unwrap();
        let control =
            "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n";
        fs::write(root.join("DEBIAN/control"), control).unwrap();
        let deb = dir.join("tool.deb");
        let built = exec::output("dpkg-deb", &["--build", root.to_str()?, deb.to_str()?])?;
        let mut command = Command::new("sh");
        command.args(["-c", "cp \"$0\" ."]).arg(&deb);
        built.status.success().then_some(command)
    }

    #[test]
    fn files_lie_below_usr_and_a_failure_leaves_nothing() {
        let dir = std::env::temp_dir().join(format!("mtutrace-unpack-{}", std::process::id()));
        let Some(command) = copier(&dir) else { return };
        let into = dir.join("cache").join("tool");
        unpack(command, &["tool".to_owned()], &into).unwrap();
        assert_eq!(fs::read(into.join("usr/sbin/tool")).unwrap(), b"x");
        assert!(unpack(Command::new("false"), &[], &dir.join("cache/no")).is_err());
        let left = fs::read_dir(dir.join("cache")).unwrap().flatten().map(|entry| entry.file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["tool"]);
        fs::remove_dir_all(&dir).unwrap();
    }
}
