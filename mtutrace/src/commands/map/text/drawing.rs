//! The lines of a tree.

/// What stands before the first and before all other lines of a row.
pub(super) struct Lines {
    pub(super) first: String,
    pub(super) rest: String,
}

/// Of rows at these depths, what is inside a row right after it.
pub(super) fn lines(depths: &[usize]) -> Vec<Lines> {
    // From the end: at which depths more is to come before something further out does.
    let mut more: Vec<bool> = Vec::new();
    let mut drawn: Vec<Lines> = depths
        .iter()
        .rev()
        .map(|&depth| {
            let comes = |depth: usize| more.get(depth).copied().unwrap_or(false);
            let outer: String = (1..depth).map(|depth| if comes(depth) { "│  " } else { "   " }).collect();
            let (branch, trunk) = match (depth, comes(depth)) {
                (0, _) => ("", ""),
                (_, true) => ("├─ ", "│  "),
                (_, false) => ("└─ ", "   "),
            };
            let inner = if comes(depth + 1) { "│  " } else { "   " };
            let lines = Lines { first: format!("{outer}{branch}"), rest: format!("{outer}{trunk}{inner}") };
            more.truncate(depth + 1);
            more.resize(depth + 1, false);
            if let Some(here) = more.get_mut(depth) {
                *here = true;
            }
            lines
        })
        .collect();
    drawn.reverse();
    drawn
}
