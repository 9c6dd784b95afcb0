//! Whether processes have come or gone since the last look at all of /proc, by the cheapest file there is.
use std::fs;
use std::path::{Path, PathBuf};

/// Remembers what there was.
#[derive(Debug)]
pub(super) struct Stir {
    path: PathBuf,
    seen: Option<String>,
}

impl Stir {
    /// `proc_root` is usually /proc.
    pub(super) fn new(proc_root: &Path) -> Stir {
        Stir { path: proc_root.join("loadavg"), seen: None }
    }

    /// True if the number of threads of the node or the process ID that was given last are others than the last time, or cannot be
    /// told. A process that changes its namespace and nothing else is not noticed.
    pub(super) fn is_new(&mut self) -> bool {
        let loadavg = fs::read_to_string(&self.path);
        self.takes(loadavg.as_deref().unwrap_or_default())
    }

    fn takes(&mut self, loadavg: &str) -> bool {
        let now = counts(loadavg).map(str::to_owned);
        let new = now.is_none() || now != self.seen;
        self.seen = now;
        new
    }
}

/// `0.20 0.18 0.12 1/80 11206`: of those that can run the number changes all the time (proc_loadavg(5)).
fn counts(loadavg: &str) -> Option<&str> {
    Some(loadavg.split_once('/')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_run_is_no_news_and_who_is_there_is() {
        let mut stir = Stir::new(Path::new("/proc"));
        assert!(stir.is_new(), "the first time");
        let mut stir = Stir::new(Path::new("/nowhere"));
        assert!(stir.is_new() && stir.is_new(), "who cannot tell has to look");
        assert!(stir.takes("0.20 0.18 0.12 1/80 11206\n"));
        assert!(!stir.takes("0.30 0.18 0.12 3/80 11206\n"));
        assert!(stir.takes("0.30 0.18 0.12 3/81 11206\n"), "a thread");
        assert!(stir.takes("0.30 0.18 0.12 3/81 11207\n"), "one that came for another");
    }
}
