//! Other runs of mtutrace on this kernel.
use aya::programs::loaded_programs;

use super::attach::is_classifier;

/// How the names of our programs begin.
const OURS: &str = "mtut_";

/// Whether no other run is alive. To be asked before this one loads its programs.
///
/// The kernel unloads tracing programs with their process; only filters (before 6.6) outlive it.
pub(crate) fn is_alone() -> bool {
    // One that cannot be looked at has just ended.
    !loaded_programs().flatten().any(|program| program.name_as_str().is_some_and(lives_with_its_run))
}

fn lives_with_its_run(name: &str) -> bool {
    name.starts_with(OURS) && !is_classifier(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_outlive_their_run_and_others_are_none_of_ours() {
        assert!(lives_with_its_run("mtut_kfree"));
        assert!(!["mtut_in", "mtut_out_l3", "kfree", ""].into_iter().any(lives_with_its_run));
    }
}
