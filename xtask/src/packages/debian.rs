//! Packages of any Debian suite, unpacked without being installed, and without touching this machine's own lists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{apt, unpack};
use crate::exec;

const LIMIT: Duration = Duration::from_secs(900);
/// Overrides the search for the address of a Debian archive.
const OVERRIDE: &str = "MTUTRACE_DEBIAN_MIRROR";
/// Where a machine that is no Debian finds one.
const PUBLIC: &str = "http://deb.debian.org/debian";
/// The keys of the archive, as every Debian has them.
const KEYRING: &str = "usr/share/keyrings/debian-archive-keyring.gpg";

/// Where packages of other systems, and what is made of them, are kept.
pub(crate) fn cache() -> PathBuf {
    exec::target_dir().join("vm")
}

/// Where this machine gets Debian packages from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mirror {
    uri: String,
    /// The keyring that the machine trusts for it, if its sources name one.
    signed_by: Option<String>,
}

impl Mirror {
    /// The override, else the first archive in apt's own configuration: whatever this machine may reach stands there.
    /// Ubuntu's names none, but Ubuntu packages the keys of Debian's.
    pub(crate) fn find() -> Result<Self> {
        if let Ok(uri) = std::env::var(OVERRIDE) {
            return Ok(Self { uri, signed_by: keyring()? });
        }
        let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
        let parts = fs::read_dir("/etc/apt/sources.list.d").map(|dir| dir.flatten().map(|e| e.path()));
        files.extend(parts.into_iter().flatten().filter(|path| {
            path.extension().is_some_and(|extension| extension == "list" || extension == "sources")
        }));
        files.sort();
        match files.iter().filter_map(|path| Self::parse(&fs::read_to_string(path).ok()?)).next() {
            Some(found) => Ok(found),
            None => Ok(Self { uri: PUBLIC.to_owned(), signed_by: keyring()? }),
        }
    }

    /// Reads either format of apt's sources. The archive is told from others (security, vendors) by its path.
    fn parse(text: &str) -> Option<Self> {
        let is_archive = |uri: &str| uri.trim_end_matches('/').ends_with("/debian");
        for stanza in text.split("\n\n") {
            let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let uri = field("URIs:").and_then(|uris| uris.split_whitespace().find(|uri| is_archive(uri)));
            if let Some(uri) = uri {
                return Some(Self {
                    uri: uri.to_owned(),
                    signed_by: field("Signed-By:").filter(|key| key.starts_with('/')).map(str::to_owned),
                });
            }
        }
        text.lines().find_map(|line| {
            let words = line.strip_prefix("deb ")?;
            let uri = words.split_whitespace().find(|word| is_archive(word))?;
            let key = words.split_once("signed-by=").and_then(|(_, rest)| rest.split([' ', ']', ',']).next());
            Some(Self { uri: uri.to_owned(), signed_by: key.map(str::to_owned) })
        })
    }

    /// Its address.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// debootstrap's option for its keyring, if the machine has one for it.
    pub(crate) fn keyring_option(&self) -> Option<String> {
        self.signed_by.as_ref().map(|key| format!("--keyring={key}"))
    }

    /// A line of sources.list for one suite.
    fn line(&self, suite: &str) -> String {
        let key = self.signed_by.as_ref().map(|key| format!("[signed-by={key}] ")).unwrap_or_default();
        format!("deb {key}{} {suite} main\n", self.uri)
    }
}

/// The keys of Debian's archive where apt does not trust them anyway: out of the package of that name, not installed.
fn keyring() -> Result<Option<String>> {
    if Path::new("/").join(KEYRING).is_file() {
        return Ok(None);
    }
    let root = cache().join("keyring");
    if !root.is_dir() {
        fs::create_dir_all(cache())?;
        apt::unpack(&["debian-archive-keyring"], &root)
            .with_context(|| format!("no keys for {PUBLIC}, which apt's sources do not name"))?;
    }
    Ok(Some(root.join(KEYRING).display().to_string()))
}

/// The package lists of one suite, in a folder of their own.
pub(crate) struct Suite {
    name: &'static str,
    dir: PathBuf,
}

impl Suite {
    /// Opens a suite below `cache`; `refresh` asks the archive what is new.
    pub(crate) fn open(cache: &Path, name: &'static str, refresh: bool) -> Result<Self> {
        let suite = Self { name, dir: cache.join("apt").join(name) };
        let known = suite.dir.join("ready");
        if known.is_file() && !refresh {
            return Ok(suite);
        }
        for part in ["parts", "lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(suite.dir.join(part))?;
        }
        fs::write(suite.dir.join("parts/suite.list"), Mirror::find()?.line(name))?;
        println!("  reading the package list of Debian {name}");
        exec::with_progress(suite.apt("apt-get").args(["update", "-q"]), LIMIT)?;
        fs::write(known, "")?;
        Ok(suite)
    }

    /// Names of packages that match a regular expression.
    pub(crate) fn search(&self, pattern: &str) -> Result<Vec<String>> {
        let output = self.apt("apt-cache").args(["search", "--names-only", pattern]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    }

    /// Downloads packages and unpacks them into `into`, which exists only when everything went well.
    pub(crate) fn unpack(&self, packages: &[String], into: &Path) -> Result<()> {
        println!("  downloading {} ({})", packages.join(" "), self.name);
        unpack::unpack(self.apt("apt-get"), packages, into)
    }

    /// apt with nothing of the machine's but its keys and its proxy; needs no root.
    fn apt(&self, program: &str) -> Command {
        let mut command = apt::program(program);
        let dir = |part: &str| self.dir.join(part).display().to_string();
        for option in [
            "Dir::Etc::sourcelist=/dev/null".to_owned(),
            format!("Dir::Etc::sourceparts={}", dir("parts")),
            format!("Dir::State::Lists={}", dir("lists")),
            format!("Dir::Cache={}", dir("cache")),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }
}

/// The newest of several package names: by their numbers, one after the other.
pub(crate) fn newest(mut names: Vec<String>) -> Option<String> {
    names.sort_by_key(|name| {
        let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        numbers.map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>()
    });
    names.pop()
}

/// Makes sure that dpkg and apt are there at all.
pub(crate) fn check() -> Result<()> {
    for program in ["apt-get", "apt-cache", "dpkg"] {
        if !exec::installed(program) {
            bail!("no {program} here: virtual machines run kernels out of Debian packages");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_sources_and_no_security_archive() {
        let stanzas = "Types: deb\nURIs: http://m.example/debian-security\nSuites: s\n\n\
                       Types: deb\n# old\nURIs: http://m.example/debian\nSuites: s\nSigned-By: /k.gpg\n";
        let mirror = Mirror::parse(stanzas).unwrap();
        assert_eq!(mirror.line("sid"), "deb [signed-by=/k.gpg] http://m.example/debian sid main\n");
        let lines = "# deb http://no.example/debian x main\n\
                     deb http://m.example/debian-security s main\n\
                     deb [arch=amd64 signed-by=/k.gpg] https://m.example/debian/ s main\n";
        let mirror = Mirror::parse(lines).unwrap();
        assert_eq!(
            (mirror.uri.as_str(), mirror.signed_by.as_deref()),
            ("https://m.example/debian/", Some("/k.gpg"))
        );
        assert_eq!(Mirror::parse("deb http://m.example/ubuntu s main\n"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let names = ["linux-image-6.16.12+deb13", "linux-image-6.16.3+deb13"].map(str::to_owned).to_vec();
        assert_eq!(newest(names).as_deref(), Some("linux-image-6.16.12+deb13"));
        assert_eq!(newest(Vec::new()), None);
    }
}
