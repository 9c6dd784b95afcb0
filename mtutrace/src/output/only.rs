//! What of a run is written (`--only`).
use clap::ValueEnum;

/// Kinds of what a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// What is traced and what is lost; at the end the totals.
    Status,
    /// What happened to one packet.
    Event,
    /// Counters of one container.
    Report,
    /// What is wrong, and the fix.
    Verdict,
}

impl Kind {
    /// As JSON has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Status => "status",
            Kind::Event => "event",
            Kind::Report => "report",
            Kind::Verdict => "verdict",
        }
    }
}

/// Those that somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Only(Vec<Kind>);

impl Only {
    /// These; all of them, if there are none.
    pub(crate) fn new(kinds: Vec<Kind>) -> Only {
        Only(kinds)
    }

    /// Whether it is written.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.0.is_empty() || self.0.contains(&kind)
    }

    /// Whether somebody named it: the text shows single packets to nobody else.
    pub(crate) fn names(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_named_is_everything() {
        assert!(Only::default().has(Kind::Event) && !Only::default().names(Kind::Event));
        let only = Only::new(vec![Kind::Verdict]);
        assert!(only.has(Kind::Verdict) && only.names(Kind::Verdict) && !only.has(Kind::Status));
    }
}
