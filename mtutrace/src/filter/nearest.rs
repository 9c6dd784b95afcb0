//! What somebody may have meant: the known names, the nearest first, and no more than one can read.
use std::cmp::Reverse;

/// Names in the list; a node has hundreds.
const SHOWN: usize = 5;
/// What is near enough to be put first for it; below, all are equally far, and go by the alphabet.
const NEAR: u32 = 700;

/// Something known, and by what it may be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    /// As it is shown.
    pub(super) shown: String,
    /// By what it may be asked for.
    pub(super) names: Vec<String>,
}

impl Known {
    /// What has one name.
    pub(super) fn plain(name: &str) -> Known {
        Known { shown: name.to_owned(), names: vec![name.to_owned()] }
    }
}

/// `ci-build-77 (3f2a77e0c4b1), web-1 (…) and 298 others`, the nearest to any of `wanted` first; `none` if nothing is known.
pub(super) fn nearest(wanted: &[&str], mut known: Vec<Known>) -> String {
    known.sort_unstable();
    known.dedup();
    known.sort_by_cached_key(|one| Reverse(likeness(wanted, one)));
    let shown: Vec<&str> = known.iter().take(SHOWN).map(|one| one.shown.as_str()).collect();
    match (shown.is_empty(), known.len().saturating_sub(SHOWN)) {
        (true, _) => "none".to_owned(),
        (_, 0) => shown.join(", "),
        (_, 1) => format!("{} and 1 other", shown.join(", ")),
        (_, n) => format!("{} and {n} others", shown.join(", ")),
    }
}

/// In thousandths.
fn likeness(wanted: &[&str], known: &Known) -> u32 {
    let pairs = wanted.iter().flat_map(|wanted| known.names.iter().map(move |name| (wanted, name)));
    let each = pairs.map(|(wanted, name)| {
        let (wanted, name) = (wanted.to_lowercase(), name.to_lowercase());
        // A part of a name is remembered more often than its start.
        if name.contains(&wanted) { 1.0 } else { strsim::jaro_winkler(&wanted, &name) }
    });
    let best = each.fold(0.0, f64::max);
    // Between 0 and 1.
    let best = (best * 1000.0).round() as u32;
    if best < NEAR { 0 } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, id: &str) -> Known {
        Known { shown: format!("{name} ({id})"), names: vec![name.to_owned(), id.to_owned()] }
    }

    #[test]
    fn the_nearest_of_three_hundred_is_first() {
        let mut known: Vec<Known> =
            (0..300).map(|n| container(&format!("web-{n:03}"), &format!("{n:012x}"))).collect();
        known.push(container("ci-build-77", "3f2a77e0c4b1"));
        let said = nearest(&["ci-built-77"], known.clone());
        assert!(said.starts_with("ci-build-77 (3f2a77e0c4b1), "), "{said}");
        assert!(said.ends_with(" and 296 others"), "{said}");
        assert!(nearest(&["3F2A77E0"], known.clone()).starts_with("ci-build-77 "), "by its id");
        assert!(nearest(&["build"], known.clone()).starts_with("ci-build-77 "), "by a part of its name");
        assert!(
            nearest(&["qqq"], known).starts_with("ci-build-77 (3f2a77e0c4b1), web-000 "),
            "by the alphabet"
        );
    }

    #[test]
    fn few_and_none() {
        assert_eq!(nearest(&["eth1"], vec![]), "none");
        let two = [Known::plain("docker0"), Known::plain("eth0"), Known::plain("eth0")];
        assert_eq!(nearest(&["eth1"], two.to_vec()), "eth0, docker0");
    }
}
