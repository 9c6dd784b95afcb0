//! What no kernel of a whole run could show: it would never be tested, and nobody would know.

use std::collections::BTreeMap;

use crate::results::State;
use crate::results::seen::Seen;
use crate::tables::Column;

/// Causes that every kernel says nothing can see, and tests for which each kernel that ran them lacks something.
pub(super) fn shown(columns: &[Column]) -> Vec<String> {
    let mut missing = BTreeMap::new();
    for column in columns {
        for (name, seen) in &column.results.causes {
            if let Seen::Not(reasons) = seen {
                let why = reasons.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
                missing.insert(name, format!("{}: {why}", column.title));
            }
        }
        for (name, what) in &column.results.lacking {
            missing.insert(name, format!("{} lacks {what}", column.title));
        }
    }
    let somewhere = |name: &str| {
        columns.iter().any(|Column { results, .. }| {
            let seen = matches!(results.causes.get(name), Some(Seen::By(_)));
            let passed = results.tests.get(name) == Some(&State::Ok) && !results.lacking.contains_key(name);
            seen || passed
        })
    };
    missing.retain(|name, _| !somewhere(name));
    missing.into_iter().map(|(name, why)| format!("no kernel could run {name}: {why}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::column;

    #[test]
    fn one_kernel_that_can_is_enough() {
        let lines = [
            "@@ program p",
            "test a ... ok",
            "test b ... ok",
            "@@ @cause c\t- no kprobes",
            "@@ @lacks p::a\tTCX",
        ];
        let blind = || column("here", &lines);
        assert_eq!(
            shown(&[blind()]),
            ["no kernel could run c: here: no kprobes", "no kernel could run p::a: here lacks TCX"]
        );
        let sees = column("6.12", &["@@ program p", "test a ... ok", "@@ @cause c\tkprobe:x"]);
        assert!(shown(&[blind(), sees]).is_empty());
        let failed = column("6.12", &["@@ program p", "test a ... FAILED", "@@ @cause c\tkprobe:x"]);
        assert_eq!(shown(&[blind(), failed]).len(), 1);
    }
}
