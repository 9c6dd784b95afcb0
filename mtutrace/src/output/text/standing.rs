//! MTUs that do not fit, though no verdict says so: nothing that was too big was sent, or nothing stalled of it.
use super::paint::{paint, severity};
use super::remedies::{self, Told};
use crate::model::{Device, Hop, StandingMismatch, Verdict};
use crate::output::escape::escape;

/// Mismatches that are told in full; `mtutrace map` has them all.
const SHOWN: usize = 5;

/// The lines about those of which no verdict of the end is about the same device.
pub(super) fn lines(standing: &[StandingMismatch], verdicts: &[Verdict], colour: bool) -> Vec<String> {
    let told = |m: &&StandingMismatch| {
        !verdicts.iter().filter_map(|v| v.culprit.as_ref()).any(|culprit| m.is_about(culprit))
    };
    let untold: Vec<&StandingMismatch> = standing.iter().filter(told).collect();
    let mut lines: Vec<String> = untold.iter().take(SHOWN).flat_map(|m| mismatch(m, colour)).collect();
    if let Some(more) = untold.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("and {more} more: `mtutrace map`"));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

fn mismatch(m: &StandingMismatch, colour: bool) -> Vec<String> {
    let says = "standing mismatch, no stall of it was seen in this run";
    let mut lines = vec![
        String::new(),
        format!("{} {says}: {}", severity(colour, m.severity), escape(&m.summary)),
        format!("  path       {}", path(m, colour)),
    ];
    lines.extend(remedies::lines(&m.fix, Told { reasons: true, all: false, colour }));
    lines
}

fn path(m: &StandingMismatch, colour: bool) -> String {
    let is = |device: &Device, hop: &Hop| device.netns == hop.netns && device.interface == hop.interface;
    let hop = |hop: &Hop| {
        let text = format!("{} {}", escape(&hop.interface), hop.mtu);
        if is(&m.culprit, hop) {
            let text = format!("{} {} (wrong)", escape(&hop.interface), m.culprit.mtu);
            paint(colour, "1;31", &text)
        } else if is(&m.bottleneck, hop) {
            paint(colour, "1", &format!("{text} (limit)"))
        } else {
            text
        }
    };
    m.path.iter().map(hop).collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::standing::standing;
    use crate::testing::node::incident;

    #[test]
    fn it_is_told_unless_a_verdict_is_about_the_same_device() {
        let found = standing(&incident().0);
        let said = lines(&found, &[], false).join("\n");
        assert!(
            said.starts_with(
                "\nWARNING standing mismatch, no stall of it was seen in this run: container build: "
            ),
            "{said}"
        );
        assert!(
            said.contains(
                "\n  path       eth0 1500 > veth8 1500 > docker0 1500 (wrong) > eth0 1450 (limit)\n"
            ),
            "{said}"
        );
        assert!(said.contains("\n  for good   dockerd --mtu=1450\n"), "{said}");
        let verdict = super::super::tests::verdict("docker0");
        let same = Verdict { culprit: Some(found[0].culprit.clone()), ..verdict.clone() };
        assert_eq!(lines(&found, &[same], false), [""; 0]);
        let other = Verdict {
            culprit: Some(Device { netns: crate::model::NetnsId(9), ..found[0].culprit.clone() }),
            ..verdict
        };
        assert!(!lines(&found, &[other], false).is_empty());
    }

    #[test]
    fn of_many_the_worst_are_told() {
        let many = vec![standing(&incident().0).remove(0); 7];
        let said = lines(&many, &[], false);
        assert_eq!(said.iter().filter(|line| line.starts_with("WARNING")).count(), 5);
        assert!(said.contains(&"and 2 more: `mtutrace map`".to_owned()), "{said:?}");
    }
}
