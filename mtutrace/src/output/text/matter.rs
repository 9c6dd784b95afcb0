//! A verdict in a sentence.
use crate::model::{Ended, Verdict, VerdictKind};

/// What is, or was, the matter.
pub(crate) fn describe(v: &Verdict) -> String {
    match v.ended {
        Some(Ended::Fixed) if matches!(v.kind, VerdictKind::PmtuBlackhole | VerdictKind::MssExceedsPath) => {
            format!("the MTUs fit now, for new connections. It was: {}", v.summary)
        }
        Some(Ended::Fixed) => format!("the MTUs fit now. It was: {}", v.summary),
        Some(Ended::Gone) => {
            let next = "the container ended; the next one on that network will be affected too";
            format!("{next}. It was: {}", v.summary)
        }
        Some(Ended::Quiet) => format!("not seen for a while. It was: {}", v.summary),
        Some(Ended::Replaced) => format!("another verdict takes its place. It was: {}", v.summary),
        None => v.summary.clone(),
    }
}
