//! Files: how long they are, where they stand, how they are called.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Longer ones hold more than one idea.
const LONGEST: usize = 400;
/// main.rs, lib.rs and one more.
const MOST_AT_ROOT: usize = 3;
const SOURCE: &str = "mtutrace/src";

/// What may stand at the root of the repository, besides what is hidden.
const TOP_LEVEL: [&str; 16] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "SKILL.md",
    "deploy",
    "docs",
    "mtutrace",
    "mtutrace-common",
    "mtutrace-ebpf",
    "tests",
    "xtask",
];

/// What is wrong with the files of a repository, given relative to `root`; prints how long they are.
pub(super) fn check(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let mut errors = strays(root)?;
    let source = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let source = source.collect::<Vec<_>>();
    let at_root = source.iter().filter(|file| file.parent() == Some(Path::new(SOURCE))).count();
    if at_root > MOST_AT_ROOT {
        errors.push(format!(
            "{SOURCE}: {at_root} files at its root; at most {MOST_AT_ROOT}, the others in folders"
        ));
    }
    let mut lengths = Vec::new();
    for file in source {
        let text = std::fs::read_to_string(root.join(file)).with_context(|| file.display().to_string())?;
        let length = text.lines().count();
        if length > LONGEST {
            errors.push(format!("{}: {length} lines; at most {LONGEST}", file.display()));
        }
        lengths.push(length);
    }
    lengths.sort_unstable();
    if let Some(median) = lengths.get(lengths.len() / 2) {
        println!(
            "lint: {} Rust files, median {median} lines, longest {}",
            lengths.len(),
            lengths[lengths.len() - 1]
        );
    }
    Ok(errors)
}

fn strays(root: &Path) -> Result<Vec<String>> {
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(root).with_context(|| root.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "target" && !TOP_LEVEL.contains(&name.as_str()) {
            strays.push(format!(
                "{name}: not at the root of the repository (xtask/src/lint/files.rs lists what is)"
            ));
        }
    }
    strays.sort();
    Ok(strays)
}
