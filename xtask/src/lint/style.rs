//! One module style in a package: `x.rs` beside `x/`, or `x/mod.rs`.

use std::path::{Path, PathBuf};

/// Says which files are of the style that fewer modules of the package have; `files` are relative to the repository.
pub(super) fn check(package: &Path, files: &[PathBuf]) -> Option<String> {
    let source =
        files.iter().filter(|file| file.starts_with(package) && file.extension().is_some_and(|e| e == "rs"));
    let source = source.collect::<Vec<_>>();
    let inside = source.iter().filter(|file| file.ends_with("mod.rs") && !is_shared_by_tests(package, file));
    let inside = inside.map(|file| file.display().to_string()).collect::<Vec<_>>();
    let beside = source
        .iter()
        .filter(|file| source.iter().any(|other| other.parent() == Some(&file.with_extension(""))));
    let beside = beside.map(|file| file.display().to_string()).collect::<Vec<_>>();
    let (fewer, style) =
        if inside.len() > beside.len() { (beside, "x/mod.rs") } else { (inside, "x.rs beside x/") };
    let of = if package.as_os_str().is_empty() { Path::new("the package") } else { package };
    (!fewer.is_empty())
        .then(|| format!("{}: modules are mostly {style}, but not {}", of.display(), fewer.join(", ")))
}

/// Directly in `tests/`, a `x.rs` would be a test program of its own.
fn is_shared_by_tests(package: &Path, file: &Path) -> bool {
    file.parent().and_then(Path::parent) == Some(&package.join("tests"))
}
