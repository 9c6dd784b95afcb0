//! What is being packed: version, commit, time.

use std::time::SystemTime;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::exec;

/// The time that counts instead of the commit's (<https://reproducible-builds.org/specs/source-date-epoch/>).
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The licences, one of which is the user's choice.
pub(crate) const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// One release.
pub(crate) struct Release {
    /// As in Cargo.toml.
    pub(crate) version: String,
    /// As Rust names it.
    pub(crate) architecture: &'static str,
    /// Of every file, since 1970: SOURCE_DATE_EPOCH, else the commit's.
    pub(crate) seconds: u64,
    /// Its full hash; "unknown" outside of a repository.
    pub(crate) commit: String,
    time: Timestamp,
}

impl Release {
    /// The release that this working copy makes.
    pub(crate) fn here() -> Result<Self> {
        let git = |format: &str| {
            let dir = exec::root().to_string_lossy();
            let output = exec::output("git", &["-C", &dir, "log", "-1", &format!("--format={format}")])?;
            let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
            (output.status.success() && !text.is_empty()).then_some(text)
        };
        let seconds = match std::env::var(EPOCH).ok().or_else(|| git("%ct")) {
            Some(text) => {
                text.parse().with_context(|| format!("{EPOCH}={text:?} is not a number of seconds"))?
            }
            // A source archive without its repository; the time at least is said.
            None => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(),
        };
        let commit = git("%H").unwrap_or_else(|| "unknown".to_owned());
        Self::new(env!("CARGO_PKG_VERSION"), seconds, commit)
    }

    fn new(version: &str, seconds: u64, commit: String) -> Result<Self> {
        let time = Timestamp::from_second(i64::try_from(seconds)?)?;
        Ok(Self { version: version.to_owned(), architecture: std::env::consts::ARCH, seconds, commit, time })
    }

    /// As in Kubernetes' manifests.
    pub(crate) fn image(&self) -> String {
        format!("mtutrace:{}", self.version)
    }

    /// Debian's and Go's name for it; they agree on both that exist here.
    pub(crate) fn debian_architecture(&self) -> &'static str {
        match self.architecture {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
    }

    /// 2001-09-09T01:46:40Z.
    pub(crate) fn rfc3339(&self) -> String {
        self.time.to_string()
    }

    /// Sun, 09 Sep 2001 01:46:40 +0000: what a Debian changelog wants.
    pub(crate) fn rfc2822(&self) -> String {
        self.time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// One for tests.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self::new("1.2.3", 1_000_000_000, "abc".to_owned()).unwrap()
    }
}
