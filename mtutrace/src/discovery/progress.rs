//! Progress of a start on a node with many interfaces: the kernel takes two times 13 ms for each.
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// With fewer devices it is over before anybody reads it.
const MANY: usize = 50;

/// A line on stderr, if that is a terminal and there is much to do. It is gone afterwards.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// So many devices are to be attached to.
    pub(crate) fn new(devices: usize) -> Progress {
        let target = if devices < MANY { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(u64::try_from(devices).ok(), target);
        let style = ProgressStyle::with_template("{msg} {pos} of {len} {wide_bar}");
        Progress(
            style.map_or(bar.clone(), |style| bar.with_style(style)).with_message("attaching to interfaces"),
        )
    }

    /// So many are done.
    pub(crate) fn show(&self, done: usize) {
        self.0.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
