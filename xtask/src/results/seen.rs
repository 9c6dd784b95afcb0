//! What a scenario says of a cause: which hook saw it, or why none can.

use std::collections::BTreeSet;

/// How a scenario's line begins, in the file that `MTUTRACE_CAUSES` names.
pub(crate) const MARK: &str = "@cause ";

/// How a line begins about a test that needs something which this kernel lacks.
pub(crate) const LACKS: &str = "@lacks ";

/// Reads `@lacks PROGRAM::TEST<TAB>WHAT`.
pub(crate) fn lacking(line: &str) -> Option<(String, String)> {
    let (test, what) = line.strip_prefix(LACKS)?.split_once('\t')?;
    Some((test.trim().to_owned(), what.trim().to_owned()))
}

/// What one kernel showed of a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The hooks that saw it.
    By(BTreeSet<String>),
    /// None could; why.
    Not(BTreeSet<String>),
}

impl Seen {
    /// Two scenarios of one cause: what one of them saw is seen.
    pub(crate) fn merge(&mut self, other: Seen) {
        match (&mut *self, other) {
            (Self::By(hooks), Self::By(more)) | (Self::Not(hooks), Self::Not(more)) => hooks.extend(more),
            (Self::Not(_), by @ Self::By(_)) => *self = by,
            (Self::By(_), Self::Not(_)) => {}
        }
    }
}

/// Reads `@cause NAME<TAB>HOOK` or `@cause NAME<TAB>- REASON`.
pub(crate) fn parse(line: &str) -> Option<(String, Seen)> {
    let (name, rest) = line.strip_prefix(MARK)?.split_once('\t')?;
    let (name, rest) = (name.trim(), rest.trim());
    let seen = match rest.strip_prefix('-') {
        Some(reason) => Seen::Not(BTreeSet::from([reason.trim().to_owned()])),
        None => Seen::By(BTreeSet::from([rest.to_owned()])),
    };
    let empty = name.is_empty() || matches!(rest, "" | "-");
    (!empty).then(|| (name.to_owned(), seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_and_reasons() {
        let by = |hook: &str| Seen::By(BTreeSet::from([hook.to_owned()]));
        assert_eq!(parse("@cause ttl\traw_tp:kfree_skb"), Some(("ttl".to_owned(), by("raw_tp:kfree_skb"))));
        assert_eq!(parse("@cause a cause \t tc:ingress \r"), Some(("a cause".to_owned(), by("tc:ingress"))));
        let not = Seen::Not(BTreeSet::from(["no kprobes".to_owned()]));
        assert_eq!(parse("@cause ttl\t- no kprobes"), Some(("ttl".to_owned(), not)));
        for bad in ["@cause ttl", "@cause ttl\t", "@cause ttl\t-", "@cause \ttc", "ttl\ttc", ""] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
