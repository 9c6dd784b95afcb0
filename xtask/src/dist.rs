//! `cargo xtask dist`: what other people install, below target/dist.

mod build;
mod check;
mod deb;
mod digest;
mod documents;
mod made;
mod manifest;
mod oci;
mod release;
mod tarball;
mod tree;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use self::digest::sha256;
use self::made::Made;
use self::release::Release;
use crate::exec;
use crate::setup::{self, For};

/// A binary above this is not what was meant; the build says so.
const AIM: usize = 8 << 20;

/// What is done besides packing.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install what was made in a clean Debian, run the image under Docker as the DaemonSet would, pack a second time and
    /// compare; needs root
    #[arg(long)]
    check: bool,
}

/// Builds and packs everything, and says what it made.
pub(crate) fn dist(options: &Options) -> Result<u8> {
    setup::setup(For::Building)?;
    let release = Release::here()?;
    let binary = build::binary()?;
    let manuals = build::manuals()?;
    let dir = exec::target_dir().join("dist");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    fs::create_dir_all(&dir)?;
    let pack = || -> Result<Vec<(String, Vec<u8>)>> {
        println!("dist: packing");
        let (version, architecture) = (&release.version, release.architecture);
        let debian = release.debian_architecture();
        Ok(vec![
            (
                format!("mtutrace-{version}-{architecture}.tar.gz"),
                tarball::archive(&release, &binary, &manuals)?,
            ),
            (format!("mtutrace_{version}_{debian}.deb"), deb::package(&release, &binary, &manuals)?),
            (format!("mtutrace-{version}-{architecture}.oci.tar"), oci::image(&release, &binary)?),
        ])
    };
    let packages = pack()?;
    if options.check {
        anyhow::ensure!(packages == pack()?, "packing the same files twice gave two results");
    }
    let mut sums = String::new();
    let mut files = Vec::new();
    for (name, content) in &packages {
        files.push(dir.join(name));
        fs::write(dir.join(name), content)?;
        writeln!(sums, "{}  {name}", sha256(content))?;
    }
    fs::write(dir.join("SHA256SUMS"), sums)?;
    let size = fs::metadata(&binary)?.len() as usize;
    println!("dist: {}  {}", megabytes(size), binary.display());
    if size > AIM {
        println!("dist: the binary is larger than the {} it should be", megabytes(AIM));
    }
    for ((_, content), file) in packages.iter().zip(&files) {
        println!("dist: {}  {}", megabytes(content.len()), file.display());
    }
    println!("dist: checksums in {}", dir.join("SHA256SUMS").display());
    if options.check {
        check::check(&Made { release, binary, dir, files })?;
    }
    Ok(0)
}

fn megabytes(bytes: usize) -> String {
    format!("{:5.2} MB", bytes as f64 / 1e6)
}
