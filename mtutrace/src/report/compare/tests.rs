use super::super::collect::tests::collected;
use super::*;
use crate::diagnosis::standing::standing;
use crate::kernel::hooks::State;
use crate::model::{Container, StandingMismatch, VerdictKind};
use crate::output::tui::testing;

/// The founding incident, and the same node with the MTU that fits and a new connection.
fn pair() -> (Incident, Incident) {
    let before = collected(|_| {}).incident();
    let mut after = before.clone();
    after.verdicts.clear();
    after.standing.clear();
    after.containers.clear();
    let culprit = before.verdicts[0].verdict.culprit.clone().unwrap();
    for (name, mtu) in after.paths.iter_mut().flat_map(|path| &mut path.devices) {
        *mtu = if *name == culprit.interface { 1450 } else { *mtu };
    }
    (before, after)
}

fn state(before: &Incident, after: &Incident) -> (Fate, String) {
    let compared = compare(before, after);
    let first = compared.verdicts.into_iter().next().unwrap();
    (first.state, first.why)
}

/// The mismatch of the incident.
fn mismatch() -> StandingMismatch {
    standing(&testing::node()).into_iter().find(|m| m.culprit.interface == "docker0").unwrap()
}

#[test]
fn fixed_takes_an_mtu_that_is_right_and_nothing_that_dies() {
    let before = collected(|_| {}).incident();
    let same = compare(&before, &before);
    assert!(!same.fixed && same.verdicts[0].state == Fate::Remains, "{}", same.headline);
    let mut after = before.clone();
    after.verdicts.clear();
    after.standing.clear();
    after.containers.clear();
    let unchanged = compare(&before, &after);
    assert!(!unchanged.fixed, "its MTU is as it was: {}", unchanged.headline);
    let culprit = before.verdicts[0].verdict.culprit.clone().unwrap();
    for (name, mtu) in after.paths.iter_mut().flat_map(|path| &mut path.devices) {
        *mtu = if *name == culprit.interface { 1450 } else { *mtu };
    }
    let fixed = compare(&before, &after);
    assert!(fixed.fixed && fixed.headline.contains("1450 now, 1500 before"), "{}", fixed.headline);
    after.containers = before.containers.clone();
    let old = compare(&before, &after);
    assert!(old.fixed && old.headline.contains("3 packets died of their size after"), "{}", old.headline);
    after.paths.clear();
    let silent = compare(&before, &after);
    assert_eq!((silent.fixed, silent.verdicts[0].state), (false, Fate::Unproven));
    let new = compare(&after, &before);
    assert_eq!(new.verdicts[0].state, Fate::New);
    assert!(!new.fixed);
}

#[test]
fn silence_is_no_proof() {
    let (before, after) = pair();
    assert_eq!(state(&before, &after).0, Fate::Fixed);
    let mut silent = after.clone();
    silent.paths.iter_mut().for_each(|path| path.connected = false);
    let (fate, why) = state(&before, &silent);
    assert!(fate == Fate::Unproven && why.contains("No new TCP connection"), "{why}");
    // What dies is an old connection, perhaps: no proof either.
    silent.containers = before.containers.clone();
    assert_eq!(state(&before, &silent).0, Fate::Unproven);

    let mut lost = after.clone();
    lost.losses = vec!["It ended before all interfaces were traced.".to_owned()];
    let (fate, why) = state(&before, &lost);
    assert!(fate == Fate::Unproven && why.contains("before all interfaces"), "{why}");

    let blinded = |incident: &Incident| {
        let mut incident = incident.clone();
        let kfree = incident.hooks.iter_mut().find(|hook| hook.hook == "raw_tp:kfree_skb").unwrap();
        kfree.state = State::Missing;
        incident
    };
    let (fate, why) = state(&before, &blinded(&after));
    assert!(fate == Fate::Unproven && why.contains("raw_tp:kfree_skb"), "{why}");
    assert_eq!(state(&blinded(&before), &blinded(&after)).0, Fate::Fixed, "it was never needed");
}

#[test]
fn a_device_of_that_name_elsewhere_is_another() {
    let (before, after) = pair();
    let mut elsewhere = mismatch();
    elsewhere.affected.iter_mut().for_each(|one| one.container = Some(Container::new("another")));
    let with = |mismatch: StandingMismatch| Incident { standing: vec![mismatch], ..after.clone() };
    assert_eq!(state(&before, &with(elsewhere.clone())).0, Fate::Fixed);
    assert_eq!(state(&before, &with(mismatch())).0, Fate::Remains);

    let stood = Incident { verdicts: Vec::new(), standing: vec![mismatch()], ..before.clone() };
    assert_eq!(state(&stood, &with(elsewhere)).0, Fate::Fixed);
    assert_eq!(state(&stood, &with(mismatch())).0, Fate::Remains);
    // Two that are known by one name, of which one is right.
    let mut twins = after.clone();
    twins.paths.extend(before.paths.clone());
    let (fate, why) = state(&before, &twins);
    assert!(fate == Fate::Unproven && why.contains("their MTUs differ"), "{why}");
}

#[test]
fn who_has_no_name_is_known_by_its_id() {
    let anonymous = |incident: &Incident| {
        let mut incident = incident.clone();
        incident.verdicts.clear();
        incident.standing = vec![mismatch()];
        let affected = incident.standing[0].affected.iter_mut().filter_map(|one| one.container.as_mut());
        affected.for_each(|container| (container.name, container.pod) = (None, None));
        incident
    };
    let (before, mut after) = pair();
    let before = anonymous(&before);
    let id = before.standing[0].affected[0].container.as_ref().unwrap().id.clone();
    let whose = mismatch().affected[0].container.as_ref().map(super::super::incident::known_by).unwrap();
    after.paths.iter_mut().filter(|path| path.who == whose).for_each(|path| path.who.clone_from(&id));
    assert_eq!(state(&before, &after).0, Fate::Fixed);
}

#[test]
fn a_verdict_of_another_kind_is_another() {
    let (before, fixed) = pair();
    let after = |kind| {
        let mut after = Incident { verdicts: before.verdicts.clone(), ..fixed.clone() };
        after.verdicts[0].verdict.kind = kind;
        compare(&before, &after)
    };
    let same = after(VerdictKind::PmtuBlackhole);
    assert!(same.verdicts.len() == 1 && same.verdicts[0].why.starts_with("The same"), "{}", same.headline);
    let milder = after(VerdictKind::MtuMismatch);
    assert!(milder.verdicts.len() == 1 && milder.verdicts[0].state == Fate::Remains, "{}", milder.headline);
    assert_eq!(milder.verdicts[0].why, "After, the verdict about it was: MTU mismatch.");
    let other = after(VerdictKind::TunnelOverhead);
    let fates: Vec<_> = other.verdicts.iter().map(|change| change.state).collect();
    assert_eq!((other.fixed, fates), (false, vec![Fate::Fixed, Fate::New]));
}
