//! Kernel modules for the guest: found by name, unpacked, in an order in which they load.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What scenarios use. A kernel may have any of them built in, or not at all: then the guest goes on without.
///
/// Not here: ipip, ip_gre and the like, which put a device of their own into every namespace.
const WANTED: &[&str] = &[
    "veth",
    "bridge",
    "br_netfilter",
    "vxlan",
    "dummy",
    "macvlan",
    "ipvlan",
    "tun",
    "sch_ingress",
    "sch_netem",
    "cls_bpf",
    "cls_matchall",
    "cls_u32",
    "act_mirred",
    "act_gact",
    "nf_tables",
    "nft_chain_nat",
    "nft_compat",
    "nft_counter",
    "nft_ct",
    "nft_limit",
    "nft_log",
    "nft_masq",
    "nft_nat",
    "nft_numgen",
    "nft_quota",
    "nft_reject_inet",
    "nf_conntrack_bridge",
    "nf_conntrack_netlink",
    "drop_monitor",
    "tcp_diag",
    "udp_diag",
];

/// Modules in load order, as (name, content).
pub(crate) fn collect(dir: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut all = BTreeMap::new();
    walk(&dir.join("kernel"), &mut all)?;
    let mut loader = Loader { all, seen: BTreeSet::new(), ordered: Vec::new() };
    for name in WANTED {
        loader.load(name)?;
    }
    Ok(loader.ordered)
}

struct Loader {
    all: BTreeMap<String, PathBuf>,
    seen: BTreeSet<String>,
    ordered: Vec<(String, Vec<u8>)>,
}

impl Loader {
    /// A module after everything that it depends on.
    fn load(&mut self, name: &str) -> Result<()> {
        let Some(path) = self.all.get(name).cloned() else { return Ok(()) };
        if !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let content = read(&path).with_context(|| path.display().to_string())?;
        for dependency in depends(&content) {
            self.load(&dependency)?;
        }
        self.ordered.push((name.to_owned(), content));
        Ok(())
    }
}

/// Every module below `dir` by its name; a dash in a file's name is an underscore in the module's.
fn walk(dir: &Path, into: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, into)?;
        } else if let Some((stem, _)) = entry.file_name().to_string_lossy().split_once(".ko") {
            into.insert(stem.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let unpacker = match path.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return Ok(fs::read(path)?),
    };
    let output = Command::new(unpacker).args(["-d", "-c"]).arg(path).output().context(unpacker)?;
    if !output.status.success() {
        bail!("{unpacker}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// The `depends=` of a module's .modinfo, which is a section of NUL-terminated strings. depmod's list would say the
/// same, but the package comes without it.
fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let text = module[at + KEY.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    let names = String::from_utf8_lossy(text).into_owned();
    names.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_first() {
        let dir = std::env::temp_dir().join(format!("mtutrace-modules-{}", std::process::id()));
        fs::create_dir_all(dir.join("kernel/net")).unwrap();
        let module = |name: &str, depends: &str| {
            fs::write(dir.join("kernel/net").join(name), format!("ELF\0depends={depends}\0retpoline=Y\0"))
                .unwrap();
        };
        module("br_netfilter.ko", "bridge");
        module("bridge.ko", "stp,llc");
        module("stp.ko", "llc");
        module("llc.ko", "");
        module("unrelated.ko", "");
        let names = collect(&dir).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(names, ["llc", "stp", "bridge", "br_netfilter"]);
    }
}
