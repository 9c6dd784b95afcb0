//! What became of a verdict or a mismatch, and how that is known.
use std::collections::BTreeSet;

use super::super::incident::{Incident, Story, known_by};
use super::change::{Fate, VerdictChange};
use crate::kernel::hooks::{self, State};
use crate::model::{Container, StandingMismatch, VerdictKind};
use crate::output::plural::listed;
use crate::output::text::label;

/// Whether two verdicts are about the same cause: who suffers by name, the device by its own, and the kind. Ids and namespaces are
/// new after a restart.
pub(super) fn same(a: &Story, b: &Story) -> bool {
    let device = |story: &Story| story.verdict.culprit.as_ref().map(|device| device.interface.clone());
    let one_cause = a.verdict.kind == b.verdict.kind || (grows(a.verdict.kind) && grows(b.verdict.kind));
    who(a) == who(b) && device(a) == device(b) && one_cause
}

/// Whether it is one of those that one wrong MTU of a container's path becomes by and by.
fn grows(kind: VerdictKind) -> bool {
    use VerdictKind::{Fragmentation, MssExceedsPath, MtuMismatch, PmtuBlackhole};
    matches!(kind, Fragmentation | MssExceedsPath | MtuMismatch | PmtuBlackhole)
}

fn who(story: &Story) -> Option<String> {
    story.verdict.container.as_ref().map(known_by)
}

/// That of a verdict of before.
pub(super) fn of_verdict(story: &Story, before: &Incident, after: &Incident) -> VerdictChange {
    let v = &story.verdict;
    let mtu_before = v.culprit.as_ref().map(|culprit| culprit.mtu);
    let of = |state, why: String, mtu_after| VerdictChange {
        state,
        what: v.summary.clone(),
        why,
        mtu_before,
        mtu_after,
    };
    if let Some(now) = after.verdicts.iter().find(|now| now.verdict.active && same(now, story)) {
        let mtu = now.verdict.culprit.as_ref().map(|culprit| culprit.mtu);
        let why = match now.verdict.kind == v.kind {
            true => "The same verdict was given after.".to_owned(),
            false => format!("After, the verdict about it was: {}.", now.verdict.kind.title()),
        };
        return of(Fate::Remains, why, mtu);
    }
    let Some(culprit) = &v.culprit else {
        return of(
            Fate::Unproven,
            "It is beyond this node: that it was not seen after proves nothing.".to_owned(),
            None,
        );
    };
    let name = &culprit.interface;
    if after.standing.iter().any(|now| now.culprit.interface == *name && concerns(now, v.container.as_ref()))
    {
        return of(Fate::Remains, format!("{name} does not fit after, either."), None);
    }
    // Only who was seen can have been found right: by the MTUs of its devices as they are told.
    let whom = who(story).unwrap_or_default();
    let mtu = match mtu_of(name, &BTreeSet::from([whom.clone()]), after) {
        Ok(mtu) => mtu,
        Err(why) => return of(Fate::Unproven, why, None),
    };
    if is_ambiguous(story, name) {
        let why = format!("{name} has MTU {mtu} after, but several devices of the path have that name.");
        return of(Fate::Unproven, why, Some(mtu));
    }
    if is_still_too_large(story, mtu) {
        let why = format!("{name} has MTU {mtu} after, which is still too large.");
        return of(Fate::Remains, why, Some(mtu));
    }
    if mtu == culprit.mtu {
        return of(Fate::Remains, format!("{name} has MTU {mtu}, as before."), Some(mtu));
    }
    let doubts = doubts(&whom, before, after);
    if !doubts.is_empty() {
        let why = format!("{name} has MTU {mtu} now, {} before. But: {}", culprit.mtu, doubts.join(" "));
        return of(Fate::Unproven, why, Some(mtu));
    }
    // Connections that began before a fix agreed on their MSS then, and go on dying: a verdict is given of new ones.
    let old = match after.drops_of(&whom) {
        0 => "nothing died of its size after".to_owned(),
        drops => {
            format!("{drops} packets died of their size after, as those of connections from before a fix do")
        }
    };
    let label = v.container.as_ref().map(label).unwrap_or_default();
    of(Fate::Fixed, format!("{name} of {label} has MTU {mtu} now, {} before; {old}.", culprit.mtu), Some(mtu))
}

