//! A Debian package (deb(5)): an ar archive of a version, a control archive and a data archive.

use std::path::Path;

use anyhow::Result;
use ar::{Builder, Header};

use super::digest::md5;
use super::documents;
use super::release::Release;
use super::tree::{Tree, gzip};
use crate::exec;

const MAINTAINER: &str = "The mtutrace authors <mtutrace@mtutrace.invalid>";

/// Where its documents lie.
pub(super) const DOCUMENTS: &str = "usr/share/doc/mtutrace/";

/// The package's bytes.
pub(crate) fn package(release: &Release, binary: &Path, manuals: &Path) -> Result<Vec<u8>> {
    let data = data(release, binary, manuals)?;
    let mut archive = Builder::new(Vec::new());
    for (name, content) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", gzip(&control(release, &data).tar("", release.seconds)?)?),
        ("data.tar.gz", gzip(&data.tar("", release.seconds)?)?),
    ] {
        let mut header = Header::new(name.as_bytes().to_vec(), content.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(release.seconds);
        archive.append(&header, content.as_slice())?;
    }
    Ok(archive.into_inner()?)
}

/// What is installed.
pub(super) fn data(release: &Release, binary: &Path, manuals: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.copy("usr/bin/mtutrace", 0o755, binary)?;
    tree.copy(
        "usr/lib/systemd/system/mtutrace.service",
        0o644,
        &exec::root().join("deploy/systemd/mtutrace.service"),
    )?;
    for entry in std::fs::read_dir(manuals.join("man"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        tree.add(&format!("usr/share/man/man1/{name}.gz"), 0o644, gzip(&std::fs::read(&path)?)?);
    }
    for (file, to) in [
        ("mtutrace.bash", "bash-completion/completions/mtutrace"),
        ("_mtutrace", "zsh/vendor-completions/_mtutrace"),
        ("mtutrace.fish", "fish/vendor_completions.d/mtutrace.fish"),
    ] {
        tree.copy(&format!("usr/share/{to}"), 0o644, &manuals.join("completions").join(file))?;
    }
    documents::add(&mut tree, DOCUMENTS)?;
    tree.add(&format!("{DOCUMENTS}copyright"), 0o644, copyright()?);
    tree.add(&format!("{DOCUMENTS}changelog.gz"), 0o644, gzip(changelog(release).as_bytes())?);
    // lintian takes a static program that can be loaded anywhere for a library.
    let overridden = "mtutrace: shared-library-lacks-prerequisites [usr/bin/mtutrace]\n";
    tree.add("usr/share/lintian/overrides/mtutrace", 0o644, overridden);
    Ok(tree)
}

fn control(release: &Release, data: &Tree) -> Tree {
    // KiB, each file rounded up, and one for each folder (deb-substvars(5)).
    let size =
        data.files().map(|(_, content)| content.len().div_ceil(1024)).sum::<usize>() + data.folders().len();
    let sums: String = data.files().map(|(path, content)| format!("{}  {path}\n", md5(content))).collect();
    let (version, architecture) = (&release.version, release.debian_architecture());
    let mut tree = Tree::default();
    let text = format!(
        "Package: mtutrace\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: {MAINTAINER}\n\
         Installed-Size: {size}\n\
         Section: net\n\
         Priority: optional\n\
         Description: find the wrong MTU that stalls a container's traffic\n \
         Watches a node with eBPF and says which container's traffic dies or crawls\n \
         because a packet is too big, whose MTU is wrong, and what one line fixes it.\n \
         .\n \
         The systemd unit is installed, and neither enabled nor started.\n"
    );
    tree.add("control", 0o644, text);
    tree.add("md5sums", 0o644, sums);
    tree
}

/// Machine-readable (<https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>).
fn copyright() -> Result<String> {
    let mit = std::fs::read_to_string(exec::root().join("LICENSE-MIT"))?;
    let (holder, terms) =
        mit.split_once("\n\n").and_then(|(_, rest)| rest.trim_start().split_once("\n\n")).ok_or_else(
            || anyhow::anyhow!("LICENSE-MIT is not laid out as it was: title, copyright, terms"),
        )?;
    let terms: String = terms
        .lines()
        .map(|line| if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") })
        .collect();
    Ok(format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: mtutrace\n\n\
         Files: *\n\
         Copyright: {}\n\
         License: Expat or Apache-2.0\n\n\
         License: Expat\n{terms}\n\
         License: Apache-2.0\n \
         On Debian systems, the full text of the Apache License 2.0 is in\n \
         /usr/share/common-licenses/Apache-2.0.\n",
        holder.trim_start_matches("Copyright (c) ").trim()
    ))
}

fn changelog(release: &Release) -> String {
    let (version, date) = (&release.version, release.rfc2822());
    format!(
        "mtutrace ({version}) unstable; urgency=medium\n\n  * Built from commit {}.\n\n -- {MAINTAINER}  {date}\n",
        release.commit
    )
}
