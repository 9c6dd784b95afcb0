//! Recordings: a file that is gone with the test, and what a replay must say.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::name;
use super::tracer::stdout_of;

/// A recording that is removed with the test.
#[derive(Debug)]
pub struct Recording(PathBuf);

impl Recording {
    /// A path that nobody else uses; nothing is there.
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Self(name::temporary(&format!("{}.pcapng", MADE.fetch_add(1, Ordering::Relaxed))))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What `mtutrace replay -o json ARGS` says of it.
    pub fn replay(&self, args: &[&str]) -> Vec<String> {
        let file = self.0.to_str().expect("its name is text");
        stdout_of(&[&["replay", file, "-o", "json"], args].concat()).lines().map(str::to_owned).collect()
    }

    /// Where a replay says other than what the run said, line by line.
    pub fn difference(&self, lines: &[String]) -> Option<String> {
        let (live, replayed) = (normalised(lines), normalised(&self.replay(&[])));
        let other = live.iter().zip(&replayed).enumerate().find(|(_, (live, replayed))| live != replayed);
        if let Some((n, (live, replayed))) = other {
            return Some(format!("line {n} of the run:\n{live}\nand of its replay:\n{replayed}"));
        }
        let (run, replay) = (live.len(), replayed.len());
        (run != replay).then(|| format!("the run had {run} lines, its replay {replay}"))
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _never_made = std::fs::remove_file(&self.0);
    }
}

/// Lines without what belongs to the process that wrote them: how much its reader left unread.
fn normalised(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| {
        let mut value: Value = serde_json::from_str(line).expect("a line is an object");
        if let Some(object) = value.as_object_mut() {
            object.remove("unwritten");
        }
        value
    };
    lines.iter().map(parse).collect()
}
