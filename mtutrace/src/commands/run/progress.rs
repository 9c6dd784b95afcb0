//! How far a start is, on stderr: the kernel takes 13 ms for each side of an interface.
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::stderr;

/// A start that is over sooner needs no word about it; the next word comes after as long.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on a terminal, which is gone afterwards; elsewhere a line a second. Nothing where a screen says it.
pub(super) struct Progress {
    silent: bool,
    bar: Option<ProgressBar>,
    said: Instant,
}

impl Progress {
    /// Nothing is said yet; nor later, if it is to be `silent`.
    pub(super) fn new(silent: bool) -> Progress {
        Progress { silent, bar: None, said: Instant::now() }
    }

    /// So many of so many interfaces are attached to.
    pub(super) fn show(&mut self, attached: usize, wanted: usize) {
        let due = self.said.elapsed() >= PATIENCE;
        if self.silent || !(due || self.bar.is_some()) {
            return;
        }
        if io::stderr().is_terminal() && !stderr::is_quiet() {
            let bar = self.bar.get_or_insert_with(bar);
            bar.set_length(u64::try_from(wanted).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(attached).unwrap_or(u64::MAX));
        } else {
            self.said = Instant::now();
            stderr::note(&words(attached, wanted));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn words(attached: usize, wanted: usize) -> String {
    format!("attached {attached}/{wanted}")
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("attached {pos}/{len} {wide_bar}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_start_says_nothing() {
        let mut progress = Progress::new(false);
        let before = progress.said;
        progress.show(1, 2);
        assert!(progress.bar.is_none() && progress.said == before);
        assert_eq!(words(155, 320), "attached 155/320");
    }
}
