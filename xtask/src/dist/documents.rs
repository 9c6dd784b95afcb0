//! The documents of a package: README.md, and all that it leads to. A test follows every link.

use anyhow::Result;

use super::tree::Tree;
use crate::exec;

const FILES: [&str; 7] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "SKILL.md",
    "tests/accuracy/README.md",
    "tests/fuzz/README.md",
];

const FOLDERS: [&str; 6] = [
    "docs",
    "docs/performance",
    "deploy/grafana",
    "deploy/kubernetes",
    "deploy/prometheus",
    "deploy/systemd",
];

/// Adds them to `tree`, each at its path in the repository behind `prefix`.
pub(super) fn add(tree: &mut Tree, prefix: &str) -> Result<()> {
    let root = exec::root();
    for name in FILES {
        tree.copy(&format!("{prefix}{name}"), 0o644, &root.join(name))?;
    }
    for folder in FOLDERS {
        tree.copy_all(&root.join(folder), |name| format!("{prefix}{folder}/{name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