/// That of a mismatch of before that no verdict was about. It never took traffic to know of it.
pub(super) fn of_mismatch(mismatch: &StandingMismatch, after: &Incident) -> VerdictChange {
    let name = &mismatch.culprit.interface;
    let containers = || mismatch.affected.iter().map(|one| one.container.as_ref());
    let remains = after
        .standing
        .iter()
        .any(|now| now.culprit.interface == *name && containers().any(|whom| concerns(now, whom)));
    let (state, why, now) = match mtu_of(name, &containers().flatten().map(known_by).collect(), after) {
        _ if remains => (Fate::Remains, format!("{name} does not fit after, either."), None),
        Err(why) => (Fate::Unproven, why, None),
        Ok(mtu) if mtu == mismatch.culprit.mtu => {
            (Fate::Unproven, format!("{name} has MTU {mtu}, as before, and is not told of after."), Some(mtu))
        }
        Ok(mtu) if !after.losses.is_empty() => {
            (Fate::Unproven, format!("{name} has MTU {mtu} now. But: {}", after.losses.join(" ")), Some(mtu))
        }
        Ok(mtu) => {
            let before = mismatch.culprit.mtu;
            (Fate::Fixed, format!("{name} has MTU {mtu} now, {before} before."), Some(mtu))
        }
    };
    let mtu_before = Some(mismatch.culprit.mtu);
    VerdictChange { state, what: mismatch.summary.clone(), why, mtu_before, mtu_after: now }
}

/// Whether a mismatch concerns this container, or somebody who is none.
fn concerns(mismatch: &StandingMismatch, whom: Option<&Container>) -> bool {
    let whom = whom.map(known_by);
    mismatch.affected.iter().any(|one| one.container.as_ref().map(known_by) == whom)
}

/// The MTU that a device of this name has after, on the way out of those who are known by one of these names; else why that cannot
/// be told.
fn mtu_of(device: &str, whom: &BTreeSet<String>, after: &Incident) -> Result<u32, String> {
    let paths: Vec<_> = after.paths.iter().filter(|path| whom.contains(&path.who)).collect();
    if paths.is_empty() {
        return Err("Who suffered was not there after, by name: nothing shows that it is right.".to_owned());
    }
    let devices = paths.iter().flat_map(|path| &path.devices).filter(|(name, _)| name == device);
    let mtus: BTreeSet<u32> = devices.map(|(_, mtu)| *mtu).collect();
    match (mtus.first(), mtus.last()) {
        (Some(least), Some(most)) if least == most => Ok(*least),
        (Some(_), _) => Err(format!("Several devices are called {device} after, and their MTUs differ.")),
        (None, _) => Err(format!("{device} is not on the way out after: nothing shows that it is right.")),
    }
}

/// Why that no verdict was given after does not prove that none was due.
fn doubts(who: &str, before: &Incident, after: &Incident) -> Vec<String> {
    let mut doubts = after.losses.clone();
    // An event is none: connections from before a fix go on dying, and say nothing of new ones.
    if !after.paths.iter().any(|path| path.who == who && path.connected) {
        doubts.push(
            "No new TCP connection of who suffered was answered after: that no verdict was given proves nothing."
                .to_owned(),
        );
    }
    let had = |hook: &&hooks::Status| {
        before.hooks.iter().any(|was| was.hook == hook.hook && was.state != State::Missing)
    };
    // What neither had, the verdict did not take.
    let less: Vec<String> =
        hooks::blind(&after.hooks).into_iter().filter(had).map(|hook| hook.hook.to_string()).collect();
    if !less.is_empty() {
        doubts.push(format!(
            "After, nothing saw what these hooks saw before: {}.",
            listed(&less, less.len(), 0)
        ));
    }
    doubts
}

/// Whether several devices of the path have this name.
fn is_ambiguous(story: &Story, name: &str) -> bool {
    story.verdict.path.iter().filter(|hop| hop.interface == name).count() > 1
}

/// Whether an MTU that was too large is less so, and does not fit yet.
fn is_still_too_large(story: &Story, mtu: u32) -> bool {
    let (culprit, limit) = (story.verdict.culprit.as_ref(), story.verdict.bottleneck.as_ref());
    let wrong = culprit.zip(limit).filter(|(culprit, limit)| culprit.mtu > limit.mtu());
    wrong.is_some_and(|(culprit, limit)| mtu != culprit.mtu && mtu > limit.mtu())
}
