//! Debian's cloud kernels, by series.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::packages::debian::{self, Suite};
use crate::results::in_guests::WIDER;

/// The matrix: the oldest kernel that is promised, each long-term one since, and the newest.
pub(crate) const MATRIX: [&str; 6] = ["5.10", "6.1", "6.12", "6.17", "7.2", "7.3"];

/// A kernel out of its package.
pub(crate) struct Kernel {
    /// As it was asked for, e.g. `6.1`.
    pub(crate) series: String,
    /// As `uname -r` says it.
    pub(crate) release: String,
    /// What QEMU boots.
    pub(crate) image: PathBuf,
    /// The folder with its modules.
    pub(crate) modules: PathBuf,
}

impl Kernel {
    /// The kernel of a series such as `6.1`, from the cache or from Debian.
    pub(crate) fn get(cache: &Path, series: &str) -> Result<Self> {
        let right = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if series.split('.').count() != 2 || !series.split('.').all(right) {
            bail!("a kernel is named by its series, e.g. 6.1, not {series:?}");
        }
        let root = cache.join(series).join("root");
        if !root.is_dir() {
            fs::create_dir_all(cache.join(series))?;
            let (suite, packages) = find(cache, series)?;
            suite.unpack(&packages, &root)?;
        }
        Self::open(series, &root).with_context(|| format!("{} is not a kernel package", root.display()))
    }

    /// Whether classifiers are links of their own (6.6). Before, a tracer removes what a killed run left only if no other
    /// lives, and a test of that needs the guest for itself.
    pub(crate) fn has_tcx(&self) -> bool {
        let mut numbers = self.series.split('.').map_while(|part| part.parse::<u32>().ok());
        (numbers.next(), numbers.next()) >= (Some(6), Some(6))
    }

    /// Where Debian puts modules and kernel depends on its release.
    fn open(series: &str, root: &Path) -> Option<Self> {
        let dirs = ["lib/modules", "usr/lib/modules"].map(|dir| root.join(dir));
        let modules = dirs.iter().find_map(|dir| Some(fs::read_dir(dir).ok()?.flatten().next()?.path()))?;
        let release = modules.file_name()?.to_str()?.to_owned();
        let images = [root.join("boot").join(format!("vmlinuz-{release}")), modules.join("vmlinuz")];
        let image = images.into_iter().find(|image| image.is_file())?;
        Some(Self { series: series.to_owned(), release, image, modules })
    }
}

/// A series' place in the queue: those that run most come first, so that no other waits for them in the end; all others
/// take about the same.
pub(crate) fn rank(series: &str) -> usize {
    WIDER.iter().position(|one| *one == series).unwrap_or(WIDER.len())
}

/// Which suite has the series, and the packages of its newest version. Backports keep what testing once had.
fn find(cache: &Path, series: &str) -> Result<(Suite, Vec<String>)> {
    let suites: &[&'static str] = match series {
        "5.10" => &["bullseye"],
        "6.1" => &["bookworm"],
        "6.12" => &["trixie"],
        _ => &["trixie-backports", "sid"],
    };
    let pattern = format!("^linux-image-{}\\..*-cloud-amd64$", series.replace('.', "\\."));
    // Once more with fresh lists: the ones at hand may be older than the series.
    for refresh in [false, true] {
        for name in suites {
            let suite = Suite::open(cache, name, refresh)?;
            if let Some(image) = debian::newest(suite.search(&pattern)?) {
                // Of older kernels everything is in the image's package; later ones only depend on these.
                let release =
                    image.trim_start_matches("linux-image-").replace('.', "\\.").replace('+', "\\+");
                let mut packages = suite.search(&format!("^linux-(binary|modules)-{release}$"))?;
                packages.push(image);
                return Ok((suite, packages));
            }
        }
    }
    bail!("Debian has no cloud kernel {series} in {}", suites.join(", "))
}
