//! The package and the tarball in a Debian that has nothing but its essential packages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::step::{cache, succeeds};
use crate::dist::made::Made;
use crate::exec;
use crate::packages::{apt, debian::Mirror};

const SUITE: &str = "bookworm";
const LIMIT: Duration = Duration::from_secs(900);

/// Runs in a mount namespace of its own, which takes every mount with it when it ends. `$1`: the tree, `$2`: what is to be
/// installed; the script that follows runs inside, on a layer above the tree that is never written down.
const ENTER: &str = r#"
set -eu
work=$(mktemp -d)
trap 'umount -R "$work" && rmdir "$work"' EXIT
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/upper,workdir=$work/work" "$work/root"
mount --rbind /proc "$work/root/proc"
mount --rbind /sys "$work/root/sys"
cp "$2" "$work/root/tmp/"
chroot "$work/root" /bin/sh -euxc "$3"
"#;

/// Commands that must work once it is installed. `map` may find a mismatch of this machine: that is 1.
const WORKS: &str = r#"
mtutrace --version
mtutrace doctor
mtutrace map || test $? = 1
mtutrace run --duration 2s -o json >/tmp/lines
grep -q '"kind":"status"' /tmp/lines
"#;

/// Installs and runs both.
pub(super) fn check(what: &Made) -> Result<()> {
    let tree = tree()?;
    let deb = format!(
        "dpkg -i /tmp/*.deb
         dpkg --verify mtutrace
         dpkg -s mtutrace | grep -q '^Version: {}$'
         {WORKS}
         for file in man/man1/mtutrace-run.1.gz bash-completion/completions/mtutrace doc/mtutrace/copyright doc/mtutrace/docs/INSTALL.md
         do dpkg -S /usr/share/$file; done
         test -f /usr/lib/systemd/system/mtutrace.service
         dpkg --purge mtutrace
         test ! -e /usr/bin/mtutrace",
        what.release.version
    );
    inside("the Debian package in a clean Debian", &tree, what.file(".deb")?, &deb)?;
    let tarball = format!(
        "cd /tmp; tar xzf *.tar.gz; cd mtutrace-{}-*/
         test -f LICENSE-MIT -a -f man/mtutrace.1 -a -f completions/_mtutrace -a -f deploy/kubernetes/daemonset.yaml
         PATH=$PWD:$PATH
         {WORKS}",
        what.release.version
    );
    inside("the tarball in a clean Debian", &tree, what.file(".tar.gz")?, &tarball)
}

fn inside(what: &str, tree: &Path, file: &Path, script: &str) -> Result<()> {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"])
        .arg(tree)
        .arg(file)
        .arg(script);
    // The chroot has a PATH of its own, and so has whoever called us.
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
    succeeds(what, &mut command).map(drop)
}

/// The clean tree, made once.
fn tree() -> Result<PathBuf> {
    let tree = cache().join(SUITE);
    if tree.is_dir() {
        return Ok(tree);
    }
    apt::need(&[("debootstrap", "debootstrap"), ("unshare", "util-linux")])?;
    println!("check: making a clean Debian {SUITE} in {}, a minute or two", tree.display());
    let work = cache().join(format!("{SUITE}.partial-{}", std::process::id()));
    std::fs::create_dir_all(&work)?;
    let mirror = Mirror::find()?;
    let mut debootstrap = exec::as_root("debootstrap");
    debootstrap
        .args(["--variant=minbase"])
        .args(mirror.keyring_option())
        .arg(SUITE)
        .arg(&work)
        .arg(mirror.uri());
    let made = exec::with_progress(&mut debootstrap, LIMIT);
    if made.is_err() {
        std::fs::remove_dir_all(&work)?;
    }
    made?;
    std::fs::rename(&work, &tree)?;
    Ok(tree)
}
