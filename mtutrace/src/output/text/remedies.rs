//! What to do, as text: one remedy that works at once and one that lasts.
use super::paint::paint;
use crate::model::{Fix, FixScope};
use crate::output::escape::escape;

/// Which remedies are told, and how much of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Where and why, and what takes it back.
    pub(super) reasons: bool,
    /// All the others too.
    pub(super) all: bool,
    /// With colours.
    pub(super) colour: bool,
}

/// The best of each scope, what works at once first; then the others, if somebody asked.
pub(super) fn lines(fixes: &[Fix], told: Told) -> Vec<String> {
    let (now, lasting) = (Fix::best(fixes, FixScope::Now), Fix::best(fixes, FixScope::Permanent));
    let best =
        [("now", now), ("for good", lasting)].into_iter().filter_map(|(label, fix)| Some((label, fix?)));
    let is_other = |fix: &&Fix| Some(*fix) != now && Some(*fix) != lasting;
    let others = fixes.iter().filter(|_| told.all && told.reasons).filter(is_other).map(|fix| ("or", fix));
    best.chain(others).flat_map(|(label, fix)| remedy(fix, label, told)).collect()
}

fn remedy(fix: &Fix, label: &str, told: Told) -> Vec<String> {
    let (head, strong) = if label == "or" { ("0", "0") } else { ("1;32", "1") };
    let label = paint(told.colour, head, &format!("{label:<10}"));
    let mut lines = vec![format!("  {label} {}", paint(told.colour, strong, &escape(&fix.command)))];
    if told.reasons {
        lines.push(format!("  {:<10}   {}: {}", "", escape(&fix.r#where), escape(&fix.what)));
        lines.extend(fix.undo.iter().map(|undo| format!("  {:<10}   undo: {}", "", escape(undo))));
    }
    lines
}
