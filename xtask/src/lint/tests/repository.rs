//! A repository in a folder of its own, gone when the test ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::lint::structure;

static COUNT: AtomicU32 = AtomicU32::new(0);

pub(super) struct Repository(PathBuf);

impl Repository {
    /// One package `mtutrace` whose source is `files` (paths below `mtutrace/src`), and a table of layers.
    pub(super) fn new(rows: &str, files: &[(&str, &str)]) -> Self {
        let name = format!("mtutrace-lint-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let repository = Self(std::env::temp_dir().join(name));
        repository.write("mtutrace/Cargo.toml", "[package]\nname = \"mtutrace\"\n");
        let head = "| layer | folder | may use |\n| --- | --- | --- |";
        repository.write(
            "docs/ARCHITECTURE.md",
            &format!("# House\n<!-- layers -->\n{head}\n{rows}\n<!-- /layers -->\n"),
        );
        for (file, text) in files {
            repository.write(&format!("mtutrace/src/{file}"), text);
        }
        repository
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn errors(&self) -> Vec<String> {
        structure::check(&self.0).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

/// What is wrong with modules `a` and `b` (and more) that may be in one circle, with no table in the way.
pub(super) fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let errors = Repository::new("", files).errors();
    errors.into_iter().filter(|error| error.starts_with("circle")).collect()
}
